import type { GroupEvent, RequestId } from "@zoolog/group-coordinator";

/** An event that somebody waits for. */
export type GroupRequest = Extract<GroupEvent, { readonly requestId: RequestId }>;
