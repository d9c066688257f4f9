import { decodeConsumerSubscription, encodeConsumerSubscription } from "@zoolog/protocol";
import { GROUP } from "../../../calls/groups/group-calls.fixture.ts";
import { JOIN, joinAlone, type KafkaClient, kafkaGroups, settle } from "./kafka-groups.fixture.ts";

const versions = (last: number) => Array.from({ length: last + 1 }, (_, version) => [version]);

test.each(versions(9))("a consumer joins by JoinGroup %p, assigns, stays and leaves", async (v) => {
  const { world, client } = await kafkaGroups();
  const it = client();
  const last = (max: number) => Math.min(v, max);

  const first = await it.ask("JoinGroup", v, JOIN);
  const joined =
    v < 4 ? first : await it.ask("JoinGroup", v, { ...JOIN, memberId: first.memberId });
  const { memberId = "", generationId } = joined;
  const member = { groupId: GROUP, memberId, generationId };
  const assignments = [{ memberId, assignment: Buffer.from("mine") }];
  const chosen = { protocolType: "consumer", protocolName: "range" };
  const synced = await it.ask("SyncGroup", last(5), { ...member, ...chosen, assignments });
  const beat = await it.ask("Heartbeat", last(4), member);
  const left = await it.ask("LeaveGroup", last(5), { ...member, members: [{ memberId }] });

  expect(joined).toMatchObject({
    errorCode: undefined,
    generationId: 1,
    protocolName: "range",
    leader: memberId,
    members: [{ memberId, metadata: JOIN.protocols[0]?.metadata }],
  });
  expect(synced).toMatchObject({ errorCode: undefined, assignment: Buffer.from("mine") });
  expect([beat.errorCode, left.errorCode]).toEqual([undefined, undefined]);
  expect(world.runtime.state(GROUP)).toMatchObject({ state: "Empty" });
});

test.each(versions(9))(
  "gotcha 41: JoinGroup %p has its clients join twice from 4 on",
  async (v) => {
    const { client } = await kafkaGroups();
    const it = client("billing-7");

    const first = await it.ask("JoinGroup", v, JOIN);

    expect(first.errorCode).toBe(v < 4 ? undefined : "MEMBER_ID_REQUIRED");
    expect(first.memberId).toMatch(/^billing-7-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  },
);

test("gotcha 41: an id that was given is forgotten when its session is over", async () => {
  const { world, client } = await kafkaGroups();
  const it = client();
  const { memberId } = await it.ask("JoinGroup", 4, JOIN);

  await world.time.advanceAndSettle(10_001);
  const late = await it.ask("JoinGroup", 4, { ...JOIN, memberId });

  expect(late).toMatchObject({ errorCode: "UNKNOWN_MEMBER_ID" });
});

test("gotcha 42: session timeouts have bounds, and a group has a name", async () => {
  const { client } = await kafkaGroups();
  const errorOf = async (more: object) =>
    (await client().ask("JoinGroup", 3, { ...JOIN, ...more })).errorCode;

  expect(await errorOf({ sessionTimeoutMs: 5_999 })).toBe("INVALID_SESSION_TIMEOUT");
  expect(await errorOf({ sessionTimeoutMs: 1_800_001 })).toBe("INVALID_SESSION_TIMEOUT");
  expect(await errorOf({ groupId: "" })).toBe("INVALID_GROUP_ID");
});

test.each([
  [0, 10_000],
  [1, 60_000],
])("gotcha 42: by JoinGroup %p members have %p ms to rejoin", async (version, timeoutMs) => {
  const { world, client } = await kafkaGroups();

  const { memberId = "" } = await client().ask("JoinGroup", version, JOIN);

  const member = world.runtime.state(GROUP)?.members.get(memberId);
  expect(member).toMatchObject({ rebalanceTimeoutMs: timeoutMs });
});

test("gotcha 43: the first rebalance waits for more members, as long as it is configured to", async () => {
  const { world, client } = await kafkaGroups();
  world.settings["group.initial.rebalance.delay.ms"] = 3_000;

  const [a, b] = [client(), client()].map((one) => one.begin("JoinGroup", 0, JOIN));
  await settle(world);
  await world.time.advanceAndSettle(2_999);
  await settle(world);
  expect(a?.get()).toBeUndefined();
  await world.time.advanceAndSettle(3_001);
  await settle(world);

  expect(a?.get()).toMatchObject({ generationId: 1 });
  expect(b?.get()).toMatchObject({ generationId: 1 });
});

/** A stable member and one that waits for it to rejoin. */
async function secondJoins(second: object = {}) {
  const { world, client, plane } = await kafkaGroups();
  const [one, other] = [client(), client()];
  const member = await joinAlone(one);
  const joining = other.begin("JoinGroup", 3, { ...JOIN, ...second });
  await settle(world);
  return { world, plane, one, other, member, joining };
}

test("gotcha 44: a rebalance holds its members until all are there; the leader is told of all", async () => {
  const { world, one, member, joining } = await secondJoins();
  expect(joining.get()).toBeUndefined();

  const again = await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId });
  await settle(world);

  const other = joining.get();
  expect([again.generationId, other?.generationId]).toEqual([2, 2]);
  expect(again.leader).toBe(other?.leader);
  const told = [again, other].map((each) => [
    each?.leader === each?.memberId,
    each?.members.length,
  ]);
  expect(told.toSorted()).toEqual([
    [false, 0],
    [true, 2],
  ]);
});

test("gotcha 44: who does not rejoin in time is out of the group", async () => {
  const { world, member, joining } = await secondJoins();

  await world.time.advanceAndSettle(60_001);
  await settle(world);

  expect(joining.get()).toMatchObject({ generationId: 2, members: [{}] });
  expect(world.runtime.state(GROUP)?.members.has(member.memberId)).toBe(false);
});

test("gotcha 45: most votes win among what all members can, and who has nothing in common stays out", async () => {
  const { world, client } = await kafkaGroups();
  world.settings["group.initial.rebalance.delay.ms"] = 3_000;
  const bytes = Buffer.alloc(0);
  const protocols = (...names: string[]) => names.map((name) => ({ name, metadata: bytes }));
  const joining = [
    protocols("mine", "range", "sticky"),
    protocols("sticky", "range"),
    protocols("sticky", "range"),
  ].map((offered) => client().begin("JoinGroup", 3, { ...JOIN, protocols: offered }));
  await settle(world);
  const errorOf = async (more: object) =>
    (await client().ask("JoinGroup", 3, { ...JOIN, ...more })).errorCode;

  const strangers = [
    await errorOf({ protocols: protocols("mine") }),
    await errorOf({ protocolType: "connect" }),
  ];
  await world.time.advanceAndSettle(6_001);
  await settle(world);

  expect(strangers).toEqual(["INCONSISTENT_GROUP_PROTOCOL", "INCONSISTENT_GROUP_PROTOCOL"]);
  expect(joining.map((each) => each.get()?.protocolName)).toEqual(["sticky", "sticky", "sticky"]);
});

test("gotcha 45: workers of Connect have groups, too", async () => {
  const { world, client } = await kafkaGroups();
  const protocols = [{ name: "sessioned", metadata: Buffer.from([0, 2, 255]) }];

  await joinAlone(client(), { protocolType: "connect", protocols });

  expect(world.runtime.state(GROUP)).toMatchObject({ state: "Stable", protocolType: "connect" });
});

test("gotcha 46: an assignment waits for the leader's, which may come on another connection", async () => {
  const { world, one, other, member, joining } = await secondJoins();
  const again = await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId });
  await settle(world);
  const joined = joining.get();
  const memberOf = ({ memberId = "", generationId = -1 }) => ({ memberId, generationId });
  const [leads, follows]: [KafkaClient, KafkaClient] =
    again.leader === again.memberId ? [one, other] : [other, one];
  const [leader, follower] = again.leader === again.memberId ? [again, joined] : [joined, again];
  const sync = (of: typeof again | undefined, assignments: object[] = []) => ({
    groupId: GROUP,
    ...memberOf(of ?? {}),
    assignments,
  });

  const waiting = follows.begin("SyncGroup", 3, sync(follower));
  await settle(world);
  const parked = waiting.get();
  const assignments = [{ memberId: follower?.memberId, assignment: Buffer.from("for you") }];
  const first = await leads.ask("SyncGroup", 3, sync(leader, assignments));
  await settle(world);

  expect(parked).toBeUndefined();
  expect(first).toMatchObject({ errorCode: undefined, assignment: Buffer.alloc(0) });
  expect(waiting.get()).toMatchObject({ assignment: Buffer.from("for you") });
});

test("gotcha 46: syncs and heartbeats of the past, of strangers, and of a group that rebalances are refused", async () => {
  const { one, member } = await secondJoins();
  const { memberId, generationId } = member;
  const errorOf = async (api: "SyncGroup" | "Heartbeat", more: object = {}) => {
    const request = { groupId: GROUP, ...member, assignments: [], ...more };
    return (await one.ask(api, 3, request)).errorCode;
  };

  for (const api of ["SyncGroup", "Heartbeat"] as const) {
    expect(await errorOf(api, { generationId: 7 })).toBe("ILLEGAL_GENERATION");
    expect(await errorOf(api, { memberId: "x" })).toBe("UNKNOWN_MEMBER_ID");
    expect(await errorOf(api, { groupId: "nobody's" })).toBe("UNKNOWN_MEMBER_ID");
    expect(await errorOf(api, { memberId, generationId })).toBe("REBALANCE_IN_PROGRESS");
  }
});

test("gotcha 46: from SyncGroup 5 on the protocol is compared, and told", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  const member = await joinAlone(it);
  const sync = (more: object) =>
    it.ask("SyncGroup", 5, { groupId: GROUP, ...member, assignments: [], ...more });

  expect(await sync({ protocolType: "connect" })).toMatchObject({
    errorCode: "INCONSISTENT_GROUP_PROTOCOL",
  });
  expect(await sync({ protocolName: "sticky" })).toMatchObject({
    errorCode: "INCONSISTENT_GROUP_PROTOCOL",
  });
  expect(await sync({})).toMatchObject({ protocolType: "consumer", protocolName: "range" });
});

describe("gotcha 47: a static member", () => {
  const STATIC = { ...JOIN, groupInstanceId: "shard-1" };

  test.each([
    [9, true],
    [8, false],
    [5, false],
  ])("that comes back by JoinGroup %p as the leader may skip its assignment: %p", async (...of) => {
    const [version, skips] = of;
    const { world, client } = await kafkaGroups();
    const former = await joinAlone(client(), { groupInstanceId: "shard-1" });

    const it = client();
    const back = await it.ask("JoinGroup", version, STATIC);
    const { memberId, generationId } = back;
    const synced = await it.ask("SyncGroup", 3, {
      groupId: GROUP,
      memberId,
      generationId,
      assignments: [],
    });

    expect(former.memberId).toMatch(/^shard-1-/);
    expect(back).toMatchObject({ generationId: former.generationId, skipAssignment: skips });
    expect(memberId).not.toBe(former.memberId);
    expect(back.leader).toBe(skips ? memberId : former.memberId);
    expect(back.members).toHaveLength(skips ? 1 : 0);
    expect(synced).toMatchObject({ assignment: Buffer.from("all") });
    expect(world.runtime.state(GROUP)).toMatchObject({ state: "Stable" });
  });

  test("fences the process that had its instance id", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    const former = { groupId: GROUP, ...(await joinAlone(it, STATIC)), groupInstanceId: "shard-1" };
    await client().ask("JoinGroup", 5, STATIC);

    const commit = { ...former, generationIdOrMemberEpoch: former.generationId };
    const topics = [{ name: "orders", partitions: [{ partitionIndex: 0, committedOffset: 1 }] }];

    expect((await it.ask("Heartbeat", 3, former)).errorCode).toBe("FENCED_INSTANCE_ID");
    expect((await it.ask("SyncGroup", 3, { ...former, assignments: [] })).errorCode).toBe(
      "FENCED_INSTANCE_ID",
    );
    expect(await it.ask("OffsetCommit", 7, { ...commit, topics })).toMatchObject({
      topics: [{ partitions: [{ errorCode: "FENCED_INSTANCE_ID" }] }],
    });
  });

  test("is removed by its instance id, each with its own outcome", async () => {
    const { world, client } = await kafkaGroups();
    const { memberId } = await joinAlone(client(), STATIC);
    const members = [{ groupInstanceId: "shard-1" }, { groupInstanceId: "shard-2" }];

    const left = await client().ask("LeaveGroup", 3, { groupId: GROUP, members });

    expect(left).toMatchObject({
      errorCode: undefined,
      members: [
        { groupInstanceId: "shard-1", errorCode: undefined },
        { groupInstanceId: "shard-2", errorCode: "UNKNOWN_MEMBER_ID" },
      ],
    });
    expect(world.runtime.state(GROUP)?.members.has(memberId)).toBe(false);
  });
});

test.each(versions(2))("LeaveGroup %p says of the one member that it is unknown", async (v) => {
  const { client } = await kafkaGroups();

  const left = await client().ask("LeaveGroup", v, { groupId: GROUP, memberId: "x" });

  expect(left.errorCode).toBe("UNKNOWN_MEMBER_ID");
});

test("gotcha 48: what cooperative members own reaches the leader as they sent it", async () => {
  const { world, one, member, joining } = await secondJoins();
  const owned = [{ topic: "orders", partitions: [0, 1] }];
  const metadata = encodeConsumerSubscription({ topics: ["orders"], owned, generation: 1 });
  const protocols = [{ name: "range", metadata }];

  const again = await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId, protocols });
  await settle(world);

  const { members = [] } = again.members.length > 0 ? again : (joining.get() ?? {});
  const mine = members.find(({ memberId }) => memberId === member.memberId);
  expect(mine?.metadata).toEqual(metadata);
  const read = decodeConsumerSubscription(mine?.metadata ?? Buffer.alloc(0));
  expect(read).toMatchObject({ value: { owned } });
});

test("gotcha 6: a join that waits holds up what comes behind it on its connection only", async () => {
  const { world, one, other, member, joining } = await secondJoins();
  const behind = other.begin("Heartbeat", 3, { groupId: GROUP, memberId: "x", generationId: 1 });
  await settle(world);
  const answered = [joining.get(), behind.get()];

  await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId });
  await settle(world);

  expect(answered).toEqual([undefined, undefined]);
  expect(joining.get()).toBeDefined();
  expect(behind.get()).toMatchObject({ errorCode: "UNKNOWN_MEMBER_ID" });
});

test("a member whose connection breaks while it waits is one until its session is over", async () => {
  const { world, one, other, member } = await secondJoins();

  other.connection.hangUp();
  await settle(world);
  const joined = await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId });
  const before = world.runtime.state(GROUP)?.members.size;
  await world.time.advanceAndSettle(60_001);
  await settle(world);

  expect(joined).toMatchObject({ generationId: 2 });
  expect(before).toBe(2);
  expect(world.runtime.state(GROUP)?.members.size ?? 0).toBe(0);
});

test.each(["JoinGroup", "SyncGroup"] as const)(
  "a plane that closes does not wait for who waits in %p, and sends them elsewhere",
  async (api) => {
    const { world, plane, one, other, member, joining } = await secondJoins();
    let waiting: { readonly get: () => { readonly errorCode?: unknown } | undefined } = joining;
    if (api === "SyncGroup") {
      const again = await one.ask("JoinGroup", 3, { ...JOIN, memberId: member.memberId });
      await settle(world);
      const led = again.leader === again.memberId;
      const [follower, its] = led ? [other, joining.get()] : [one, again];
      const { memberId, generationId } = its ?? again;
      const request = { groupId: GROUP, memberId, generationId, assignments: [] };
      waiting = follower.begin("SyncGroup", 3, request);
      await settle(world);
    }
    expect(waiting.get()).toBeUndefined();

    const closing = plane.close();
    await settle(world);

    expect(waiting.get()).toMatchObject({ errorCode: "NOT_COORDINATOR" });
    await closing;
  },
);

test.each([
  ["NOT_COORDINATOR", 2],
  ["COORDINATOR_NOT_AVAILABLE", 1],
])("who asks the wrong broker, or at the wrong time, is told %p", async (code, owner) => {
  const { world, client } = await kafkaGroups({ owner });
  if (owner === 1) world.store.become("suspended");
  const member = { groupId: GROUP, memberId: "x", generationId: 1 };
  const it = client();

  expect((await it.ask("JoinGroup", 3, JOIN)).errorCode).toBe(code);
  expect((await it.ask("SyncGroup", 3, { ...member, assignments: [] })).errorCode).toBe(code);
  expect((await it.ask("Heartbeat", 3, member)).errorCode).toBe(code);
  expect((await it.ask("LeaveGroup", 2, member)).errorCode).toBe(code);
});

test("a write that takes too long has the client look for its coordinator again", async () => {
  const { world, client } = await kafkaGroups();
  const it = client();
  const member = await joinAlone(it);
  world.store.hold();

  const leaving = it.begin("LeaveGroup", 2, { groupId: GROUP, ...member });
  await settle(world);
  await world.time.advanceAndSettle(5_001);
  await settle(world);

  expect(leaving.get()).toMatchObject({ errorCode: "COORDINATOR_NOT_AVAILABLE" });
  world.store.release();
});
