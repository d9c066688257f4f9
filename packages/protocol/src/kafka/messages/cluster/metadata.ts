import { defineMessage } from "../../kafka-message.ts";
import { array, boolean, error, int32, string, struct, uuid } from "../../schema/message-schema.ts";
import { authorizedOperations } from "./authorized-operations.ts";

const partition = struct({
  errorCode: error(),
  partitionIndex: int32(),
  leaderId: int32({ absent: -1 }),
  leaderEpoch: int32({ from: 7, absent: -1 }),
  replicaNodes: array(int32()),
  isrNodes: array(int32()),
  offlineReplicas: array(int32(), { from: 5 }),
});

/**
 * Brokers, topics and who leads what.
 *
 * - 0: no topics named means all of them. 1: null (`undefined`) does, and an empty list names none;
 *   racks, the controller, internal topics. 2: cluster id. 3: throttle time.
 * - 4: whether to create what is missing (before, always). 5: offline replicas (KIP-112).
 * - 7: leader epochs (KIP-320). 8: authorised operations (KIP-430). 9: flexible.
 * - 10: topic ids (KIP-516). 11: no authorised operations of the cluster. 12: topics asked for by id.
 */
export const metadata = defineMessage({
  name: "Metadata",
  versions: [0, 12],
  flexibleFrom: 9,
  request: {
    topics: array(struct({ topicId: uuid({ from: 10 }), name: string({ nullFrom: 10 }) }), {
      nullFrom: 1,
    }),
    allowAutoTopicCreation: boolean({ from: 4, default: true }),
    includeClusterAuthorizedOperations: boolean({ from: 8, to: 10 }),
    includeTopicAuthorizedOperations: boolean({ from: 8 }),
  },
  response: {
    throttleTimeMs: int32({ from: 3 }),
    brokers: array(
      struct({
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ from: 1, nullFrom: 1 }),
      }),
    ),
    clusterId: string({ from: 2, nullFrom: 2 }),
    controllerId: int32({ from: 1, absent: -1 }),
    topics: array(
      struct({
        errorCode: error(),
        name: string({ nullFrom: 12 }),
        topicId: uuid({ from: 10 }),
        isInternal: boolean({ from: 1 }),
        partitions: array(partition),
        topicAuthorizedOperations: authorizedOperations({ from: 8 }),
      }),
    ),
    clusterAuthorizedOperations: authorizedOperations({ from: 8, to: 10 }),
  },
});
