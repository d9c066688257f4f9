import type { PEER_CALLS, PeerRequest } from "@zoolog/protocol";

const topicId = "abcdefghijklmnopqrstuv";

/** One message of each call between brokers, with every field that it may have. */
export const PEER_MESSAGES = {
  replicate: {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1_000,
    session: { id: 1, epoch: -1 },
    topics: [
      {
        topicId,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: 3,
            fetchOffset: 5,
            lastFetchedEpoch: 2,
            logStartOffset: 0,
            partitionMaxBytes: 1_000,
          },
        ],
      },
    ],
    forgotten: [{ topicId, partitions: [1] }],
  },
  "alter-partition": {
    topics: [
      {
        topicId,
        partitions: [
          {
            partition: 0,
            leaderEpoch: 1,
            partitionEpoch: 2,
            isr: [{ brokerId: 1, brokerEpoch: 7 }],
          },
        ],
      },
    ],
  },
  "cluster-image": { controllerEpoch: 1, version: 4, maxWaitMs: 0 },
  "replicas-offline": { replicas: [{ topicId, partition: 0, reason: "EIO" }] },
  "replicas-deleted": { topicIds: [topicId] },
  "controlled-shutdown": {},
} as unknown as { readonly [Call in keyof typeof PEER_CALLS]: PeerRequest<Call> };
