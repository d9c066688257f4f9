import { brokerEpoch, brokerId, coordinatorEpoch } from "@zoolog/base";
import { MemoryCoordination } from "@zoolog/testkit";
import type { ControllerWriter, SlotWrite } from "../port/controller-writer.ts";
import type { CoordinationStore } from "../port/coordination-store.ts";

let world: MemoryCoordination;
let store: CoordinationStore;
let writer: ControllerWriter;

beforeEach(async () => {
  world = new MemoryCoordination();
  store = await world.open("a");
  writer = await world.elected(store);
});
afterEach(() => world.close());

/** Slot 5 for broker 1 unless told otherwise. */
function write(options: {
  readonly slot?: number;
  readonly broker?: number;
  readonly expected?: number;
  readonly epoch: number;
}): SlotWrite {
  const { slot = 5, broker = 1, expected, epoch } = options;
  return {
    slot,
    expectedCoordinatorEpoch: expected === undefined ? undefined : coordinatorEpoch(expected),
    coordinatorEpoch: coordinatorEpoch(epoch),
    brokerId: brokerId(broker),
    brokerEpoch: brokerEpoch(70),
    controllerEpoch: writer.controllerEpoch,
  };
}
const put = (...writes: readonly SlotWrite[]) => world.settled(writer.writeSlots(writes));

test("a slot's znode is as documented, and its version is the epoch", async () => {
  expect(await put(write({ epoch: 0 }), write({ slot: 6, epoch: 0 }))).toEqual([
    { slot: 5, outcome: "written" },
    { slot: 6, outcome: "written" },
  ]);
  await put(write({ broker: 2, expected: 0, epoch: 1 }));

  const { znodes } = world.ensemble;
  expect(JSON.parse(Buffer.from(znodes.data("/coordinators/5")!).toString())).toEqual({
    version: 1,
    broker: 2,
    broker_epoch: 70,
    controller_epoch: 1,
  });
  expect(await world.settled(store.readSlots())).toEqual([
    { slot: 5, coordinatorEpoch: 1, brokerId: 2, brokerEpoch: 70, controllerEpoch: 1 },
    { slot: 6, coordinatorEpoch: 0, brokerId: 1, brokerEpoch: 70, controllerEpoch: 1 },
  ]);
});

test("one that somebody else wrote is a conflict, and holds up no other", async () => {
  await put(write({ epoch: 0 }));
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData("/coordinators/5", Buffer.from("mine!"));

  const results = await put(write({ expected: 0, epoch: 1 }), write({ slot: 6, epoch: 0 }));

  expect(results.map(({ outcome }) => outcome)).toEqual(["conflict", "written"]);
  const [found] = await world.settled(store.readSlots());
  expect(found).toMatchObject({ coordinatorEpoch: 1, brokerId: undefined });
});

test.each([
  ["of a znode that was removed", undefined, 7],
  ["of one that was removed and made again", 0, 7],
  ["that many multis have to raise", undefined, 1_203],
])("no epoch comes back, also %s", async (_what, expected, epoch) => {
  if (expected !== undefined) await put(write({ epoch: expected }));

  expect(await put(write({ ...(expected === undefined ? {} : { expected }), epoch }))).toEqual([
    { slot: 5, outcome: "written" },
  ]);

  expect(await world.settled(store.readSlots())).toMatchObject([{ coordinatorEpoch: epoch }]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s costs nothing and raises no version twice",
  async (when) => {
    world.ensemble.failNext({
      when,
      matches: ({ operations }) =>
        operations.some(({ type, path }) => type === "create" && path === "/coordinators/5"),
    });

    expect(await put(write({ epoch: 0 }))).toEqual([{ slot: 5, outcome: "written" }]);

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(await world.settled(store.readSlots())).toMatchObject([{ coordinatorEpoch: 0 }]);
  },
);

test("slots that change together go in one multi", async () => {
  const multis: number[] = [];
  world.ensemble.failNext({
    when: "beforeApply",
    matches: ({ operations }) => {
      if (operations.some(({ path }) => path.startsWith("/coordinators/"))) {
        multis.push(operations.length);
      }
      return false;
    },
  });

  await put(...Array.from({ length: 64 }, (_, slot) => write({ slot, epoch: 0 })));

  // The check of the controller's epoch, and a creation for each.
  expect(multis).toEqual([65]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "slots whose multi was lost %s are written once, by themselves",
  async (when) => {
    world.ensemble.failNext({
      when,
      matches: ({ operations }) => operations.some(({ path }) => path === "/coordinators/5"),
    });

    const results = await put(write({ epoch: 0 }), write({ slot: 6, epoch: 0 }));

    expect(results.map(({ outcome }) => outcome)).toEqual(["written", "written"]);
    expect(world.ensemble.pendingFaults).toBe(0);
    expect(await world.settled(store.readSlots())).toMatchObject([
      { slot: 5, coordinatorEpoch: 0 },
      { slot: 6, coordinatorEpoch: 0 },
    ]);
  },
);

test("an epoch that many multis have to raise stands beside others that one writes", async () => {
  await put(write({ epoch: 600 }), write({ slot: 6, epoch: 0 }), write({ slot: 7, epoch: 3 }));

  expect(await world.settled(store.readSlots())).toMatchObject([
    { slot: 5, coordinatorEpoch: 600 },
    { slot: 6, coordinatorEpoch: 0 },
    { slot: 7, coordinatorEpoch: 3 },
  ]);
});

test("names that are no slots are nobody's", async () => {
  const hand = await world.ensemble.connect("zkCli");
  for (const name of ["x", "07", "-1"]) await hand.create(`/coordinators/${name}`, Buffer.of());

  expect(await world.settled(store.readSlots())).toEqual([]);
});
