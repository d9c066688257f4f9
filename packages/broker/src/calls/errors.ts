import { ZoologError } from "@zoolog/base";

export function partitionNamedTwice(topicPartition: string): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: `the call names the partition ${topicPartition} twice`,
    hint: "Name each partition once in a call, the next time when this one is answered.",
  });
}

export function resourceNamedTwice(resource: string): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: `the call names the ${resource} twice`,
    hint: "Name each topic and each broker once in a call.",
  });
}

export function tooManyPartitions(named: number, max: number): ZoologError {
  return new ZoologError({
    code: "INVALID_REQUEST",
    message: `the call names ${named} partitions, ${max} is the limit`,
    hint: "Ask in several calls.",
  });
}
