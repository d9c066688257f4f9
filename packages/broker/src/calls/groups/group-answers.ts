import { assert, ZoologError } from "@zoolog/base";
import type { GroupRefusal, GroupResponse } from "@zoolog/group-coordinator";
import { ERROR_CODES, type ItemError } from "@zoolog/protocol";

/** What a group answers, as the native plane tells it. */

export type ResponseOf<Type extends GroupResponse["type"]> = Extract<
  GroupResponse,
  { readonly type: Type }
>;

/** @throws ZoologError what the group refused. */
export function expectResponse<Type extends GroupResponse["type"]>(
  response: GroupResponse,
  type: Type,
): ResponseOf<Type> {
  if (response.type === "refused") throw refusal(response.error);
  assert(response.type === type, "a request is answered by the response of its name");
  return response as ResponseOf<Type>;
}

function refusal({ code, message }: GroupRefusal): ZoologError {
  const { retriable } = ERROR_CODES[code];
  const hint = HINTS[code];
  return new ZoologError({ code, message, retriable, ...(hint === undefined ? {} : { hint }) });
}

/** What to do next, where the code does not say it already. */
const HINTS: Partial<Record<GroupRefusal["code"], string>> = {
  FENCED_INSTANCE_ID: "Another process runs with this instance id; stop one of the two.",
  FENCED_MEMBER_EPOCH: "Give up all partitions and join again with epoch 0.",
  ILLEGAL_GENERATION: "Give up all partitions and join again.",
  NON_EMPTY_GROUP: "Stop its members first, or remove them with leave-group.",
  REBALANCE_IN_PROGRESS: "Join again.",
  STALE_MEMBER_EPOCH: "Heartbeat first, then try again with the epoch of its answer.",
  UNKNOWN_MEMBER_ID: "Give up all partitions and join again as a new member.",
};

export function itemErrorOf(error: GroupRefusal | undefined): { readonly error?: ItemError } {
  return error === undefined ? {} : { error: { code: error.code, message: error.message } };
}

/** What went wrong with one of the groups of a call. */
export function itemErrorFrom(error: unknown): ItemError {
  if (error instanceof ZoologError) return { code: error.code, message: error.message };
  throw error;
}

export function noGroup(groupId: string): ItemError {
  return { code: "GROUP_ID_NOT_FOUND", message: `there is no group ${groupId}` };
}

type PerPartition = {
  readonly topic: string;
  readonly partition: number;
  readonly error?: GroupRefusal | undefined;
};

/** The partitions of an answer, in the order of the request's topics. */
export function byTopic(results: readonly PerPartition[]): {
  readonly topics: {
    readonly topic: string;
    readonly partitions: { readonly partition: number; readonly error?: ItemError }[];
  }[];
} {
  const topics: ReturnType<typeof byTopic>["topics"] = [];
  for (const { topic, partition, error } of results) {
    let last = topics.at(-1);
    if (last?.topic !== topic) {
      last = { topic, partitions: [] };
      topics.push(last);
    }
    last.partitions.push({ partition, ...itemErrorOf(error) });
  }
  return { topics };
}
