import type { RequestId } from "./group-event.ts";
import type { GroupRefusal, GroupReply } from "./group-reply.ts";
import type { GroupTimer } from "./group-timer.ts";
import type { GroupRecord } from "./state/group-record.ts";

/**
 * Everything the coordinator wants done. The runtime does it: applies the records at once, sets the
 * timers, writes the durable records in the order of the decisions, and releases the replies when
 * they are written. When a write fails, it forgets the group and loads it again.
 */
export type GroupDecision = {
  readonly records: readonly GroupRecord[];
  readonly replies: readonly GroupReply[];
  readonly timers: readonly GroupTimer[];
};

export const NOTHING: GroupDecision = { records: [], replies: [], timers: [] };

/** A decision that changes nothing and only refuses. */
export function refuse(requestId: RequestId, error: GroupRefusal): GroupDecision {
  return {
    records: [],
    replies: [{ requestId, response: { type: "refused", error } }],
    timers: [],
  };
}
