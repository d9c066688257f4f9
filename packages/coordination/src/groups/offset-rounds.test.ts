/** Rounds of offsets over an ensemble that takes longer to answer than rounds are apart. */
import { offset, timestamp } from "@zoolog/base";
import { MemoryCoordination, sampleSlotWrite } from "@zoolog/testkit";
import type { CoordinationStore } from "../port/coordination-store.ts";
import type { GroupChange, SlotWriter } from "../port/slot-writer.ts";

const SLOT = 0;
const LATENCY_MS = 100;
const ROUND_MS = 30;

let world: MemoryCoordination;
let store: CoordinationStore;
let writer: SlotWriter;

beforeEach(async () => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000, latencyMs: LATENCY_MS });
  store = await world.settled(world.open("b0"));
  const controller = await world.elected(store);
  const { controllerEpoch } = controller;
  const slot = sampleSlotWrite({ slot: SLOT, controllerEpoch });
  await world.settled(controller.writeSlots([slot]));
  writer = (await world.settled(store.openSlots([slot])))[0]!;
  await world.settled(writer.write([commit(0)]));
});
afterEach(() => world.close());

function commit(position: number, partition = 0): GroupChange {
  return {
    type: "offset",
    groupId: "g",
    topic: "orders",
    partition,
    value: {
      offset: offset(position),
      leaderEpoch: undefined,
      metadata: "",
      committedAt: timestamp(1),
      topicId: undefined,
    },
  };
}

const emptied: GroupChange = {
  type: "group",
  groupId: "g",
  value: {
    type: "classic",
    generationId: 1,
    protocolType: undefined,
    protocolName: undefined,
    leader: undefined,
  },
};

/** Offsets and state in the order in which they were applied. */
function applied(): string[] {
  const seen: string[] = [];
  world.ensemble.onWrite((operations) => {
    for (const operation of operations) {
      if (operation.path === "/consumers/g") seen.push("state");
      if (operation.path.includes("/offsets/orders/") && "data" in operation) {
        const partition = operation.path.slice(operation.path.lastIndexOf("/") + 1);
        const { offset: at } = JSON.parse(Buffer.from(operation.data).toString());
        seen.push(`${partition}@${at}`);
      }
    }
  });
  return seen;
}

const standing = async () => {
  const { value } = await world.settled(store.readOffsets("g", "all"));
  return value.map(({ committed }) => committed.offset);
};

test("a round does not wait for the answers of the one before, and comes after it", async () => {
  const order = applied();
  const began = world.time.clock.monotonic();
  const writes: Promise<void>[] = [];
  for (let position = 1; position <= 4; position++) {
    writes.push(writer.write([commit(position)]));
    await world.pass(ROUND_MS);
  }
  await world.settled(Promise.all(writes));

  expect(order).toEqual(["0@1", "0@2", "0@3", "0@4"]);
  const tookMs = world.time.clock.monotonic() - began;
  expect(tookMs).toBeLessThan(4 * LATENCY_MS);
});

test("state comes after the offsets before it are answered, and before those after it", async () => {
  const order = applied();
  const writes = [writer.write([commit(1)])];
  await world.pass(ROUND_MS);
  writes.push(writer.write([emptied]));
  await world.pass(ROUND_MS);
  writes.push(writer.write([commit(2, 1)]));
  await world.settled(Promise.all(writes));

  expect(order).toEqual(["0@1", "state", "1@2"]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "after a connection that was lost %s the newest of all rounds stands, and none goes back",
  async (when) => {
    const order = applied();
    world.ensemble.failNext({ when });
    const writes = [writer.write([commit(1), commit(1, 1)])];
    await world.pass(ROUND_MS);
    writes.push(writer.write([commit(2)]));
    await world.settled(Promise.all(writes));

    expect(await standing()).toEqual([2, 1]);
    expect(order.indexOf("0@2")).toBeGreaterThan(order.lastIndexOf("0@1"));
    expect(new Set(order).size).toBe(order.length);
  },
);

test("what a hand removed meanwhile is made again, with the newest offset", async () => {
  const hand = await world.settled(world.ensemble.connect("zkCli"));
  const writes = [writer.write([commit(1)])];
  void hand.remove("/consumers/g/offsets/orders/0");
  await world.pass(ROUND_MS);
  writes.push(writer.write([commit(2)]));
  await world.settled(Promise.all(writes));

  expect(await standing()).toEqual([2]);
});

test("with the slot all rounds that are under way are refused", async () => {
  const hand = await world.settled(world.ensemble.connect("controller"));
  await world.settled(hand.setData("/coordinators/0", new Uint8Array(1)));
  const writes = [writer.write([commit(1)])];
  await world.pass(ROUND_MS);
  writes.push(writer.write([commit(2)]));
  const outcomes = await world.settled(Promise.allSettled(writes));

  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(writer.fenced).toBe(true);
});
