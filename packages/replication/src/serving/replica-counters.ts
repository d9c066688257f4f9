/** Plain numbers that only grow; the broker's metrics read them when they are asked for. */
export type ReplicaCounters = {
  appendedBatches: number;
  appendedRecords: number;
  appendedBytes: number;
  refusedBatches: number;
  fetchedBytes: number;
  /** Of them, what replicas here answered that follow. */
  followerFetchedBytes: number;
  /** Times that a leader here named a replica that is closer to the consumer. */
  sentToClosest: number;
  /** Consumer fetches that had to wait for data. */
  parkedFetches: number;
  /** Replicas that went offline since the start. */
  failedReplicas: number;
  /** Changes of the ISR of partitions led here, within an epoch. */
  isrShrinks: number;
  isrExpands: number;
};

/** How many requests wait now. */
export type ParkedRequests = {
  readonly produces: number;
  readonly fetches: number;
  readonly replicaFetches: number;
};

export function newReplicaCounters(): ReplicaCounters {
  return {
    appendedBatches: 0,
    appendedRecords: 0,
    appendedBytes: 0,
    refusedBatches: 0,
    fetchedBytes: 0,
    followerFetchedBytes: 0,
    sentToClosest: 0,
    parkedFetches: 0,
    failedReplicas: 0,
    isrShrinks: 0,
    isrExpands: 0,
  };
}
