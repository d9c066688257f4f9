import { coordinatorEpoch, offset, timestamp } from "@zoolog/base";
import { MemoryCoordination, sampleSlotWrite } from "@zoolog/testkit";
import type { ControllerWriter } from "../port/controller-writer.ts";
import type { CoordinationStore } from "../port/coordination-store.ts";
import type { GroupChange } from "../port/slot-writer.ts";

let world: MemoryCoordination;
let store: CoordinationStore;
let controller: ControllerWriter;

beforeEach(async () => {
  world = new MemoryCoordination();
  store = await world.open("a");
  // Its session outlives that of the coordinator.
  controller = await world.elected(await world.open("b"));
});
afterEach(() => world.close());

/** Slots from 0 on, given to somebody under epoch 0. */
async function slotsGiven(count: number): Promise<readonly number[]> {
  const slots = Array.from({ length: count }, (_, slot) => slot);
  await world.settled(controller.writeSlots(slots.map((slot) => given(slot, undefined, 0))));
  return slots;
}
const passOn = (slot: number) => world.settled(controller.writeSlots([given(slot, 0, 1)]));
function given(slot: number, expected: number | undefined, epoch: number) {
  const { controllerEpoch } = controller;
  return sampleSlotWrite({ slot, expected, epoch, controllerEpoch });
}

const atEpoch = (slot: number, epoch = 0) => ({ slot, coordinatorEpoch: coordinatorEpoch(epoch) });
const open = (...slots: readonly number[]) =>
  world.settled(store.openSlots(slots.map((slot) => atEpoch(slot))));
const commit = (groupId: string): readonly GroupChange[] => [
  {
    type: "offset",
    groupId,
    topic: "orders",
    partition: 0,
    value: {
      offset: offset(1),
      leaderEpoch: undefined,
      metadata: "",
      committedAt: timestamp(0),
      topicId: undefined,
    },
  },
];
/** How many slots each multi asked for from here on, whatever became of it. */
function asked(): number[] {
  const multis: number[] = [];
  world.ensemble.failNext({
    when: "beforeApply",
    matches: ({ operations }) => {
      if (operations.every(({ path }) => path.startsWith("/coordinators/"))) {
        multis.push(operations.length);
      }
      return false;
    },
  });
  return multis;
}

test.each([
  [64, [64]],
  [600, [499, 101]],
])("%i slots are opened by as few multis as they fit into", async (count, expected) => {
  const slots = await slotsGiven(count);
  const multis = asked();

  const writers = await open(...slots);

  expect(multis).toEqual(expected);
  expect(writers.map(({ slot }) => slot)).toEqual(slots);
});

test.each([
  ["has passed on", () => passOn(1)],
  [
    "has lost its znode",
    async () => (await world.ensemble.connect("zkCli")).remove("/coordinators/1"),
  ],
])("a slot that %s has no writer, and holds up no other", async (_what, happen) => {
  const slots = await slotsGiven(3);
  await happen();

  const writers = await open(...slots);

  expect(writers.map(({ slot, fenced }) => ({ slot, fenced }))).toEqual([
    { slot: 0, fenced: false },
    { slot: 2, fenced: false },
  ]);
  await world.settled(
    Promise.all(writers.map((writer) => writer.write(commit(`g${writer.slot}`)))),
  );
});

test("slots at an epoch that is yet to come have no writer", async () => {
  await slotsGiven(2);

  expect(await world.settled(store.openSlots([atEpoch(0, 1), atEpoch(1, 1)]))).toEqual([]);
});

test("each slot of those that were opened together has a fence of its own", async () => {
  const [first, second, third] = await open(...(await slotsGiven(3)));
  await passOn(1);

  const late = world.settled(second!.write(commit("late")));

  await expect(late).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
  await world.settled(first!.write(commit("g")));
  await world.settled(third!.write(commit("h")));
  expect([first, second, third].map((writer) => writer!.fenced)).toEqual([false, true, false]);
  expect(world.ensemble.znodes.children("/consumers")).toEqual(["g", "h"]);
});

test("the end of the session fences all of them", async () => {
  const writers = await open(...(await slotsGiven(2)));

  world.ensemble.expire("a");

  expect(writers.map(({ fenced }) => fenced)).toEqual([true, true]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "slots whose multi was lost %s are opened by themselves",
  async (when) => {
    const slots = await slotsGiven(3);
    const multis = asked();
    world.ensemble.failNext({ when, matches: ({ operations }) => operations.length === 3 });

    const writers = await open(...slots);

    expect(multis).toEqual([3, 1, 1, 1]);
    expect(writers.map(({ slot, fenced }) => [slot, fenced])).toEqual([
      [0, false],
      [1, false],
      [2, false],
    ]);
  },
);

test("slots whose session ends on the way are opened in the next one", async () => {
  const slots = await slotsGiven(2);
  world.ensemble.onWrite((operations) => {
    if (operations.length === 2) world.ensemble.expire("a");
  });

  const writers = await open(...slots);

  expect(writers.map(({ slot, fenced }) => [slot, fenced])).toEqual([
    [0, false],
    [1, false],
  ]);
  await world.settled(Promise.all(writers.map((writer) => writer.confirm())));
});
