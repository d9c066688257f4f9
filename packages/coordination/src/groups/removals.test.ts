import { offset, type TopicId, timestamp } from "@zoolog/base";
import { MemoryCoordination, sampleSlotWrite, sampleTopicId } from "@zoolog/testkit";
import type { CoordinationStore } from "../port/coordination-store.ts";
import type { GroupChange, SlotWriter } from "../port/slot-writer.ts";

const FORMER = sampleTopicId("former");
const PRESENT = sampleTopicId("present");

let world: MemoryCoordination;
let store: CoordinationStore;
let writer: SlotWriter;

beforeEach(async () => {
  world = new MemoryCoordination();
  store = await world.open("a");
  const controller = await world.elected(store);
  const { controllerEpoch } = controller;
  const slot = sampleSlotWrite({ slot: 5, controllerEpoch });
  await world.settled(controller.writeSlots([slot]));
  writer = (await world.settled(store.openSlots([slot])))[0]!;
});
afterEach(() => world.close());

const write = (...changes: readonly GroupChange[]) => world.settled(writer.write(changes));
const key = (partition: number) => ({ groupId: "g", topic: "orders", partition });
const commit = (partition: number, position: number, topicId: TopicId): GroupChange => ({
  type: "offset",
  ...key(partition),
  value: {
    offset: offset(position),
    leaderEpoch: undefined,
    metadata: "",
    committedAt: timestamp(0),
    topicId,
  },
});
const stale = (partition: number): GroupChange => ({
  type: "staleOffset",
  ...key(partition),
  topicId: FORMER,
  value: undefined,
});
const member = (memberId: string, isThere = true): GroupChange => ({
  type: "member",
  groupId: "g",
  memberId,
  value: !isThere
    ? undefined
    : {
        type: "classic",
        instanceId: undefined,
        clientId: "app",
        clientHost: "10.0.0.1",
        sessionTimeoutMs: 45_000,
        rebalanceTimeoutMs: 60_000,
        protocols: [],
        assignment: new Uint8Array(),
        generationId: 0,
      },
});
const offsets = async () => {
  const { value } = await world.settled(store.readOffsets("g", "all"));
  return Object.fromEntries(value.map((one) => [one.partition, one.committed.offset]));
};

describe("an offset that was seen to be of a former topic goes", () => {
  test("while it is, and what was committed since stays", async () => {
    await write(commit(0, 1, FORMER), commit(1, 1, FORMER), commit(2, 1, FORMER));
    await write(commit(1, 7, PRESENT));

    await write(stale(0), stale(1), stale(9));

    expect(await offsets()).toEqual({ 1: 7, 2: 1 });
  });

  test("but not one whose commit was on its way when it was seen", async () => {
    await write(commit(0, 1, FORMER), commit(1, 1, FORMER));
    await world.pass(100);

    const underWay = writer.write([commit(0, 7, PRESENT)]);
    const seen = world.pass(1).then(() => write(stale(0), commit(1, 8, PRESENT), stale(1)));
    await world.settled(Promise.all([underWay, seen]));

    expect(await offsets()).toEqual({ 0: 7, 1: 8 });
  });

  test("nor one that is committed before its turn has come", async () => {
    await write(commit(0, 1, FORMER));

    await write(stale(0), commit(0, 7, PRESENT));

    expect(await offsets()).toEqual({ 0: 7 });
  });
});

test("what hands have made below members and offsets goes with them, and fences nobody", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `m-${i}`);
  await write(...names.map((name) => member(name)), commit(0, 1, PRESENT), commit(1, 1, PRESENT));
  const hand = await world.ensemble.connect("zkCli");
  for (const name of names) await hand.create(`/consumers/g/ids/${name}/note`, Buffer.from("?"));
  await hand.create("/consumers/g/offsets/orders/0/note", Buffer.from("?"));
  await hand.create("/consumers/g/offsets/orders/0/note/more", Buffer.from("?"));

  await write(...names.map((name) => member(name, false)));
  await write({ type: "offset", ...key(0), value: undefined });

  expect(writer.fenced).toBe(false);
  expect(world.ensemble.znodes.children("/consumers/g/ids")).toEqual([]);
  expect(await offsets()).toEqual({ 1: 1 });
});
