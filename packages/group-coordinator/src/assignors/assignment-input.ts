import type { TopicView } from "../group-context.ts";
import type { PartitionMap } from "../state/stored-group.ts";

/** What an assignor looks at. It is pure: the same input gives the same targets. */
export type AssignmentInput = {
  /** In the order that range assigns by, and ties are decided by. */
  readonly members: readonly AssignableMember[];
};

export type AssignableMember = {
  readonly memberId: string;
  readonly rack: string | undefined;
  /** Existing topics only; members that subscribe to the same share one array. */
  readonly topics: readonly TopicView[];
  /** Its target so far. */
  readonly former: PartitionMap;
};

/** By member id; every member has an entry. */
export type Targets = ReadonlyMap<string, PartitionMap>;
