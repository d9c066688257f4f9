import {
  type LeaderEpoch,
  leaderEpoch,
  offset,
  SerialQueue,
  topicPartitionKey,
} from "@zoolog/base";
import type { NativeRequest, NativeResponse } from "@zoolog/protocol";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import { memberLost } from "../../groups/errors.ts";
import type { GroupCoordinator } from "../../groups/group-coordinator.ts";
import { itemFailure } from "../../retriable.ts";
import type { Membership } from "../membership/membership.ts";

/** Where a group goes on reading a partition: the offset of the first record not handled. */
export type CommittedPosition = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch?: number | undefined;
  /** A note of the caller's beside the offset. */
  readonly metadata?: string | undefined;
};

/** Commits that wait for the one before them; more would only say the same again. */
const WAITING_MAX = 1_000;
/** The member is about to hear of its new epoch or generation: the same commit holds then. */
const PASSING = new Set(["STALE_MEMBER_EPOCH", "REBALANCE_IN_PROGRESS"]);

/**
 * Commits of one member, one after the other: a retried one never overtakes a younger. A commit that
 * was begun before everything was lost does not go out under the epoch that the member gets after
 * that: the partitions may be another's by then.
 */
export class OffsetCommits {
  readonly #group: string;
  readonly #coordinator: GroupCoordinator;
  readonly #membership: () => Membership;
  readonly #onIgnored: (error: Error) => void;
  readonly #queue = new SerialQueue({ waitingMax: WAITING_MAX });

  constructor(
    options: { readonly group: string; readonly onIgnored: (error: Error) => void },
    dependencies: {
      readonly coordinator: GroupCoordinator;
      readonly membership: () => Membership;
    },
  ) {
    this.#group = options.group;
    this.#onIgnored = options.onIgnored;
    this.#coordinator = dependencies.coordinator;
    this.#membership = dependencies.membership;
  }

  /**
   * @param positions asked for each attempt: a partition that was given up meanwhile is another's,
   *   who may be further. What it throws ends the commit.
   * @returns those that are kept now: all but those of partitions that the coordinator does not know,
   *   because their topic was deleted, or not yet. They are told to `onIgnored`.
   * @throws ZoologError `MEMBER_LOST`, `REQUEST_TIMED_OUT`, what the coordinator refuses; the
   *   signal's reason.
   */
  commit(
    positions: () => readonly CommittedPosition[],
    limits: CallLimits,
  ): Promise<readonly CommittedPosition[]> {
    const { incarnation } = this.#membership();
    return this.#queue.run(async () => {
      let asked: readonly CommittedPosition[] = [];
      const answer = await this.#coordinator.call(
        "commit-offsets",
        () => {
          asked = positions();
          return this.#request(asked, incarnation);
        },
        limits,
        { refusal, passing: PASSING },
      );
      const unknown = this.#unknownIn(answer);
      return asked.filter((position) => !unknown.has(topicPartitionKey(position)));
    });
  }

  #request(
    positions: readonly CommittedPosition[],
    incarnation: number,
  ): NativeRequest<"commit-offsets"> {
    const membership = this.#membership();
    const { identity } = membership;
    if (identity === undefined || membership.incarnation !== incarnation) {
      throw memberLost(this.#group, "it has to join again before it can commit");
    }
    const topics = new Map<string, ReturnType<typeof entryOf>[]>();
    for (const position of positions) {
      const entries = topics.get(position.topic) ?? [];
      entries.push(entryOf(position));
      topics.set(position.topic, entries);
    }
    return {
      groupId: this.#group,
      ...identity,
      topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    };
  }

  #unknownIn(answer: NativeResponse<"commit-offsets">): ReadonlySet<string> {
    const unknown = new Set<string>();
    for (const { topic, partition, error } of refusedIn(answer)) {
      unknown.add(topicPartitionKey({ topic, partition }));
      this.#onIgnored(itemFailure(`${topic}-${partition}`, error));
    }
    return unknown;
  }
}

/** What ends the commit, or has it tried again. Nobody needs the offset of a topic that was deleted. */
function refusal(answer: NativeResponse<"commit-offsets">): unknown {
  for (const { topic, partition, error } of refusedIn(answer)) {
    if (error.code !== "UNKNOWN_TOPIC_OR_PARTITION") {
      return itemFailure(`${topic}-${partition}`, error);
    }
  }
  return undefined;
}

function refusedIn({ topics }: NativeResponse<"commit-offsets">) {
  return topics.flatMap(({ partitions, topic }) =>
    partitions.flatMap(({ error, partition }) =>
      error === undefined ? [] : [{ topic, partition, error }],
    ),
  );
}

function entryOf({ leaderEpoch: epoch, metadata, offset: next, partition }: CommittedPosition) {
  return {
    partition,
    offset: offset(next),
    ...(epoch === undefined ? {} : { leaderEpoch: leaderEpoch(epoch) as LeaderEpoch }),
    ...(metadata === undefined ? {} : { metadata }),
  };
}
