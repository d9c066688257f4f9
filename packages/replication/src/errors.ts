import {
  type BrokerEpoch,
  type BrokerId,
  type LeaderEpoch,
  type TopicPartition,
  ZoologError,
} from "@zoolog/base";

/** Whole calls that are refused. What is refused of one partition is a `ReplicaError`. */

/**
 * The cluster's state is older than the log: ZooKeeper was restored from a backup, or changed by
 * hand. To lead under the older epoch would give one epoch to two histories, so nobody does.
 */
export function leaderEpochBehindLog(
  { topic, partition }: TopicPartition,
  epochs: { readonly assigned: LeaderEpoch; readonly written: LeaderEpoch },
): ZoologError {
  const { assigned, written } = epochs;
  const remedy =
    `set leader_epoch in /brokers/topics/${topic}/partitions/${partition}/state to ` +
    `${written + 1}; no restart is needed`;
  return new ZoologError({
    code: "LEADER_EPOCH_BEHIND_LOG",
    message:
      `ZooKeeper has leader epoch ${assigned} for ${topic}-${partition}, its log was written under ` +
      `${written}: the state is an older copy; ${remedy}`,
    retriable: true,
    hint: "First see that no other replica has later records than this one.",
  });
}

export function tooManyAppendsWait(): ZoologError {
  return new ZoologError({
    code: "THROTTLING_QUOTA_EXCEEDED",
    message: "the broker is at its limit: too many appends wait for others",
    retriable: true,
    hint: "Wait a moment and try again.",
  });
}

/** What an earlier life of a broker still sends says nothing of the log that it has now. */
export function staleBrokerEpoch(
  brokerId: BrokerId,
  epochs: { readonly given: BrokerEpoch; readonly registered: BrokerEpoch },
): ZoologError {
  return new ZoologError({
    code: "STALE_BROKER_EPOCH",
    message: `broker ${brokerId} is registered with epoch ${epochs.registered}, not ${epochs.given}`,
    retriable: false,
    hint: "The broker goes on under its new registration by itself.",
  });
}

/** Of a follower's call that was given up by itself: to ask for more, or for nothing any more. */
export function callBrokenOff(): ZoologError {
  return new ZoologError({
    code: "CALL_BROKEN_OFF",
    message: "the follower broke its call off",
    retriable: true,
  });
}
