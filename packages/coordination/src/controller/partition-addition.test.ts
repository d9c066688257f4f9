import { brokerId } from "@zoolog/base";
import { MemoryCoordination, sampleState, sampleTopic, sampleTopicId } from "@zoolog/testkit";
import type { ControllerWriter, NewPartitionZnodes } from "../port/controller-writer.ts";
import type { CoordinationStore } from "../port/coordination-store.ts";

let world: MemoryCoordination;
let store: CoordinationStore;
let writer: ControllerWriter;

beforeEach(async () => {
  world = new MemoryCoordination();
  store = await world.open("a");
  writer = await world.elected(store);
  await world.settled(writer.createTopic(sampleTopic("orders", 2)));
});
afterEach(() => world.close());

const TOPIC = "/brokers/topics/orders";
const text = (path: string) => Buffer.from(world.ensemble.znodes.data(path) ?? []).toString();
const assignment = () => JSON.parse(text(TOPIC)).partitions;

function addition(count: number, existing = 2): NewPartitionZnodes {
  const replicas = [brokerId(0)];
  return {
    topic: "orders",
    topicId: sampleTopicId("orders"),
    existing: Array.from({ length: existing }, () => replicas),
    partitions: Array.from({ length: count }, () => ({ replicas, state: sampleState({}) })),
  };
}

const add = (partitions: NewPartitionZnodes) => world.settled(writer.addPartitions(partitions));

async function storedPartitions() {
  const { topics } = await world.settled(store.readCluster());
  return topics[0]?.partitions.map(({ stored }) => stored.status) ?? [];
}

test("partitions stand behind those that were there, each with its state", async () => {
  await expect(add(addition(3))).resolves.toBe("added");

  expect(assignment()).toEqual({ "0": [0], "1": [0], "2": [0], "3": [0], "4": [0] });
  expect(await storedPartitions()).toEqual(Array.from({ length: 5 }, () => "present"));
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s each multi of many partitions costs nothing",
  async (when) => {
    world.ensemble.failNext({ when, matches: isWriteOf(TOPIC) });
    world.ensemble.failNext({ when, matches: isWriteOf(`${TOPIC}/partitions/1100/state`) });

    await expect(add(addition(1_200))).resolves.toBe("added");

    expect(world.ensemble.pendingFaults).toBe(0);
    const stored = await storedPartitions();
    expect(stored).toHaveLength(1_202);
    expect(stored.every((status) => status === "present")).toBe(true);
  },
);

test("what a deposed controller did not finish is found by its successor, without states", async () => {
  let writes = 0;
  world.ensemble.failNext({
    when: "beforeApply",
    matches: ({ kind }) => kind === "write" && writes++ === 1,
  });
  const interrupted = writer.addPartitions(addition(700));
  interrupted.catch(() => {});
  await world.pass(0);
  world.ensemble.expire("a");
  await expect(world.settled(interrupted)).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });

  const second = await world.open("second");
  const { topics } = await world.settled(second.readCluster());

  const stored = topics[0]?.partitions.map(({ stored: { status } }) => status) ?? [];
  expect(stored).toHaveLength(702);
  expect(new Set(stored)).toEqual(new Set(["present", "absent"]));
});

test("a topic whose replicas are not what the controller knows stays as it is", async () => {
  await expect(add(addition(2, 1))).resolves.toBe("changed");

  expect(assignment()).toEqual({ "0": [0], "1": [0] });
});

test("a topic that is gone, or another of the same name, is not extended", async () => {
  await expect(add({ ...addition(1), topic: "pets" })).resolves.toBe("changed");
  await expect(add({ ...addition(1), topicId: sampleTopicId("other") })).resolves.toBe("changed");
});

test("a topic znode that cannot be read is left alone", async () => {
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData(TOPIC, Buffer.from("{broken"));

  await expect(add(addition(1))).resolves.toBe("unreadable");

  expect(text(TOPIC)).toBe("{broken");
});

test("a folder that stands where a partition belongs is made use of", async () => {
  const hand = await world.ensemble.connect("zkCli");
  await hand.create(`${TOPIC}/partitions/2`, Buffer.alloc(0));

  await expect(add(addition(2))).resolves.toBe("added");

  expect(await storedPartitions()).toEqual(Array.from({ length: 4 }, () => "present"));
});

test("a deposed controller adds nothing", async () => {
  const deposed = writer;
  world.ensemble.expire("a");
  await world.pass(60_000);
  await world.elected(store);

  await expect(world.settled(deposed.addPartitions(addition(1)))).rejects.toMatchObject({
    code: "CONTROLLER_FENCED",
  });
  expect(assignment()).toEqual({ "0": [0], "1": [0] });
});

function isWriteOf(path: string) {
  return ({ operations }: { operations: readonly { type: string; path: string }[] }): boolean =>
    operations.some((operation) => operation.path === path && operation.type !== "read");
}
