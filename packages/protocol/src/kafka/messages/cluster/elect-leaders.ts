import { defineMessage } from "../../kafka-message.ts";
import { array, error, int8, int32, string, struct } from "../../schema/message-schema.ts";

const partitionResult = struct({
  partitionId: int32(),
  errorCode: error(),
  errorMessage: string({ nullFrom: 0 }),
});

/**
 * Makes the preferred replicas leaders again (KIP-183). No partitions named (`undefined`) means all.
 *
 * - 1: election types, 0 preferred and 1 unclean; an error of the whole call (KIP-460). 2: flexible.
 */
export const electLeaders = defineMessage({
  name: "ElectLeaders",
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    electionType: int8({ from: 1 }),
    topicPartitions: array(struct({ topic: string(), partitions: array(int32()) }), {
      nullFrom: 0,
    }),
    timeoutMs: int32({ default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: error({ from: 1 }),
    replicaElectionResults: array(
      struct({ topic: string(), partitionResult: array(partitionResult) }),
    ),
  },
});
