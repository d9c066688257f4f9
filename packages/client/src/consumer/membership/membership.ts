/** How a member shows in commits that it still is one. */
export type MemberIdentity = {
  readonly memberId: string;
  readonly generationIdOrMemberEpoch: number;
  readonly groupInstanceId?: string;
};

/** A partition by the topic's id: a topic that was created anew is another one. */
export type MemberPartition = {
  readonly topicId: string;
  readonly topic: string;
  readonly partition: number;
};

/** What a membership tells whoever reads the partitions. */
export type PartitionOwner = {
  /** Resolves when nobody reads them any more and what was handled is committed, or time is up. */
  readonly revoke: (partitions: readonly MemberPartition[]) => Promise<void>;
  readonly assign: (partitions: readonly MemberPartition[]) => Promise<void>;
  /** Somebody else may have them: stops at once. */
  readonly lose: (partitions: readonly MemberPartition[]) => Promise<void>;
  /** It cannot be a member of the group. */
  readonly fail: (error: unknown) => void;
  /** Something went wrong that is tried again. */
  readonly warn: (error: unknown) => void;
};

/**
 * Being in a group, by one of its two protocols. Heartbeats go out on a timer of their own, however
 * long records take.
 */
export interface Membership {
  /** `undefined` while it is none. */
  readonly identity: MemberIdentity | undefined;
  /** Raised when everything was lost: a commit that was begun before must not go out after. */
  readonly incarnation: number;
  /** By the monotonic clock, ms: until then nobody else can have been given its partitions. */
  readonly leaseUntil: number;
  start(): void;
  /** Ends heartbeats and says so to the coordinator, as far as it can be reached in time. */
  leave(limits: { readonly timeoutMs: number }): Promise<void>;
}

export function partitionId({ partition, topicId }: MemberPartition): string {
  return `${topicId}:${partition}`;
}

/** Those of `all` that are not among `others`. */
export function without(
  all: readonly MemberPartition[],
  others: readonly MemberPartition[],
): MemberPartition[] {
  const ids = new Set(others.map(partitionId));
  return all.filter((partition) => !ids.has(partitionId(partition)));
}
