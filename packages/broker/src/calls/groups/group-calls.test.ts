import {
  brokerEpoch,
  brokerId,
  errorCode,
  leaderEpoch,
  offset,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import { COORDINATOR_SLOTS, coordinatorSlot } from "@zoolog/group-coordinator";
import {
  encodeConsumerAssignment,
  encodeConsumerSubscription,
  type NativeRequest,
  type NativeResponse,
} from "@zoolog/protocol";
import type { CallContext } from "../../broker-api.ts";
import { GROUP, type GroupWorld, started, TOPIC_ID } from "./group-calls.fixture.ts";

const commit = (at: number, partition = 0): NativeRequest<"commit-offsets"> => ({
  groupId: GROUP,
  topics: [{ topic: "orders", partitions: [{ partition, offset: offset(at), metadata: "note" }] }],
});

const join: NativeRequest<"join-group"> = {
  groupId: GROUP,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: encodeConsumerSubscription({ topics: ["orders"] }) }],
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
};

/** A classic group of one member that has both partitions. */
async function classicMember(world: GroupWorld) {
  const first = await world.call("join-group", join);
  const { memberId } = first;
  const joined = await world.call("join-group", { ...join, memberId });
  if ("error" in joined) throw new Error(joined.error.code);
  const { generationId } = joined;
  const assigned = [{ topic: "orders", partitions: [0, 1] }];
  const assignment = encodeConsumerAssignment({ assigned });
  const assignments = [{ memberId, assignment }];
  const synced = await world.call("sync-group", {
    groupId: GROUP,
    generationId,
    memberId,
    assignments,
  });
  return { first, joined, synced, memberId, generationId, assignment };
}

describe("a classic member", () => {
  test("is told its id, joins with it, assigns as the leader, and stays by heartbeats", async () => {
    const world = await started();

    const { first, joined, synced, memberId, generationId, assignment } =
      await classicMember(world);
    const beat = await world.call("heartbeat", { groupId: GROUP, generationId, memberId });

    expect(first).toMatchObject({ error: { code: "MEMBER_ID_REQUIRED" } });
    expect(memberId).toMatch(/^app-/);
    expect(joined).toMatchObject({ leader: memberId, members: [{ memberId }] });
    expect(synced.assignment).toEqual(assignment);
    expect(beat).toEqual({});
  });

  test("of another generation is refused, with what to do", async () => {
    const world = await started();
    const { memberId, generationId } = await classicMember(world);

    const late = { groupId: GROUP, generationId: 99, memberId };
    const zombie = { ...commit(5), memberId, generationIdOrMemberEpoch: generationId - 1 };

    const refusal = { code: "ILLEGAL_GENERATION", retriable: false };
    await expect(world.call("heartbeat", late)).rejects.toMatchObject(refusal);
    await expect(world.call("commit-offsets", zombie)).rejects.toMatchObject(refusal);
    expect(world.groups.committed(GROUP, "orders", 0)).toBeUndefined();
  });

  test("that joins keeps nothing of the buffer that its request came in", async () => {
    const world = await started();
    const { memberId } = await world.call("join-group", join);
    const bytes = encodeConsumerSubscription({ topics: ["orders"] });
    const protocols = [{ name: "range", metadata: bytes }];

    const joined = await world.call("join-group", { ...join, memberId, protocols });
    bytes.fill(0xff);

    const [described] = (await world.call("describe-groups", { groups: [GROUP] })).groups;
    expect(joined).toMatchObject({ generationId: 1 });
    expect(described).toMatchObject({ members: [{ subscribedTopics: ["orders"] }] });
  });

  test("who waits while the plane closes is sent to look for the next coordinator", async () => {
    const world = await started();
    await classicMember(world);
    const caller = new AbortController();
    const { memberId } = await world.call("join-group", join);
    const parked = world.call("join-group", { ...join, memberId }, { signal: caller.signal });
    await world.time.advanceAndSettle(0);

    caller.abort(new ZoologError({ code: "BROKER_CLOSING", message: "closing" }));

    await expect(parked).rejects.toMatchObject({ code: "NOT_COORDINATOR", retriable: true });
  });
});

test("a member of a server-side group joins, is given partitions, and leaves", async () => {
  const world = await started();
  const first = { groupId: GROUP, memberId: "m1", memberEpoch: 0, rebalanceTimeoutMs: 60_000 };

  const joined = await world.call("consumer-group-heartbeat", {
    ...first,
    subscribedTopics: ["orders"],
    owned: [],
  });
  const left = await world.call("consumer-group-heartbeat", {
    groupId: GROUP,
    memberId: "m1",
    memberEpoch: -1,
  });

  expect(joined.assignment).toEqual([{ topicId: TOPIC_ID, topic: "orders", partitions: [0, 1] }]);
  expect(joined.memberEpoch).toBeGreaterThan(0);
  expect(left.memberEpoch).toBe(-1);
});

describe("a heartbeat that may wait", () => {
  const joining = (memberId: string) => ({
    ...{ groupId: GROUP, memberId, memberEpoch: 0, rebalanceTimeoutMs: 60_000 },
    ...{ subscribedTopics: ["orders"], owned: [] },
  });

  async function quietMember(context: Partial<CallContext> = {}) {
    const world = await started();
    const { memberEpoch } = await world.call("consumer-group-heartbeat", joining("m1"));
    const quiet = { groupId: GROUP, memberId: "m1", memberEpoch, maxWaitMs: 30_000 };
    let answer: NativeResponse<"consumer-group-heartbeat"> | undefined;
    const waiting = world.call("consumer-group-heartbeat", quiet, context).then((told) => {
      answer = told;
    });
    waiting.catch(() => {});
    await world.time.advanceAndSettle(0);
    return { world, quiet, waiting, told: () => answer };
  }

  test("is answered when another member changes what its own is to have", async () => {
    const { world, quiet, told } = await quietMember();
    const before = told();

    await world.call("consumer-group-heartbeat", joining("m2"));
    const next = await world.call("consumer-group-heartbeat", quiet);

    expect(before).toBeUndefined();
    expect(told()).toMatchObject({ heartbeatIntervalMs: 0 });
    expect(next.assignment).toMatchObject([{ partitions: [expect.any(Number)] }]);
  });

  test("waits no longer than the interval, and for no commit", async () => {
    const { world, quiet, told } = await quietMember();
    const by = { memberId: "m1", generationIdOrMemberEpoch: quiet.memberEpoch };

    await world.call("commit-offsets", { ...commit(1), ...by });
    await world.time.advanceAndSettle(4_999);
    const before = told();
    await world.time.advanceAndSettle(1);

    expect([before, told()]).toMatchObject([undefined, { heartbeatIntervalMs: 0 }]);
  });

  test("is sent to the next coordinator when the slot passes on, or the plane closes", async () => {
    const caller = new AbortController();
    const passed = await quietMember();
    const closed = await quietMember({ signal: caller.signal });

    passed.world.follow({ version: 2, owner: 2 });
    caller.abort(new ZoologError({ code: "BROKER_CLOSING", message: "closing" }));

    await expect(passed.waiting).rejects.toMatchObject({ code: "NOT_COORDINATOR" });
    await expect(closed.waiting).rejects.toMatchObject({ code: "NOT_COORDINATOR" });
  });

  test("is answered at once when it brings something, or without a word of waiting", async () => {
    const world = await started();
    const joined = await world.call("consumer-group-heartbeat", {
      ...joining("m1"),
      maxWaitMs: 30_000,
    });
    const { memberEpoch } = joined;

    const plain = await world.call("consumer-group-heartbeat", {
      ...{ groupId: GROUP, memberId: "m1", memberEpoch },
    });

    expect([joined, plain]).toMatchObject([
      { heartbeatIntervalMs: 5_000 },
      { heartbeatIntervalMs: 5_000 },
    ]);
  });
});

describe("committed offsets", () => {
  test("come from ZooKeeper as they stand there, also when changed by hand", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(42));
    const committed = world.groups.committed(GROUP, "orders", 0);
    if (committed === undefined) throw new Error("nothing was committed");

    const before = await world.call("committed-offsets", { groupId: GROUP });
    const value = { ...committed, offset: offset(7), leaderEpoch: leaderEpoch(3) };
    world.groups.apply({ type: "offset", groupId: GROUP, topic: "orders", partition: 0, value });
    const topics = [{ topic: "orders", partitions: [1, 0] }];
    const after = await world.call("committed-offsets", { groupId: GROUP, topics });

    expect(before.topics).toMatchObject([
      { topic: "orders", partitions: [{ partition: 0, offset: 42, metadata: "note" }] },
    ]);
    expect(after.topics).toMatchObject([
      { partitions: [{ partition: 1 }, { partition: 0, offset: 7, leaderEpoch: 3 }] },
    ]);
    expect(after.topics[0]?.partitions[0]).not.toHaveProperty("offset");
  });

  test("are asked of ZooKeeper once, and only of partitions that there are", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(42));
    const asked = jest.spyOn(world.store, "readOffsets");

    const again = { topic: "orders", partitions: [0, 0, 7, 0] };
    const gone = { topic: "gone", partitions: [0] };
    const topics = [again, gone, again];
    const { topics: told } = await world.call("committed-offsets", { groupId: GROUP, topics });

    expect(asked).toHaveBeenCalledWith(GROUP, [{ topic: "orders", partitions: [0] }]);
    expect(told).toMatchObject([
      { topic: "orders", partitions: [{ partition: 0, offset: 42 }, { partition: 7 }] },
      { topic: "gone", partitions: [{ partition: 0 }] },
    ]);
    const partitions = Array.from({ length: 10_000 }, (_, i) => i);
    const many = Array.from({ length: 11 }, (_, i) => ({ topic: `t${i}`, partitions }));
    const tooMany = world.call("committed-offsets", { groupId: GROUP, topics: many });
    await expect(tooMany).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  });

  test("of a topic that was created anew are none", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(42));

    const anew = "anew".padEnd(22, "A") as TopicId;
    const orders = world.runtime.image?.topics.get("orders");
    world.follow({
      topics: new Map([["orders", { ...orders, topicId: anew } as never]]),
      topicNames: new Map([[anew, "orders"]]),
    });
    const topics = [{ topic: "orders", partitions: [0] }];
    const told = await world.call("committed-offsets", { groupId: GROUP, topics });
    const all = await world.call("committed-offsets", { groupId: GROUP });

    expect(told.topics).toEqual([{ topic: "orders", partitions: [{ partition: 0 }] }]);
    expect(all.topics).toEqual([]);
  });

  test("are not told, nor taken, while ZooKeeper is away", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(42));

    world.store.become("suspended");

    const refusal = { code: "COORDINATOR_NOT_AVAILABLE", retriable: true };
    await expect(world.call("committed-offsets", { groupId: GROUP })).rejects.toMatchObject(
      refusal,
    );
    await expect(world.call("commit-offsets", commit(43))).rejects.toMatchObject(refusal);
  });

  test("that ZooKeeper does not take in time are answered as of unknown fate", async () => {
    const world = await started();
    world.store.hold();

    const committing = world.call("commit-offsets", commit(42));
    const told = committing.catch((error: unknown) => error);
    await world.time.advanceAndSettle(5_000);

    expect(await told).toMatchObject({ code: "REQUEST_TIMED_OUT", retriable: true });
  });

  test("of a server-side group are told to who knows its epoch", async () => {
    const world = await started();
    const member = { groupId: GROUP, memberId: "m1", rebalanceTimeoutMs: 60_000 };
    const topics = { subscribedTopics: ["orders"], owned: [] };
    const { memberEpoch } = await world.call("consumer-group-heartbeat", {
      ...member,
      ...topics,
      memberEpoch: 0,
    });
    const ask = (memberId: string, epoch: number) =>
      world.call("committed-offsets", { groupId: GROUP, memberId, memberEpoch: epoch });

    await expect(ask("m1", memberEpoch)).resolves.toEqual({ topics: [] });
    await expect(ask("m1", memberEpoch + 1)).rejects.toMatchObject({ code: "STALE_MEMBER_EPOCH" });
    await expect(ask("m2", 1)).rejects.toMatchObject({ code: "UNKNOWN_MEMBER_ID" });
  });
});

describe("lag", () => {
  test("counts from the commit to the end, in records and in time, with who reads", async () => {
    const world = await started();
    world.answers["describe-offsets"] = (request) => world.describeOffsets(request);
    const { memberId, generationId } = await classicMember(world);
    const by = { memberId, generationIdOrMemberEpoch: generationId };
    await world.call("commit-offsets", { ...commit(70), ...by });
    await world.call("commit-offsets", { ...commit(100, 1), ...by });

    const [lag] = (await world.call("group-lag", { groups: [GROUP] })).groups;

    const owner = { memberId, clientId: "app", clientHost: "10.0.0.7" };
    expect(lag).toMatchObject({
      group: GROUP,
      state: "stable",
      lag: 30,
      lagMs: 30_000,
      topics: [
        {
          topic: "orders",
          partitions: [
            { partition: 0, committed: 70, highWatermark: 100, lag: 30, lagMs: 30_000, ...owner },
            { partition: 1, committed: 100, lag: 0, lagMs: 0, ...owner },
          ],
        },
      ],
    });
    expect(world.peerCalls.map(({ url, name }) => [url, name])).toEqual([
      ["http://broker2:8092", "describe-offsets"],
    ]);
  });

  test("of a group that stands before the log start counts from what is there", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(3));

    const [lag] = (await world.call("group-lag", { groups: [GROUP] })).groups;

    expect(lag).toMatchObject({ lag: 90 });
  });

  test("names the leader that does not answer, and shows the rest", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(70));
    await world.call("commit-offsets", commit(70, 1));

    const [lag] = (await world.call("group-lag", { groups: [GROUP] })).groups;

    if (lag === undefined || "error" in lag) throw new Error("no lag");
    const [first, second] = lag.topics[0]?.partitions ?? [];
    expect(lag).toMatchObject({ lag: 30, unanswered: 1 });
    expect(first).toMatchObject({ lag: 30 });
    expect(second?.error?.message).toContain("broker 2");
  });
});

describe("what administrators ask", () => {
  test("shows groups with their members", async () => {
    const world = await started();
    const { memberId } = await classicMember(world);

    const listed = await world.call("list-groups", {});
    const none = await world.call("list-groups", { states: ["empty"] });
    const described = await world.call("describe-groups", { groups: [GROUP, "other"] });

    const shown = { group: GROUP, type: "classic", state: "stable", coordinator: 1 };
    expect(listed.groups).toEqual([{ ...shown, protocolType: "consumer", members: 1 }]);
    expect(none.groups).toEqual([]);
    const assignment = [{ topic: "orders", partitions: [0, 1] }];
    expect(described.groups).toMatchObject([
      { ...shown, protocol: "range", members: [{ memberId, assignment, clientId: "app" }] },
      { group: "other", error: { code: "GROUP_ID_NOT_FOUND" } },
    ]);
  });

  test("deletes a group without members, and none with", async () => {
    const world = await started();
    const { memberId } = await classicMember(world);

    const refused = await world.call("delete-groups", { groups: [GROUP] });
    await world.call("leave-group", { groupId: GROUP, members: [{ memberId }] });
    const deleted = await world.call("delete-groups", { groups: [GROUP] });

    expect(refused.groups).toMatchObject([{ error: { code: "NON_EMPTY_GROUP" } }]);
    expect(deleted.groups).toEqual([{ group: GROUP }]);
    expect(world.groups.groups.has(GROUP)).toBe(false);
  });

  test("is passed on to the coordinator, once; what members ask is not", async () => {
    const world = await started({ owner: 2 });
    world.answers["describe-groups"] = () => ({
      groups: [{ group: GROUP, error: { code: "GROUP_ID_NOT_FOUND", message: "as it says" } }],
    });

    const described = await world.call("describe-groups", { groups: [GROUP] });
    const broker = { kind: "broker", brokerId: brokerId(3), brokerEpoch: brokerEpoch(1) } as const;
    const again = await world.call("describe-groups", { groups: [GROUP] }, { principal: broker });
    const committing = await world.call("commit-offsets", commit(1)).catch(errorCode);

    expect(described.groups).toMatchObject([{ error: { message: "as it says" } }]);
    expect(again.groups).toMatchObject([{ error: { code: "NOT_COORDINATOR" } }]);
    expect(committing).toBe("NOT_COORDINATOR");
    expect(world.peerCalls).toHaveLength(1);
  });

  test("lists all groups, and who did not answer", async () => {
    const world = await started();
    await world.call("commit-offsets", commit(1));

    const listed = await world.call("list-groups", { allBrokers: true });

    expect(listed.groups.map(({ group }) => group)).toEqual([GROUP]);
    expect(listed.unanswered).toMatchObject([{ brokerId: 2, error: { code: "GONE" } }]);
  });
});

test("any broker knows who coordinates a group, or that nobody does", async () => {
  const world = await started({ owner: 2 });
  const found = await world.call("find-coordinator", { groups: [GROUP, ""] });
  const brokers: ClusterImage["brokers"] = new Map();
  world.follow({ owner: 2, brokers });
  const nobody = await world.call("find-coordinator", { groups: [GROUP] });

  expect(coordinatorSlot(GROUP)).toBeLessThan(COORDINATOR_SLOTS);
  expect(found.groups).toEqual([
    { group: GROUP, brokerId: 2, host: "broker2", port: 8092, url: "http://broker2:8092" },
    { group: "", error: { code: "INVALID_GROUP_ID", message: expect.any(String) } },
  ]);
  expect(nobody.groups).toMatchObject([{ error: { code: "COORDINATOR_NOT_AVAILABLE" } }]);
});
