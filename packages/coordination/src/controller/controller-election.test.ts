import {
  brokerId,
  controllerEpoch,
  type LogFields,
  partitionEpoch,
  silentLogger,
  type ZoologError,
} from "@zoolog/base";
import {
  createMemoryStore,
  MemoryCoordination,
  sampleBroker,
  sampleState,
  sampleTopic,
} from "@zoolog/testkit";
import type { ControllerWriter } from "../port/controller-writer.ts";
import type { CoordinationStore, Election } from "../port/coordination-store.ts";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination();
});
afterEach(() => world.close());

function elected(election: Election): ControllerWriter {
  if (election.outcome !== "elected") throw new Error("lost the election");
  return election.writer;
}

const elect = (store: CoordinationStore, id: number) =>
  world.settled(store.electController(brokerId(id)));

test("the first controller has epoch 1, compared with version 0 of the epoch", async () => {
  const store = await world.open("a");

  const writer = elected(await elect(store, 7));

  expect(writer.controllerEpoch).toBe(1);
  expect(world.ensemble.znodes.stat("/controller_epoch")?.version).toBe(1);
  await expect(store.readController()).resolves.toEqual({ brokerId: 7, controllerEpoch: 1 });
});

test("two that race: one wins, the other is told who", async () => {
  const a = await world.open("a");
  const b = await world.open("b");

  const outcomes = await world.settled(
    Promise.all([a.electController(brokerId(0)), b.electController(brokerId(1))]),
  );

  const winner = outcomes.findIndex((election) => election.outcome === "elected");
  expect(outcomes[1 - winner]).toEqual({
    outcome: "lost",
    controller: { brokerId: winner, controllerEpoch: 1 },
  });
});

test.each(["beforeApply", "afterApply"] as const)(
  "of a connection lost %s around a deposition comes one reign or the former one",
  async (when) => {
    const a = await world.open("a");
    const b = await world.open("b");
    elected(await elect(a, 0));
    const deposing = { brokerId: brokerId(0), controllerEpoch: controllerEpoch(1) };
    const isDeposition = ({ operations }: { operations: readonly { type: string }[] }) =>
      operations[0]?.type === "remove" && operations.length === 3;
    world.ensemble.failNext({ when, client: "b", matches: isDeposition });

    const election = await world.settled(b.electController(brokerId(1), deposing));

    expect(world.ensemble.pendingFaults).toBe(0);
    const outcome = when === "afterApply" ? "elected" : "lost";
    expect(election.outcome).toBe(outcome);
    const epoch = when === "afterApply" ? 2 : 1;
    await expect(b.readController()).resolves.toMatchObject({ controllerEpoch: epoch });
  },
);

test("the log names who was deposed by other names than the broker that says so", async () => {
  const lines: (LogFields | undefined)[] = [];
  const logger = {
    ...silentLogger,
    warn: (_: string, fields?: LogFields) => void lines.push(fields),
  };
  const a = await world.open("a");
  const b = await world.settled(
    createMemoryStore({ name: "b" }, { ...world.time, ensemble: world.ensemble, logger }),
  );
  elected(await elect(a, 0));
  const deposing = { brokerId: brokerId(0), controllerEpoch: controllerEpoch(1) };

  elected(await world.settled(b.electController(brokerId(1), deposing)));
  await b.close();

  expect(lines).toEqual([{ deposed: 0, deposedEpoch: 1 }]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s around the election leaves exactly one epoch behind",
  async (when) => {
    const store = await world.open("a");
    world.ensemble.failNext({
      when,
      matches: ({ operations }) => operations[0]?.type === "create" && operations.length === 2,
    });

    const writer = elected(await elect(store, 0));

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(writer.controllerEpoch).toBe(1);
    await world.settled(writer.createTopic(sampleTopic("orders", 1)));
  },
);

test("a session that ends while the answer is lost takes the won election with it", async () => {
  const store = await world.open("a");
  const other = await world.open("b");
  world.ensemble.failNext({ when: "afterApply", client: "a", matches: isElection });

  const election = store.electController(brokerId(0));
  await world.pass(0);
  world.ensemble.expire("a");
  const rival = elected(await elect(other, 1));

  expect(rival.controllerEpoch).toBe(2);
  await expect(world.settled(election)).resolves.toEqual({
    outcome: "lost",
    controller: { brokerId: 1, controllerEpoch: 2 },
  });
});

test("a controller whose session ended is fenced by the epoch, not by timing", async () => {
  const a = await world.open("a");
  const b = await world.open("b");
  const old = elected(await elect(a, 0));
  const fenced = jest.fn();
  old.onFenced(fenced);

  // The ensemble gave it up, but it has not heard of it.
  world.ensemble.cut("a");
  await world.pass(7_000);
  const successor = elected(await elect(b, 1));
  const write = old.createTopic(sampleTopic("late", 1));
  world.ensemble.heal("a");

  await expect(world.settled(write)).rejects.toMatchObject({
    code: "CONTROLLER_FENCED",
    retriable: false,
  });
  expect(successor.controllerEpoch).toBe(2);
  expect(fenced).toHaveBeenCalledTimes(1);
  expect(world.ensemble.znodes.stat("/brokers/topics/late")).toBeUndefined();
  await expect(old.discardDeleteRequest("x")).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });
});

test("a controller that lives on beside a later one is stopped by the check of its first write", async () => {
  const a = await world.open("a");
  const old = elected(await elect(a, 0));
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData("/controller_epoch", Buffer.from("9"));

  await expect(world.settled(old.createTopic(sampleTopic("late", 1)))).rejects.toMatchObject({
    code: "CONTROLLER_FENCED",
  });
  expect(old.fenced).toBe(true);
});

test("resigning frees the seat and ends the pen", async () => {
  const a = await world.open("a");
  const b = await world.open("b");
  const writer = elected(await elect(a, 0));

  await world.settled(writer.resign());

  expect(elected(await elect(b, 1)).controllerEpoch).toBe(2);
  await expect(writer.writePartitionStates([])).resolves.toEqual([]);
  await expect(writer.createTopic(sampleTopic("x", 1))).rejects.toMatchObject({
    code: "CONTROLLER_FENCED",
  });
});

test("a deposed controller that resigns leaves the seat of its successor alone", async () => {
  const a = await world.open("a");
  const b = await world.open("b");
  const old = elected(await elect(a, 0));
  world.ensemble.expire("a");
  elected(await elect(b, 1));

  await world.settled(old.resign());

  await expect(world.settled(b.readController())).resolves.toEqual({
    brokerId: 1,
    controllerEpoch: 2,
  });
});

test("an epoch that was removed by hand goes on above every epoch in use", async () => {
  const a = await world.open("a");
  const hand = await world.ensemble.connect("zkCli");
  for (let i = 0; i < 3; i++) await world.settled(elected(await elect(a, 0)).resign());
  const writer = elected(await elect(a, 0));
  const topic = sampleTopic("orders", 1);
  const [partition] = topic.partitions;
  const state = { ...partition!.state, controllerEpoch: writer.controllerEpoch };
  await world.settled(writer.createTopic({ ...topic, partitions: [{ ...partition!, state }] }));
  await world.settled(writer.resign());

  await hand.remove("/controller_epoch");

  expect(elected(await elect(a, 0)).controllerEpoch).toBe(5);
});

test("who looked before an epoch was given out does not give it out again", async () => {
  const a = await world.open("a");
  const b = await world.open("b");
  const hand = await world.ensemble.connect("zkCli");
  await hand.create("/controller_epoch", Buffer.from("0"));
  // What b reads from now on is what stood here before a was elected and left.
  world.ensemble.session("b").freezeReads();
  await world.settled(elected(await elect(a, 0)).resign());

  expect(elected(await elect(b, 1)).controllerEpoch).toBe(2);
});

test("a controller deposed while an answer was lost learns that, not of a conflict", async () => {
  const a = await world.open("a");
  const old = elected(await elect(a, 0));
  await world.settled(old.createTopic(sampleTopic("orders", 1)));
  const hand = await world.ensemble.connect("zkCli");
  const path = "/brokers/topics/orders/partitions/0/state";
  world.ensemble.failNext({ when: "beforeApply", client: "a" });

  const state = sampleState({ epoch: 1 });
  const expectedPartitionEpoch = partitionEpoch(0);
  const write = old.writePartitionStates([
    { topic: "orders", partition: 0, expectedPartitionEpoch, state },
  ]);
  await world.pass(0);
  await hand.setData("/controller_epoch", Buffer.from("2"));
  await hand.setData(path, (await hand.getData(path)).data);

  await expect(world.settled(write)).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });
});

test.each(["many", "", "-1", "99999999999", "x".repeat(500), "\u0000\u00ff"])(
  "an epoch that is none (%j) is named, not guessed, with what to write in its place",
  async (garbage) => {
    const a = await world.open("a");
    for (let i = 0; i < 3; i++) await world.settled(elected(await elect(a, 0)).resign());
    const hand = await world.ensemble.connect("zkCli");
    await hand.setData("/controller_epoch", Buffer.from(garbage));

    const fault = await elect(a, 0).catch((error: ZoologError) => error);

    expect(fault).toMatchObject({
      code: "ZNODE_MALFORMED",
      message: expect.stringMatching(/^znode \/controller_epoch: .* is not an epoch, so no/su),
      hint: expect.stringContaining("set /controller_epoch 4)"),
    });
    expect((fault as ZoologError).message.length).toBeLessThan(250);
    await hand.setData("/controller_epoch", Buffer.from("4"));
    expect(elected(await elect(a, 0)).controllerEpoch).toBe(5);
  },
);

test("the epoch to write is above every epoch in use, also where the znode was made anew", async () => {
  const a = await world.open("a");
  const topic = sampleTopic("orders", 1);
  const [partition] = topic.partitions;
  const state = { ...partition!.state, controllerEpoch: controllerEpoch(40) };
  const writer = elected(await elect(a, 0));
  await world.settled(writer.createTopic({ ...topic, partitions: [{ ...partition!, state }] }));
  await world.settled(writer.resign());
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove("/controller_epoch");
  for (let i = 0; i < 2; i++) await world.settled(elected(await elect(a, 0)).resign());
  await hand.setData("/controller_epoch", Buffer.from("?"));

  await expect(elect(a, 0)).rejects.toMatchObject({
    hint: expect.stringContaining("set /controller_epoch 43)"),
  });
});

function isElection({ operations }: { operations: readonly { readonly type: string }[] }): boolean {
  return operations.length === 2 && operations[0]?.type === "create";
}

test("a broker that restarts within its old session takes its old controllership away", async () => {
  const earlier = await world.open("earlier");
  await world.settled(earlier.registerBroker(sampleBroker(0)));
  elected(await elect(earlier, 0));
  world.ensemble.cut("earlier");

  const restarted = await world.open("restarted");
  await world.settled(restarted.registerBroker(sampleBroker(0)));

  await expect(restarted.readController()).resolves.toBeUndefined();
  expect(elected(await elect(restarted, 0)).controllerEpoch).toBe(2);
});

test("the controllership of somebody else stays when a broker restarts", async () => {
  const earlier = await world.open("earlier");
  await world.settled(earlier.registerBroker(sampleBroker(0)));
  const other = await world.open("other");
  elected(await elect(other, 1));
  world.ensemble.cut("earlier");

  const restarted = await world.open("restarted");
  await world.settled(restarted.registerBroker(sampleBroker(0)));

  await expect(restarted.readController()).resolves.toMatchObject({ brokerId: 1 });
});
