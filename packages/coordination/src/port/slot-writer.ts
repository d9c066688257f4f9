import type { CoordinatorEpoch, TopicId } from "@zoolog/base";
import type { CommittedOffset, GroupZnode, MemberZnode } from "./group-state.ts";

/**
 * The pen of one slot's coordinator. Every write is a multi with a check of the version of
 * `/coordinators/<slot>`, which is the coordinator epoch.
 *
 * Once a check fails, the session ends or a write cannot be completed, the writer is fenced:
 * **stop at once**, and begin anew from what stands in ZooKeeper if the slot is still ours.
 */
export interface SlotWriter {
  readonly slot: number;
  readonly coordinatorEpoch: CoordinatorEpoch;
  readonly fenced: boolean;
  /** Called once when `fenced` turns true; at once when it is already. */
  onFenced(listener: () => void): void;
  /**
   * Resolves when ZooKeeper has all of it, or something newer for the same keys. Group commit: what
   * is asked for soon after a round of multis began waits for the next one, and the newest value of
   * a key replaces one that waits. Changes of one group's state that wait together are applied
   * together (see `StoredGroup.incomplete`), and never in another order.
   *
   * @throws ZoologError
   * - `COORDINATOR_FENCED`: the slot has passed on or the session has ended. What was asked for
   *   last may or may not have been written.
   * - `COORDINATOR_BUSY` (retriable): too much waits; nothing of it was taken.
   * - `GROUP_TOO_LARGE`: a group, member or metadata that no znode can hold; nothing was taken.
   * - `GROUP_NAME_UNUSABLE`: see `groupNameFault`; nothing was taken.
   * - `STORE_CLOSED`.
   */
  write(changes: readonly GroupChange[]): Promise<void>;
  /**
   * Resolves when ZooKeeper has said, to a question that was asked after this call, that the slot is
   * still this writer's. For what is told without a write.
   *
   * @throws ZoologError `COORDINATOR_FENCED`, `STORE_CLOSED`.
   */
  confirm(): Promise<void>;
  /** Gives the pen back: the writer is fenced, what waits is rejected. */
  close(): void;
}

/** One key and its newest value; `undefined` removes it. */
export type GroupChange =
  /** Removing a group removes everything below: members and offsets. */
  | {
      readonly type: "group";
      readonly groupId: string;
      readonly value: GroupZnode | undefined;
    }
  | {
      readonly type: "member";
      readonly groupId: string;
      readonly memberId: string;
      readonly value: MemberZnode | undefined;
    }
  /** A group that is not there is made: an empty classic one. */
  | {
      readonly type: "offset";
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      readonly value: CommittedOffset | undefined;
    }
  /**
   * Removes an offset that was seen to be of `topicId`, if it still is when its turn comes: not one
   * that was committed meanwhile.
   */
  | {
      readonly type: "staleOffset";
      readonly groupId: string;
      readonly topic: string;
      readonly partition: number;
      readonly topicId: TopicId;
      readonly value: undefined;
    }
  /** Removes all offsets of a topic. */
  | {
      readonly type: "topicOffsets";
      readonly groupId: string;
      readonly topic: string;
      readonly value: undefined;
    };
