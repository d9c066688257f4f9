import type {
  BrokerEpoch,
  BrokerId,
  LeaderEpoch,
  PartitionEpoch,
  TopicId,
  TopicPartition,
} from "@zoolog/base";

/** A leader asks the controller for another ISR (KIP-497). */
export type IsrChangeRequest = {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  readonly leaderEpoch: LeaderEpoch;
  /** The state that it changes: where that is over, the request is refused. */
  readonly partitionEpoch: PartitionEpoch;
  /** `undefined` where the member has not fetched in this epoch: it stays as it is on record. */
  readonly isr: readonly {
    readonly brokerId: BrokerId;
    readonly brokerEpoch: BrokerEpoch | undefined;
  }[];
};

/** What came back, by Kafka's error names or the code of the call that failed. */
export type IsrChangeAnswer =
  | {
      readonly error?: undefined;
      readonly leaderEpoch: LeaderEpoch;
      readonly partitionEpoch: PartitionEpoch;
      readonly isr: readonly BrokerId[];
    }
  | { readonly error: string };

/** Where wishes for another ISR go; each is answered by `ReplicaManager.isrChangeAnswered`. */
export interface IsrChanges {
  /** Returns at once. While the controller cannot be reached the ISR is frozen. */
  request(change: IsrChangeRequest): void;
}

/** One change is in flight per partition at most. */
export type PendingIsr = {
  readonly request: IsrChangeRequest;
  /** Everybody who was asked for since the present state, and may be in the ISR by now. */
  readonly asked: readonly BrokerId[];
  /** Monotonic: without an outcome it is asked for again then. */
  readonly askAgainAt: number;
  /** A call whose outcome nobody knows may still be applied, whatever is said to later ones. */
  readonly mayBeApplied: boolean;
};

/** A safety net: who carries the requests answers each, if only with the failure of the call. */
const UNANSWERED_MS = 30_000;
/** The answer is on its way with the next image; when that does not come, there was none. */
const AWAIT_IMAGE_MS = 5_000;
/** A controller that cannot be reached is looked for by whoever carries the requests. */
const ASK_AGAIN_MS = 200;
/** Before anything else is asked for after a refusal: what it was about rarely passes at once. */
export const REFUSED_MS = 1_000;

export function pendingIsr(request: IsrChangeRequest, now: number): PendingIsr {
  const asked = request.isr.map(({ brokerId }) => brokerId);
  return { request, asked, askAgainAt: now + UNANSWERED_MS, mayBeApplied: false };
}

/** The former call was not answered, or by an error that leaves it open whether it was applied. */
export function askedAgain(pending: PendingIsr, now: number): PendingIsr {
  return { ...pending, askAgainAt: now + UNANSWERED_MS, mayBeApplied: true };
}

/**
 * Asks for the ISR as it is: that raises the partition epoch, and calls that are still on the way, made
 * for the epoch before, are shut out. Who was asked for counts until then.
 */
export function settling(pending: PendingIsr, request: IsrChangeRequest, now: number): PendingIsr {
  return { ...pending, request, askAgainAt: now + UNANSWERED_MS };
}

/**
 * What is left of a pending change after an error. `undefined`: the controller has refused this call.
 * If it was the only one, the change was not applied and counts no longer. Everything else leaves it
 * open, so the maximal ISR goes on to count until an image or an answer tells.
 *
 * | error | meaning |
 * | --- | --- |
 * | `INELIGIBLE_REPLICA`, `INVALID_REQUEST`, `UNKNOWN_TOPIC_ID`, `UNKNOWN_TOPIC_OR_PARTITION` | refused |
 * | `INVALID_UPDATE_VERSION`, `FENCED_LEADER_EPOCH` | the state is a newer one: the image brings it |
 * | `NOT_CONTROLLER`, `STALE_BROKER_EPOCH`, failures of the call | ask again |
 */
export function afterError(
  pending: PendingIsr,
  error: string,
  now: number,
): PendingIsr | undefined {
  switch (error) {
    case "INELIGIBLE_REPLICA":
    case "INVALID_REQUEST":
    case "UNKNOWN_TOPIC_ID":
    case "UNKNOWN_TOPIC_OR_PARTITION":
      return undefined;
    case "INVALID_UPDATE_VERSION":
    case "FENCED_LEADER_EPOCH":
      return { ...pending, askAgainAt: now + AWAIT_IMAGE_MS };
    default:
      return { ...pending, askAgainAt: now + ASK_AGAIN_MS };
  }
}

/** The members of now and everybody who was asked for. */
export function maximalIsr(
  isr: readonly BrokerId[],
  pending: PendingIsr | undefined,
): readonly BrokerId[] {
  if (pending === undefined) return isr;
  const joining = pending.asked.filter((member) => !isr.includes(member));
  return joining.length === 0 ? isr : [...isr, ...joining];
}
