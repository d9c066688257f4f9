import type { AbortSignalLike, Random, Scheduler } from "@zoolog/base";
import type {
  ConsumerGroupHeartbeatResponse as ConsumerGroupHeartbeatAnswer,
  ConsumerGroupHeartbeatEvent,
  GroupResponse,
  JoinGroupEvent,
} from "@zoolog/group-coordinator";
import type {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from "@zoolog/protocol";
import type { CallContext, JoiningMember } from "../../broker-api.ts";
import { commitTimedOut, notCoordinator } from "../../runtimes/groups/errors.ts";
import type { GroupRequest } from "../../runtimes/groups/group-request.ts";
import type { GroupRuntime } from "../../runtimes/groups/group-runtime.ts";
import { within } from "../../within.ts";
import { expectResponse, itemErrorOf } from "./group-answers.ts";

/** What members of groups ask of their coordinator. */

export type MemberCallParts = {
  readonly runtime: GroupRuntime;
  /** How long ZooKeeper may take before the caller is told to try again. */
  readonly writeTimeoutMs: () => number;
  readonly random: Random;
  readonly scheduler: Scheduler;
};

type Caller = Pick<CallContext, "clientId" | "remoteAddress" | "signal">;

/** Of a client's own name, in the ids of its members: they are names of znodes. */
const CLIENT_ID_LENGTH_MAX = 200;

export async function joinGroup(
  request: JoiningMember,
  caller: Caller,
  parts: MemberCallParts,
): Promise<JoinGroupResponse> {
  const { groupId } = request;
  const response = await parked(groupId, caller, parts, (requestId): JoinGroupEvent => {
    const { memberId, groupInstanceId, protocolType, protocols } = request;
    return {
      type: "joinGroup",
      requestId,
      ...identityOf(caller),
      memberId: emptyAsNone(memberId),
      memberIdCandidate: memberIdCandidate(groupInstanceId, caller, parts),
      groupInstanceId,
      protocolType,
      protocols: protocols.map(({ name, metadata }) => ({ name, metadata: ownCopy(metadata) })),
      sessionTimeoutMs: request.sessionTimeoutMs,
      rebalanceTimeoutMs: request.rebalanceTimeoutMs,
      reason: request.reason,
      requiresKnownMemberId: request.joinsTwice ?? true,
      supportsSkippingAssignment: request.skipsAssignment ?? true,
    };
  });
  if (response.type === "refused" && response.memberId !== undefined) {
    const { code, message } = response.error;
    return { error: { code, message }, memberId: response.memberId };
  }
  const { type: _, members, ...joined } = expectResponse(response, "joinGroup");
  return {
    ...joined,
    members: members.map(({ memberId, groupInstanceId, metadata }) => ({
      memberId,
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      metadata: asBuffer(metadata),
    })),
  };
}

export async function syncGroup(
  request: SyncGroupRequest,
  caller: Caller,
  parts: MemberCallParts,
): Promise<SyncGroupResponse> {
  const { groupId, groupInstanceId, protocolType, protocolName, assignments, ...rest } = request;
  const response = await parked(groupId, caller, parts, (requestId) => ({
    type: "syncGroup",
    requestId,
    ...rest,
    groupInstanceId,
    protocolType,
    protocolName,
    assignments: assignments.map(({ memberId, assignment }) => ({
      memberId,
      assignment: ownCopy(assignment),
    })),
  }));
  const { type: _, assignment, ...synced } = expectResponse(response, "syncGroup");
  return { ...synced, assignment: asBuffer(assignment) };
}

export async function heartbeat(
  request: HeartbeatRequest,
  caller: Caller,
  parts: MemberCallParts,
): Promise<HeartbeatResponse> {
  const { groupId, generationId, memberId, groupInstanceId } = request;
  const response = await prompt(groupId, caller, parts, (requestId) => ({
    type: "heartbeat",
    requestId,
    generationId,
    memberId,
    groupInstanceId,
  }));
  expectResponse(response, "heartbeat");
  return {};
}

export async function leaveGroup(
  { groupId, members }: LeaveGroupRequest,
  caller: Caller,
  parts: MemberCallParts,
): Promise<LeaveGroupResponse> {
  const response = await prompt(groupId, caller, parts, (requestId) => ({
    type: "leaveGroup",
    requestId,
    members,
  }));
  const { members: left } = expectResponse(response, "leaveGroup");
  return {
    members: left.map(({ memberId, groupInstanceId, error }) => ({
      ...(memberId === undefined ? {} : { memberId }),
      ...(groupInstanceId === undefined ? {} : { groupInstanceId }),
      ...itemErrorOf(error),
    })),
  };
}

export async function consumerGroupHeartbeat(
  request: ConsumerGroupHeartbeatRequest,
  caller: Caller,
  parts: MemberCallParts,
): Promise<ConsumerGroupHeartbeatResponse> {
  const { groupId } = request;
  const response = await prompt(groupId, caller, parts, (requestId) => ({
    type: "consumerGroupHeartbeat",
    requestId,
    ...identityOf(caller),
    memberId: emptyAsNone(request.memberId),
    memberIdCandidate: memberIdCandidate(request.groupInstanceId, caller, parts),
    memberEpoch: memberEpochOf(request.memberEpoch),
    groupInstanceId: request.groupInstanceId,
    rackId: request.rackId,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    subscribedTopics: request.subscribedTopics,
    subscribedPattern: request.subscribedPattern,
    serverAssignor: request.serverAssignor,
    owned: request.owned,
  }));
  const answer = expectResponse(response, "consumerGroupHeartbeat");
  const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = answer;
  const hasWaited = await waitForNews(groupId, answer, request.maxWaitMs, caller, parts);
  return {
    memberId,
    memberEpoch: epochOnTheWire(memberEpoch),
    heartbeatIntervalMs: hasWaited ? 0 : heartbeatIntervalMs,
    sessionTimeoutMs: parts.runtime.consumerSessionTimeoutMs,
    ...(assignment === undefined
      ? {}
      : {
          // A topic that was deleted meanwhile has nothing to be read.
          assignment: assignment.flatMap(({ topicId, topic, partitions }) =>
            topic === undefined ? [] : [{ topicId, topic, partitions }],
          ),
        }),
  };
}

/**
 * Holds back an answer that says nothing new, so that the member hears of a change when it happens
 * (decision 026). What the heartbeat did is done: it was heard when it came.
 */
async function waitForNews(
  groupId: string,
  { memberId, memberEpoch, heartbeatIntervalMs, assignment }: ConsumerGroupHeartbeatAnswer,
  maxWaitMs: number | undefined,
  { signal }: Caller,
  { runtime }: MemberCallParts,
): Promise<boolean> {
  const waitMs = Math.min(maxWaitMs ?? 0, heartbeatIntervalMs);
  if (waitMs <= 0 || assignment !== undefined || typeof memberEpoch !== "number") return false;
  return await whileListening(groupId, signal, () =>
    runtime.waitForNews(groupId, memberId, { waitMs, signal }),
  );
}

/** A request that may wait for other members, as long as its caller does. */
function parked(
  groupId: string,
  { signal }: Caller,
  { runtime }: MemberCallParts,
  make: (requestId: number) => GroupRequest,
): Promise<GroupResponse> {
  return whileListening(groupId, signal, () => runtime.submit(groupId, make, signal));
}

async function whileListening<T>(
  groupId: string,
  signal: AbortSignalLike,
  wait: () => Promise<T>,
): Promise<T> {
  try {
    return await wait();
  } catch (error) {
    // The plane closes: whoever still listens is to look for the next coordinator.
    if (signal.aborted && error === signal.reason) throw notCoordinator(groupId);
    throw error;
  }
}

/** A request that waits for ZooKeeper at most. */
export function prompt(
  groupId: string,
  caller: Pick<Caller, "signal">,
  { runtime, writeTimeoutMs, scheduler }: MemberCallParts,
  make: (requestId: number) => GroupRequest,
): Promise<GroupResponse> {
  const answer = runtime.submit(groupId, make, caller.signal);
  return within(answer, { timeoutMs: writeTimeoutMs(), scheduler, onTimeout: commitTimedOut });
}

function identityOf({ clientId, remoteAddress }: Caller) {
  return { clientId: clientId.slice(0, CLIENT_ID_LENGTH_MAX), clientHost: remoteAddress };
}

function memberIdCandidate(
  groupInstanceId: string | undefined,
  caller: Caller,
  { random }: MemberCallParts,
): string {
  const { clientId } = identityOf(caller);
  return `${groupInstanceId ?? (clientId === "" ? "member" : clientId)}-${random.uuid()}`;
}

/** Kafka's clients have no other word for "none yet". */
function emptyAsNone(memberId: string | undefined): string | undefined {
  return memberId === "" ? undefined : memberId;
}

function memberEpochOf(epoch: number): ConsumerGroupHeartbeatEvent["memberEpoch"] {
  if (epoch === 0) return "join";
  if (epoch === -1) return "leave";
  return epoch === -2 ? "leaveForNow" : epoch;
}

function epochOnTheWire(epoch: number | "leave" | "leaveForNow"): number {
  if (epoch === "leave") return -1;
  return epoch === "leaveForNow" ? -2 : epoch;
}

/** What is kept must not hold on to the buffer of a request, which is used again. */
function ownCopy(bytes: Buffer): Buffer {
  return Buffer.from(bytes);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
