import { type BrokerId, errorMessage, ZoologError } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import { groupIdFault } from "@zoolog/group-coordinator";
import type {
  DeleteOffsetsRequest,
  DeleteOffsetsResponse,
  FindCoordinatorResponse,
  ItemError,
  ListGroupsRequest,
  ListGroupsResponse,
  NativeResponse,
} from "@zoolog/protocol";
import { httpAddressOf, urlOf } from "../../broker-address.ts";
import type { CallContext } from "../../broker-api.ts";
import { brokerNotAvailable } from "../../runtimes/errors.ts";
import { coordinatorNotAvailable, invalidGroupId } from "../../runtimes/groups/errors.ts";
import type { GroupRuntime } from "../../runtimes/groups/group-runtime.ts";
import { itemErrorFrom } from "./group-answers.ts";
import { groupEntry } from "./group-views.ts";

/** Where groups are coordinated, and what is passed on there: what administrators ask. */

export type CoordinatorParts = {
  readonly brokerId: BrokerId;
  readonly runtime: GroupRuntime;
  readonly peers: PeerCalls;
};

/** The other broker asks leaders and ZooKeeper, which have their own, shorter, times. */
const PASSED_ON_TIMEOUT_MS = 15_000;

/** From the image: any broker knows, also while it coordinates nothing itself. */
export function findCoordinators(
  groups: readonly string[],
  parts: CoordinatorParts,
): FindCoordinatorResponse {
  return {
    groups: groups.map((group) => {
      try {
        const brokerId = coordinatorOf(group, parts);
        const address = brokerId === undefined ? undefined : addressOf(brokerId, parts);
        if (brokerId !== undefined && address !== undefined) {
          return { group, brokerId, ...address, url: urlOf(address) };
        }
        throw coordinatorNotAvailable(`no broker coordinates the group ${group} at the moment`);
      } catch (error) {
        return { group, error: itemErrorFrom(error) };
      }
    }),
  };
}

/** @throws ZoologError `INVALID_GROUP_ID` */
function coordinatorOf(groupId: string, { runtime }: CoordinatorParts): BrokerId | undefined {
  const fault = groupIdFault(groupId);
  if (fault !== undefined) throw invalidGroupId(fault);
  return runtime.coordinatorOf(groupId);
}

function addressOf(brokerId: BrokerId, { runtime }: CoordinatorParts) {
  return httpAddressOf(runtime.image?.brokers.get(brokerId)?.endpoints ?? []);
}

type PerGroupCall = "delete-groups" | "describe-groups" | "group-lag";

/** What all three have in common. */
type GroupsCalls = {
  call(
    endpoint: string,
    name: PerGroupCall,
    request: { readonly groups: readonly string[] },
    options: Parameters<PeerCalls["call"]>[3],
  ): Promise<{ readonly groups: readonly unknown[] }>;
};

type PerGroup<Call extends PerGroupCall> = NativeResponse<Call>["groups"][number];

/**
 * The same call to each coordinator of the groups, and their answers in the order of the groups. A
 * broker that asks has looked for the coordinator itself: what it passes on is not passed on again.
 */
export async function atCoordinators<Call extends PerGroupCall>(
  call: Call,
  groups: readonly string[],
  { principal, signal }: CallContext,
  parts: CoordinatorParts,
  here: (groups: readonly string[]) => Promise<NativeResponse<Call>>,
): Promise<NativeResponse<Call>> {
  if (principal.kind === "broker") return here(groups);
  const answers = new Map<string, PerGroup<Call>>();
  const keep = (some: readonly PerGroup<Call>[]): void => {
    for (const one of some) answers.set(one.group, one);
  };
  const ask = async (brokerId: BrokerId, asked: readonly string[]): Promise<void> => {
    if (brokerId === parts.brokerId) return keep((await here(asked)).groups);
    try {
      const options = { timeoutMs: PASSED_ON_TIMEOUT_MS, signal };
      const calls: GroupsCalls = parts.peers;
      const answer = await calls.call(urlAt(brokerId, parts), call, { groups: asked }, options);
      keep(answer.groups as readonly PerGroup<Call>[]);
    } catch (error) {
      const told = unanswered(brokerId, error);
      keep(asked.map((group) => ({ group, error: told }) as PerGroup<Call>));
    }
  };
  await Promise.all([...byCoordinator(groups, parts)].map(([id, asked]) => ask(id, asked)));
  const silent = { code: "COORDINATOR_NOT_AVAILABLE", message: "its coordinator left it out" };
  return {
    groups: groups.map((group) => answers.get(group) ?? { group, error: silent }),
  } as NativeResponse<Call>;
}

/** Groups that nobody coordinates are asked about here: what is wrong is said here, too. */
function byCoordinator(
  groups: readonly string[],
  parts: CoordinatorParts,
): ReadonlyMap<BrokerId, readonly string[]> {
  const asked = new Map<BrokerId, string[]>();
  for (const group of new Set(groups)) {
    const known = groupIdFault(group) === undefined ? coordinatorOf(group, parts) : undefined;
    const brokerId = known ?? parts.brokerId;
    asked.set(brokerId, [...(asked.get(brokerId) ?? []), group]);
  }
  return asked;
}

export function atCoordinator(
  request: DeleteOffsetsRequest,
  { principal, signal }: CallContext,
  parts: CoordinatorParts,
  here: () => Promise<DeleteOffsetsResponse>,
): Promise<DeleteOffsetsResponse> {
  const brokerId = coordinatorOf(request.groupId, parts);
  const isHere = brokerId === undefined || brokerId === parts.brokerId;
  if (isHere || principal.kind === "broker") return here();
  const options = { timeoutMs: PASSED_ON_TIMEOUT_MS, signal };
  return parts.peers.call(urlAt(brokerId, parts), "delete-offsets", request, options);
}

/** The groups of this broker, or with `allBrokers` those of each that answers. */
export async function listGroups(
  { allBrokers, ...filter }: ListGroupsRequest,
  { signal }: CallContext,
  parts: CoordinatorParts,
): Promise<ListGroupsResponse> {
  if (allBrokers !== true) return listHere(filter, parts);
  const groups: ListGroupsResponse["groups"][number][] = [];
  const silent: NonNullable<ListGroupsResponse["unanswered"]>[number][] = [];
  const brokerIds = [...(parts.runtime.image?.brokers.keys() ?? [])];
  await Promise.all(
    brokerIds.map(async (brokerId) => {
      try {
        const options = { timeoutMs: PASSED_ON_TIMEOUT_MS, signal };
        const answer =
          brokerId === parts.brokerId
            ? listHere(filter, parts)
            : await parts.peers.call(urlAt(brokerId, parts), "list-groups", filter, options);
        groups.push(...answer.groups);
      } catch (error) {
        silent.push({ brokerId, error: unanswered(brokerId, error) });
      }
    }),
  );
  groups.sort((a, b) => (a.group < b.group ? -1 : 1));
  return silent.length === 0 ? { groups } : { groups, unanswered: silent };
}

function listHere(
  { states, types }: Pick<ListGroupsRequest, "states" | "types">,
  { runtime, brokerId }: CoordinatorParts,
): ListGroupsResponse {
  const groups = runtime
    .list()
    .map(({ groupId, state }) => groupEntry(groupId, state, brokerId))
    .filter(({ state }) => states === undefined || states.includes(state))
    .filter(({ type }) => types === undefined || types.includes(type));
  return { groups: groups.sort((a, b) => (a.group < b.group ? -1 : 1)) };
}

function urlAt(brokerId: BrokerId, parts: CoordinatorParts): string {
  const address = addressOf(brokerId, parts);
  if (address === undefined) throw brokerNotAvailable(brokerId);
  return urlOf(address);
}

/** What another broker said, or why it said nothing. */
function unanswered(brokerId: BrokerId, error: unknown): ItemError {
  const code = error instanceof ZoologError ? error.code : "COORDINATOR_NOT_AVAILABLE";
  return { code, message: `broker ${brokerId}: ${errorMessage(error)}` };
}
