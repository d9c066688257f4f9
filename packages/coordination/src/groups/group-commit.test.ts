import { coordinatorEpoch, leaderEpoch, offset, timestamp } from "@zoolog/base";
import { MemoryCoordination, sampleSlotWrite, sampleTopicId } from "@zoolog/testkit";
import type { ControllerWriter } from "../port/controller-writer.ts";
import type { CoordinationStore } from "../port/coordination-store.ts";
import type {
  ClassicGroupZnode,
  ClassicMemberZnode,
  CommittedOffset,
  ConsumerMemberZnode,
} from "../port/group-state.ts";
import type { GroupChange, SlotWriter } from "../port/slot-writer.ts";

const SLOT = 5;

let world: MemoryCoordination;
let store: CoordinationStore;
let controller: ControllerWriter;
let writer: SlotWriter;

beforeEach(async () => {
  world = new MemoryCoordination();
  store = await world.open("a");
  controller = await world.elected(store);
  await giveSlot(undefined, 0);
  writer = (await openSlot(0))!;
});
afterEach(() => world.close());

async function giveSlot(expected: number | undefined, epoch: number): Promise<void> {
  const { controllerEpoch } = controller;
  const slot = sampleSlotWrite({ slot: SLOT, expected, epoch, controllerEpoch });
  await world.settled(controller.writeSlots([slot]));
}
const openSlot = async (epoch: number, by = store) => {
  const slot = { slot: SLOT, coordinatorEpoch: coordinatorEpoch(epoch) };
  return (await world.settled(by.openSlots([slot])))[0];
};
const write = (...changes: readonly GroupChange[]) => world.settled(writer.write(changes));

const GROUP: ClassicGroupZnode = {
  type: "classic",
  generationId: 3,
  protocolType: "consumer",
  protocolName: "range",
  leader: "m-1",
};
const group = (groupId: string, value: ClassicGroupZnode | undefined = GROUP): GroupChange => ({
  type: "group",
  groupId,
  value,
});
const removal = (groupId: string): GroupChange => ({ type: "group", groupId, value: undefined });
const member = (groupId: string, memberId: string, assignment = "a"): GroupChange => ({
  type: "member",
  groupId,
  memberId,
  value: classicMember(assignment),
});
function classicMember(assignment: string): ClassicMemberZnode {
  return {
    type: "classic",
    instanceId: undefined,
    clientId: "app",
    clientHost: "10.0.0.1",
    sessionTimeoutMs: 45_000,
    rebalanceTimeoutMs: 60_000,
    protocols: [{ name: "range", metadata: Uint8Array.of(0, 255) }],
    assignment: new Uint8Array(Buffer.from(assignment)),
    generationId: 3,
  };
}
const committed = (position: number): CommittedOffset => ({
  offset: offset(position),
  leaderEpoch: leaderEpoch(0),
  metadata: "",
  committedAt: timestamp(1_700_000_000_000),
  topicId: sampleTopicId("orders"),
});
function commit(
  position: number,
  options: { partition?: number; group?: string } = {},
): GroupChange {
  return {
    type: "offset",
    groupId: options.group ?? "g",
    topic: "orders",
    partition: options.partition ?? 0,
    value: committed(position),
  };
}

const znode = (path: string) => {
  const data = world.ensemble.znodes.data(path);
  return data === undefined ? undefined : Buffer.from(data).toString();
};
const children = (path: string) => world.ensemble.znodes.children(path);
const stored = async (groupId = "g") => {
  const { value, faults } = await world.settled(store.readOffsets(groupId, "all"));
  expect(faults).toEqual([]);
  return Object.fromEntries(value.map((each) => [each.partition, each.committed.offset]));
};
/** Multis applied from here on, their checks left out. */
function applied(): string[][] {
  const multis: string[][] = [];
  world.ensemble.onWrite((operations) => {
    const own = operations.filter(({ type }) => type !== "check");
    if (own.length > 0) multis.push(own.map(({ type, path }) => `${type} ${path}`));
  });
  return multis;
}

test("groups, members and offsets stand there as documented, parents made with the first", async () => {
  await write(group("billing"), member("billing", "m-1"), commit(42, { group: "billing" }));

  expect(JSON.parse(znode("/consumers/billing")!)).toEqual({
    version: 1,
    type: "classic",
    generation: 3,
    protocol_type: "consumer",
    protocol: "range",
    leader: "m-1",
  });
  expect(JSON.parse(znode("/consumers/billing/ids/m-1")!)).toEqual({
    version: 1,
    type: "classic",
    client_id: "app",
    client_host: "10.0.0.1",
    session_timeout_ms: 45_000,
    rebalance_timeout_ms: 60_000,
    protocols: [{ name: "range", metadata: "AP8=" }],
    assignment: "YQ==",
    generation: 3,
  });
  expect(JSON.parse(znode("/consumers/billing/offsets/orders/0")!)).toEqual({
    version: 1,
    offset: 42,
    leader_epoch: 0,
    metadata: "",
    timestamp: 1_700_000_000_000,
    topic_id: sampleTopicId("orders"),
  });
});

test("what is written is what is read, of both types of groups", async () => {
  const consumer: ConsumerMemberZnode = {
    type: "consumer",
    instanceId: "i",
    clientId: "app",
    clientHost: "h",
    rackId: "r",
    rebalanceTimeoutMs: 1,
    subscription: { topics: ["orders"], pattern: "o.*" },
    assignor: "uniform",
    memberEpoch: 7,
    previousMemberEpoch: -1,
    isAway: true,
    assigned: new Map([[sampleTopicId("orders"), [0, 1]]]),
    revoking: new Map(),
    target: new Map([[sampleTopicId("orders"), [1]]]),
  };
  const value = {
    type: "consumer",
    groupEpoch: 7,
    assignmentEpoch: 6,
    assignor: undefined,
  } as const;
  await write(
    group("g"),
    member("g", "m-1"),
    { type: "group", groupId: "c", value },
    { type: "member", groupId: "c", memberId: "x", value: consumer },
    group("unwanted"),
  );

  const read = await world.settled(store.readGroups((groupId) => groupId !== "unwanted"));

  expect(read).toEqual({
    faults: [],
    value: [
      {
        groupId: "c",
        group: value,
        incomplete: false,
        members: [{ memberId: "x", member: consumer }],
      },
      {
        groupId: "g",
        group: GROUP,
        incomplete: false,
        members: [{ memberId: "m-1", member: classicMember("a") }],
      },
    ],
  });
});

test.each([".", "..", "a/b", "über %2E", "a b"])("a group may be called %j", async (groupId) => {
  await write(group(groupId), commit(1, { group: groupId }));

  const { value } = await world.settled(store.readGroups(() => true));
  expect(value).toMatchObject([{ groupId }]);
  expect(await stored(groupId)).toEqual({ 0: 1 });
});

test.each([
  ["nothing", "", "is not empty"],
  ["half a pair of surrogates", "\ud800", "is text that can be encoded"],
  ["something very long", "x".repeat(1_025), "has at most 1024 characters"],
])("but not %s", async (_what, groupId, rule) => {
  for (const change of [group(groupId), commit(1, { group: groupId })]) {
    await expect(write(commit(1), change)).rejects.toMatchObject({
      code: "GROUP_NAME_UNUSABLE",
      message: expect.stringContaining(`cannot be kept: an id ${rule}`),
    });
  }
  expect(await stored()).toEqual({});
  expect(writer.fenced).toBe(false);
});

test("a group that only commits is there, empty, and offsets of partitions come back one by one", async () => {
  await write(commit(1), commit(7, { partition: 12 }));

  const { value } = await world.settled(store.readGroups(() => true));
  expect(value).toMatchObject([{ group: { type: "classic", generationId: 0 }, members: [] }]);
  const of = [{ topic: "orders", partitions: [3, 12] }];
  const read = await world.settled(store.readOffsets("g", of));
  expect(read.value).toEqual([{ topic: "orders", partition: 12, committed: committed(7) }]);
});

test("while a round is under way the newest value of a key replaces the ones that wait", async () => {
  await write(commit(0));
  const multis = applied();

  const rounds = Array.from({ length: 1_000 }, (_, i) => writer.write([commit(i + 1)]));
  await world.settled(Promise.all(rounds));

  expect(await stored()).toEqual({ 0: 1_000 });
  expect(multis.length).toBeLessThanOrEqual(2);
});

test("rounds follow one another with time, however many commits there are", async () => {
  const multis = applied();
  const began = world.time.clock.monotonic();
  for (let i = 0; i < 100; i++) {
    writer.write([commit(i)]).catch(() => {});
    await world.pass(3);
  }
  await world.pass(100);

  expect(await stored()).toEqual({ 0: 99 });
  expect(multis.length).toBeLessThanOrEqual((world.time.clock.monotonic() - began) / 30 + 1);
});

test("all who wait for a round wait for one promise", () => {
  const first = writer.write([commit(1)]);

  expect(writer.write([commit(2, { partition: 1 })])).toBe(first);
});

test("thousands of offsets go in as many multis as they need", async () => {
  const changes = Array.from({ length: 2_600 }, (_, partition) => commit(9, { partition }));
  await write(...changes);
  const multis = applied();

  await write(...changes.map((change) => ({ ...change, value: committed(10) }) as GroupChange));

  expect(multis.map((multi) => multi.length)).toEqual([499, 499, 499, 499, 499, 105]);
  const read = await stored();
  expect(Object.keys(read)).toHaveLength(2_600);
  expect(new Set(Object.values(read))).toEqual(new Set([10]));
});

test("what changes of one group's state is seen at once, with none of another's between", async () => {
  const fill = Array.from({ length: 300 }, (_, i) => member("a", `m-${i}`));
  await write(group("a"), ...fill);
  const multis = applied();

  await write(...fill, ...Array.from({ length: 300 }, (_, i) => member("b", `m-${i}`)), group("b"));

  for (const name of ["a", "b"]) {
    const own = multis.filter((multi) =>
      multi.some((op) => op.includes(` /consumers/${name}/ids/`)),
    );
    expect(own).toHaveLength(1);
  }
});

test("a state too large for one multi is marked until all of it is there", async () => {
  const members = Array.from({ length: 1_000 }, (_, i) => member("g", `m-${i}`));
  const marks: boolean[] = [];
  world.ensemble.onWrite((operations) => {
    const own = operations.some(({ path }) => path.startsWith("/consumers/g"));
    if (own) marks.push(znode("/consumers/g/ids") === "incomplete");
  });

  await write(group("g"), ...members);

  expect(marks).toEqual([true, true, false]);
  const { value } = await world.settled(store.readGroups(() => true));
  expect(value).toMatchObject([{ incomplete: false, group: GROUP }]);
  expect(value[0]?.members).toHaveLength(1_000);
});

test("one that was cut off in the middle is read as incomplete, until its group is written", async () => {
  const members = Array.from({ length: 1_000 }, (_, i) => member("g", `m-${i}`));
  let parts = 0;
  world.ensemble.onWrite((operations) => {
    if (!operations.some(({ path }) => path.startsWith("/consumers/g"))) return;
    parts += 1;
    if (parts === 2) world.ensemble.expire("a");
  });
  await expect(write(group("g"), ...members)).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
  const other = await world.open("b");

  const readAgain = async () => (await world.settled(other.readGroups(() => true))).value[0];
  expect(await readAgain()).toMatchObject({ incomplete: true });

  const next = (await openSlot(0, other))!;
  await world.settled(next.write([member("g", "m-0")]));
  expect(await readAgain()).toMatchObject({ incomplete: true });
  await world.settled(next.write([group("g")]));
  expect(await readAgain()).toMatchObject({ incomplete: false });
});

test("a group is removed with all below in one multi, what waited for it before with it", async () => {
  await write(group("g"), member("g", "m-1"), ...[0, 1, 2].map((p) => commit(1, { partition: p })));
  const multis = applied();

  const before = writer.write([commit(2), commit(2, { partition: 9 })]);
  const removed = writer.write([removal("g")]);
  await world.settled(Promise.all([before, removed]));

  expect(children("/consumers")).toEqual([]);
  expect(multis).toHaveLength(1);
  await write(commit(5));
  expect(await stored()).toEqual({ 0: 5 });
});

test("what is asked for after a removal stands after it", async () => {
  await write(group("g"), member("g", "m-1"), commit(1), commit(1, { partition: 1 }));

  await write(removal("g"), commit(7, { partition: 1 }));

  expect(await stored()).toEqual({ 1: 7 });
  expect(children("/consumers/g/ids") ?? []).toEqual([]);
});

test("members, single offsets and those of a topic are removed, and missing ones are fine", async () => {
  await write(group("g"), member("g", "m-1"), commit(1), commit(1, { partition: 1 }));
  const none = { groupId: "g", value: undefined } as const;

  await write(
    { type: "member", memberId: "m-1", ...none },
    { type: "member", memberId: "m-2", ...none },
    { type: "offset", topic: "orders", partition: 1, ...none },
    { type: "offset", topic: "gone", partition: 1, ...none },
  );
  expect(children("/consumers/g/ids")).toEqual([]);
  expect(await stored()).toEqual({ 0: 1 });

  await write({ type: "topicOffsets", topic: "orders", ...none }, commit(3, { partition: 2 }));
  expect(await stored()).toEqual({ 2: 3 });
  await write({ type: "topicOffsets", topic: "orders", ...none });
  expect(children("/consumers/g/offsets")).toEqual([]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s the multis of a round costs nothing",
  async (when) => {
    await write(commit(0), group("g"));
    for (const partition of [10, 700]) {
      const path = `/consumers/g/offsets/orders/${partition}`;
      world.ensemble.failNext({
        when,
        matches: ({ operations }) =>
          operations.some((each) => each.path === path && each.type !== "read"),
      });
    }
    const commits = Array.from({ length: 1_200 }, (_, partition) => commit(4, { partition }));

    await write(member("g", "m-1"), ...commits);

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(Object.keys(await stored())).toHaveLength(1_200);
    expect(writer.fenced).toBe(false);
  },
);

test("an answer that was lost leads to no second write of what has arrived", async () => {
  await write(commit(1));
  const multis = applied();
  world.ensemble.failNext({ when: "afterApply" });

  await write(commit(2));

  expect(multis).toEqual([["setData /consumers/g/offsets/orders/0"]]);
});

test("what hands remove under a coordinator is made again by the next write", async () => {
  await write(group("g"), member("g", "m-1"), commit(1), commit(1, { partition: 1 }));
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove("/consumers/g/offsets/orders/0");
  await hand.remove("/consumers/g/ids/m-1");
  await hand.create("/consumers/g/offsets/orders/2", Buffer.from("99"));

  await write(commit(2), commit(2, { partition: 2 }), member("g", "m-1", "b"));

  expect(await stored()).toEqual({ 0: 2, 1: 1, 2: 2 });
  const { value } = await world.settled(store.readGroups(() => true));
  expect(value[0]?.members).toMatchObject([{ member: classicMember("b") }]);
});

test("offsets of an empty group may be changed by hand, in short too", async () => {
  await write(commit(1), commit(1, { partition: 1 }));
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData("/consumers/g/offsets/orders/0", Buffer.from("10\n"));
  await hand.setData("/consumers/g/offsets/orders/1", Buffer.from('{"offset":11}'));

  const { value } = await world.settled(store.readOffsets("g", "all"));

  expect(value).toMatchObject([
    { committed: { offset: 10, leaderEpoch: undefined, metadata: "", topicId: undefined } },
    { committed: { offset: 11, leaderEpoch: undefined, metadata: "", topicId: undefined } },
  ]);
});

test("who has lost the slot is fenced, and writes nothing", async () => {
  await write(commit(1));
  await giveSlot(0, 1);
  let told = 0;
  writer.onFenced(() => told++);

  await expect(write(commit(2))).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });

  expect({ told, fenced: writer.fenced }).toEqual({ told: 1, fenced: true });
  await expect(write(commit(3))).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
  expect(await stored()).toEqual({ 0: 1 });
  expect(await openSlot(0)).toBeUndefined();
  writer = (await openSlot(1))!;
  await write(commit(4));
  expect(await stored()).toEqual({ 0: 4 });
});

test("who asks whether the slot is still theirs hears of it, and is fenced", async () => {
  await world.settled(writer.confirm());
  expect(writer.fenced).toBe(false);

  await giveSlot(0, 1);

  await expect(world.settled(writer.confirm())).rejects.toMatchObject({
    code: "COORDINATOR_FENCED",
  });
  expect(writer.fenced).toBe(true);
});

test("a slot whose znode is gone has nobody", async () => {
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove(`/coordinators/${SLOT}`);

  await expect(write(commit(1))).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
});

test("with the session ends the writer, also for what waits", async () => {
  await write(commit(1));
  const first = writer.write([commit(2)]);
  world.ensemble.expire("a");

  await expect(world.settled(first)).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
  expect(writer.fenced).toBe(true);
});

test("a slot that was given back writes nothing more", async () => {
  const waiting = writer.write([commit(1)]);
  writer.close();

  await expect(world.settled(waiting)).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
  expect(await stored()).toEqual({});
});

test("a write that cannot be completed ends the writer: what is in memory rests on it", async () => {
  await write(group("g"));
  const hand = await world.ensemble.connect("zkCli");
  await hand.create("/consumers/g/offsets", Buffer.of(), { mode: "ephemeral" });

  const code = "NO_CHILDREN_FOR_EPHEMERALS";
  await expect(write(commit(1))).rejects.toMatchObject({ code });

  expect(writer.fenced).toBe(true);
  await expect(write(member("g", "m-1"))).rejects.toMatchObject({ code });
});

test("what no znode can hold is refused before anything is taken", async () => {
  const huge = "x".repeat(500 * 1024);

  await expect(write(commit(1), member("g", "m-1", huge))).rejects.toMatchObject({
    code: "GROUP_TOO_LARGE",
  });
  const value = { ...committed(1), metadata: huge };
  await expect(write({ ...commit(1), value } as GroupChange)).rejects.toMatchObject({
    code: "GROUP_TOO_LARGE",
  });
  expect(await stored()).toEqual({});
});

test("no more waits than may, and who comes later is told so", async () => {
  world.ensemble.cut("a");
  const all = Array.from({ length: 100_000 }, (_, partition) => commit(1, { partition }));
  const taken = writer.write(all.slice(1));
  taken.catch(() => {});

  await expect(writer.write(all.slice(0, 10))).rejects.toMatchObject({
    code: "COORDINATOR_BUSY",
    retriable: true,
  });
  expect(writer.fenced).toBe(false);
});

test("what cannot be understood is named, and left out alone", async () => {
  await write(group("g"), member("g", "m-1"), member("g", "m-2"), group("h"), commit(1));
  await write(commit(1, { partition: 1 }));
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData("/consumers/g/ids/m-1", Buffer.from("{}"));
  await hand.setData("/consumers/h", Buffer.from('{"type":"share"}'));
  await hand.create("/consumers/a b", Buffer.of());
  await hand.setData("/consumers/g/offsets/orders/1", Buffer.from('{"offset":-5}'));
  await hand.create("/consumers/g/offsets/orders/x", Buffer.of());

  const groups = await world.settled(store.readGroups(() => true));
  expect(groups.value).toMatchObject([
    { groupId: "g", incomplete: true, members: [{ memberId: "m-2" }] },
  ]);
  expect(groups.faults.map(({ name, message }) => [name, message])).toEqual([
    ["a b", expect.stringContaining("znode /consumers/a b: ")],
    ["h", 'znode /consumers/h: type is "share", not classic or consumer'],
    ["g", "znode /consumers/g/ids/m-1: type is missing, not text"],
  ]);
  const offsets = await world.settled(store.readOffsets("g", "all"));
  expect(offsets.value).toMatchObject([{ partition: 0 }]);
  expect(offsets.faults.map(({ name }) => name).sort()).toEqual(["orders", "orders-1"]);
});
