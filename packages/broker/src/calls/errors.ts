import { ZoologError } from "@zoolog/base";

export function partitionNamedTwice(topicPartition: string): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: `the call names the partition ${topicPartition} twice`,
    hint: "Send one batch per partition, the next one when this one is answered.",
  });
}
