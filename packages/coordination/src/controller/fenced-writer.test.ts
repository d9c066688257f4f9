import { brokerId, partitionEpoch } from "@zoolog/base";
import { MemoryCoordination, sampleState, sampleTopic, sampleTopicId } from "@zoolog/testkit";
import type { ControllerWriter, PartitionStateWrite } from "../port/controller-writer.ts";
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

const znode = (path: string) => {
  const data = world.ensemble.znodes.data(path);
  return data === undefined ? undefined : JSON.parse(Buffer.from(data).toString());
};
const statePath = (partition: number, topic = "orders") =>
  `/brokers/topics/${topic}/partitions/${partition}/state`;
const create = (name: string, partitions: number) =>
  world.settled(writer.createTopic(sampleTopic(name, partitions)));

function raise(partition: number, options: { expected: number; epoch: number }) {
  return {
    topic: "orders",
    partition,
    expectedPartitionEpoch: partitionEpoch(options.expected),
    state: sampleState({ epoch: options.epoch }),
  } satisfies PartitionStateWrite;
}

test("a topic is created as documented", async () => {
  await expect(create("orders", 2)).resolves.toBe("created");

  expect(znode("/brokers/topics/orders")).toEqual({
    version: 3,
    topic_id: sampleTopicId("orders"),
    partitions: { "0": [0], "1": [0] },
    adding_replicas: {},
    removing_replicas: {},
  });
  expect(znode(statePath(1))).toEqual({
    version: 1,
    controller_epoch: 1,
    leader: 0,
    leader_epoch: 0,
    isr: [0],
    isr_broker_epochs: [100],
  });
  expect(znode("/config/topics/orders")).toEqual({ version: 1, config: {} });
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s each multi of a large topic costs nothing",
  async (when) => {
    world.ensemble.failNext({ when, matches: isWriteOf("/brokers/topics/orders") });
    world.ensemble.failNext({ when, matches: isWriteOf(statePath(1_150)) });

    await expect(create("orders", 1_200)).resolves.toBe("created");

    expect(world.ensemble.pendingFaults).toBe(0);
    const { topics } = await world.settled(store.readCluster());
    expect(topics[0]?.partitions).toHaveLength(1_200);
    expect(topics[0]?.partitions.every(({ stored }) => stored.status === "present")).toBe(true);
  },
);

test("a topic that is there already stays as it is", async () => {
  await create("orders", 1);

  const again = writer.createTopic(sampleTopic("orders", 3, "another"));

  await expect(world.settled(again)).resolves.toBe("exists");
  expect(znode("/brokers/topics/orders").partitions).toEqual({ "0": [0] });
});

test("config left behind under the name of a new topic is replaced", async () => {
  const hand = await world.ensemble.connect("zkCli");
  await hand.create("/config/topics/orders", Buffer.from('{"version":1,"config":{"flush":"os"}}'));

  await expect(create("orders", 1)).resolves.toBe("created");

  expect(znode("/config/topics/orders").config).toEqual({});
});

test("an assignment that no znode can hold is refused before anything is written", async () => {
  const topic = sampleTopic("orders", 10_000);
  const replicas = Array.from({ length: 20 }, (_, i) => brokerId(1_000_000 + i));
  const partitions = topic.partitions.map((partition) => ({ ...partition, replicas }));

  await expect(world.settled(writer.createTopic({ ...topic, partitions }))).rejects.toMatchObject({
    code: "TOPIC_TOO_LARGE",
  });
  expect(world.ensemble.znodes.stat("/config/topics/orders")).toBeUndefined();
});

test("states are compared by version, and 0 means 0", async () => {
  await create("orders", 2);
  await world.settled(writer.writePartitionStates([raise(1, { expected: 0, epoch: 1 })]));

  const results = await world.settled(
    writer.writePartitionStates([
      raise(0, { expected: 0, epoch: 1 }),
      raise(1, { expected: 0, epoch: 2 }),
    ]),
  );

  expect(results).toEqual([
    { topic: "orders", partition: 0, outcome: "written", partitionEpoch: 1 },
    {
      topic: "orders",
      partition: 1,
      outcome: "conflict",
      stored: { status: "present", state: sampleState({ epoch: 1 }), partitionEpoch: 1 },
    },
  ]);
  expect(znode(statePath(1)).leader_epoch).toBe(1);
});

test.each(["beforeApply", "afterApply"] as const)(
  "after a connection lost %s thousands of states are written once each",
  async (when) => {
    await create("orders", 1_500);
    for (const at of [3, 700, 1_400]) {
      world.ensemble.failNext({ when, matches: isWriteOf(statePath(at)) });
    }
    const writes = Array.from({ length: 1_500 }, (_, p) => raise(p, { expected: 0, epoch: 1 }));

    const results = await world.settled(writer.writePartitionStates(writes));

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(results.every((result) => result.outcome === "written")).toBe(true);
    for (const partition of [0, 3, 700, 1_499]) {
      expect(world.ensemble.znodes.stat(statePath(partition))?.version).toBe(1);
      expect(znode(statePath(partition)).leader_epoch).toBe(1);
    }
  },
);

test("a write overtaken while its answer was lost is a conflict, not ours and not repeated", async () => {
  await create("orders", 1);
  const hand = await world.ensemble.connect("zkCli");
  const theirs = znode(statePath(0));
  world.ensemble.failNext({ when: "beforeApply", client: "a", matches: isWriteOf(statePath(0)) });

  const write = writer.writePartitionStates([raise(0, { expected: 0, epoch: 1 })]);
  await world.pass(0);
  await hand.setData(statePath(0), Buffer.from(JSON.stringify({ ...theirs, leader_epoch: 77 })));

  const [result] = await world.settled(write);
  expect(result).toMatchObject({
    outcome: "conflict",
    stored: { status: "present", state: { leaderEpoch: 77 }, partitionEpoch: 1 },
  });
  expect(znode(statePath(0)).leader_epoch).toBe(77);
});

test("states that vanished, or that nobody can read, are conflicts that say so", async () => {
  await create("orders", 2);
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove(statePath(0));
  await hand.setData(statePath(1), Buffer.from('{"leader":0}'));

  const [vanished, unreadable] = await world.settled(
    writer.writePartitionStates([
      raise(0, { expected: 0, epoch: 1 }),
      raise(1, { expected: 0, epoch: 1 }),
    ]),
  );

  expect(vanished).toMatchObject({ outcome: "conflict", stored: { status: "absent" } });
  expect(unreadable).toMatchObject({
    outcome: "conflict",
    stored: {
      status: "unreadable",
      reason: `znode ${statePath(1)}: isr is missing, not an array`,
    },
  });
});

test("first states are written also where the folder of the partition is there, or all is gone", async () => {
  await create("orders", 2);
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove(statePath(0));
  await hand.remove(statePath(1));
  await hand.remove("/brokers/topics/orders/partitions/1");
  const first = { expectedPartitionEpoch: undefined, state: sampleState({ epoch: 4 }) };

  const results = await world.settled(
    writer.writePartitionStates([
      { topic: "orders", partition: 0, ...first },
      { topic: "orders", partition: 1, ...first },
      { topic: "nowhere", partition: 0, ...first },
    ]),
  );

  expect(results.map((result) => result.outcome)).toEqual(["written", "written", "conflict"]);
  expect(znode(statePath(0)).leader_epoch).toBe(4);
  expect(results[2]).toMatchObject({ stored: { status: "absent" } });
});

test("a deleted topic leaves a tombstone and nothing else", async () => {
  await create("orders", 300);
  await world.settled(store.requestTopicDeletion("orders"));

  await world.settled(writer.deleteTopic(removalOf("orders", 300)));

  expect(world.ensemble.znodes.stat("/brokers/topics/orders")).toBeUndefined();
  expect(world.ensemble.znodes.stat("/config/topics/orders")).toBeUndefined();
  expect(world.ensemble.znodes.children("/admin/delete_topics")).toEqual([]);
  const tombstone = `/admin/deleted_topics/${sampleTopicId("orders")}`;
  expect(znode(tombstone)).toEqual({ version: 1, topic: "orders", brokers: [0, 3] });
});

test("a deletion is completed wherever it was interrupted", async () => {
  for (let step = 0; step < 6; step++) {
    const fresh = new MemoryCoordination();
    const first = await fresh.open("first");
    const old = await fresh.elected(first);
    await fresh.settled(old.createTopic(sampleTopic("orders", 700)));
    let writes = 0;
    fresh.ensemble.failNext({
      when: step % 2 === 0 ? "afterApply" : "beforeApply",
      matches: ({ kind }) => kind === "write" && writes++ === step,
    });
    const interrupted = old.deleteTopic(removalOf("orders", 700));
    interrupted.catch(() => {});
    await fresh.pass(0);
    fresh.ensemble.expire("first");
    await expect(fresh.settled(interrupted)).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });

    const second = await fresh.open("second");
    const next = await fresh.elected(second, 1);
    await fresh.settled(next.deleteTopic(removalOf("orders", 700)));

    const snapshot = await fresh.settled(second.readCluster());
    expect(snapshot.topics).toEqual([]);
    expect(snapshot.deletedTopics).toHaveLength(1);
    await fresh.close();
  }
});

test("a deletion does not touch another topic that took the name", async () => {
  await create("orders", 1);
  await world.settled(writer.deleteTopic(removalOf("orders", 1)));
  await world.settled(writer.createTopic(sampleTopic("orders", 2, "second")));

  await world.settled(writer.deleteTopic(removalOf("orders", 1)));

  expect(znode("/brokers/topics/orders").topic_id).toBe(sampleTopicId("second"));
});

test("a tombstone shrinks until nobody is left on it", async () => {
  const topicId = sampleTopicId("orders");
  const path = `/admin/deleted_topics/${topicId}`;
  const pending = [brokerId(1)];

  await world.settled(writer.writeDeletedTopic({ topicId, name: "orders", pending }));
  expect(znode(path).brokers).toEqual([1]);

  await world.settled(writer.writeDeletedTopic({ topicId, name: "orders", pending: [] }));
  await world.settled(writer.writeDeletedTopic({ topicId, name: "orders", pending: [] }));
  expect(world.ensemble.znodes.stat(path)).toBeUndefined();
});

test("config changes are announced, and old announcements removed", async () => {
  const topic = { kind: "topic", name: "orders" } as const;
  await world.settled(writer.writeConfig(topic, { flush: "fsync" }));
  await world.pass(60_000);
  world.ensemble.failNext({ when: "afterApply", matches: isWriteOf("/config/topics/orders") });
  await world.settled(writer.writeConfig(topic, { flush: "os" }));

  expect(znode("/config/topics/orders")).toEqual({ version: 1, config: { flush: "os" } });
  const announced = world.ensemble.znodes.children("/config/changes") ?? [];
  expect(znode(`/config/changes/${announced[0]}`)).toEqual({
    version: 2,
    entity_path: "topics/orders",
  });
  await world.settled(writer.purgeConfigChanges(30_000));
  const left = world.ensemble.znodes.children("/config/changes");
  expect(left).toEqual(announced.slice(1));
});

test("requests of operators are read and taken away", async () => {
  const hand = await world.ensemble.connect("zkCli");
  await hand.create(
    "/admin/preferred_replica_election",
    Buffer.from('{"version":1,"partitions":[{"topic":"orders","partition":3}]}'),
  );
  await world.settled(store.requestTopicDeletion("orders"));
  await world.settled(store.requestTopicDeletion("orders"));

  await expect(store.readPreferredElection()).resolves.toEqual([{ topic: "orders", partition: 3 }]);
  await expect(store.readDeleteRequests()).resolves.toEqual(["orders"]);
  await world.settled(writer.completePreferredElection());
  await world.settled(writer.discardDeleteRequest("orders"));

  await expect(store.readPreferredElection()).resolves.toBeUndefined();
  await expect(store.readDeleteRequests()).resolves.toEqual([]);
});

test("while ZooKeeper is silent a write waits, and goes on where it was", async () => {
  await create("orders", 1);
  world.ensemble.stop();

  const write = writer.writePartitionStates([raise(0, { expected: 0, epoch: 1 })]);
  await world.pass(120_000);
  world.ensemble.start();

  const [result] = await world.settled(write);
  expect(result?.outcome).toBe("written");
});

test("a write under way when the store is closed ends", async () => {
  world.ensemble.stop();
  const write = writer.createTopic(sampleTopic("orders", 1));
  write.catch(() => {});

  await store.close();

  await expect(world.settled(write)).rejects.toMatchObject({
    code: expect.stringMatching(/STORE_CLOSED|CONTROLLER_FENCED/),
  });
});

function removalOf(topic: string, partitions: number) {
  const replicas = [brokerId(0), brokerId(3)];
  return { topic, topicId: sampleTopicId(topic), partitions, replicas };
}

function isWriteOf(path: string) {
  return ({ operations }: { operations: readonly { type: string; path: string }[] }): boolean =>
    operations.some((operation) => operation.path === path && operation.type !== "read");
}
