/** What a `CoordinationStore` promises, on everything it can stand on. */
import { brokerId, coordinatorEpoch, offset, partitionEpoch, timestamp } from "@zoolog/base";
import type {
  ControllerWriter,
  CoordinationStore,
  GroupChange,
  HintScope,
  PartitionStateWrite,
  SlotWrite,
  SlotWriter,
  StoreState,
} from "@zoolog/coordination";
import {
  sampleBroker,
  sampleSlotWrite,
  sampleState,
  sampleTopic,
  sampleTopicId,
} from "@zoolog/testkit";
import { FOUNDATIONS, type Foundation, type Ground, openStore } from "./grounds.ts";

describe.each(Object.keys(FOUNDATIONS))("%s", (name) => {
  let foundation: Foundation;
  let ground: Ground;
  const stores: CoordinationStore[] = [];

  beforeAll(async () => {
    foundation = await FOUNDATIONS[name]!();
  });
  afterAll(() => foundation.close());
  beforeEach(async () => {
    ground = await foundation.ground();
  });
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
    await ground.close();
  });

  async function open(store: string): Promise<CoordinationStore> {
    const opened = await openStore(ground, store);
    stores.push(opened);
    return opened;
  }

  test("a cluster gets its id once", async () => {
    const [a, b] = [await open("a"), await open("b")];

    const ids = await Promise.all([a.ensureClusterId("of a"), b.ensureClusterId("of b")]);

    expect(ids[0]).toBe(ids[1]);
    await expect((await open("c")).ensureClusterId("late")).resolves.toBe(ids[0]);
  });

  test("the brokers' secret is drawn once, and is the same for all", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const [drawnByA, drawnByB] = ["a".repeat(43), "b".repeat(43)];

    const secrets = await Promise.all([
      a.ensureBrokerSecret(drawnByA),
      b.ensureBrokerSecret(drawnByB),
    ]);

    expect([drawnByA, drawnByB]).toContain(secrets[0]);
    expect(secrets[0]).toBe(secrets[1]);
    await expect((await open("c")).ensureBrokerSecret("c".repeat(43))).resolves.toBe(secrets[0]);
  });

  test("a registration is there while its store is, and carries its czxid as epoch", async () => {
    const [a, b] = [await open("a"), await open("b")];

    const epoch = await a.registerBroker(sampleBroker(1, { rack: "r" }));
    await b.barrier();

    const expected = { ...sampleBroker(1, { rack: "r" }), brokerEpoch: epoch };
    expect(await b.readBrokers()).toEqual({ value: [expected], faults: [] });
    await a.close();
    await hinted(b, "brokers", async () => (await b.readBrokers()).value.length === 0);
  });

  test("an earlier life of the same broker gives way, another broker does not", async () => {
    const [old, other, now] = [await open("old"), await open("other"), await open("now")];
    const former = await old.registerBroker(sampleBroker(1));
    await other.registerBroker(sampleBroker(2, { incarnation: "another folder" }));

    const epoch = await now.registerBroker(sampleBroker(1));
    expect(epoch).toBeGreaterThan(former);
    await old.close();
    await now.barrier();
    expect((await now.readBrokers()).value.map((broker) => broker.brokerId)).toEqual([1, 2]);

    await expect(now.registerBroker(sampleBroker(2))).rejects.toMatchObject({
      code: "BROKER_ID_TAKEN",
      retriable: false,
    });
  });

  test("of many that race one is elected, each later one under a higher epoch", async () => {
    const racers = await Promise.all(["a", "b", "c"].map(open));

    for (const round of [1, 2, 3]) {
      const elections = await Promise.all(
        racers.map((store, i) => store.electController(brokerId(i))),
      );
      const winners = elections.flatMap((e) => (e.outcome === "elected" ? [e.writer] : []));
      expect(winners).toHaveLength(1);
      expect(winners[0]?.controllerEpoch).toBe(round);
      await winners[0]?.resign();
    }
  });

  test("an office is taken from the reign that is meant, and from no later one", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const first = await elected(a);
    const expected = { brokerId: brokerId(0), controllerEpoch: first.controllerEpoch };

    const lost = { outcome: "lost", controller: expected };
    expect(await b.electController(brokerId(1))).toEqual(lost);

    const election = await b.electController(brokerId(1), expected);
    if (election.outcome !== "elected") throw new Error("lost the election");
    const second = election.writer;
    const controller = { brokerId: brokerId(1), controllerEpoch: second.controllerEpoch };
    expect(second.controllerEpoch).toBeGreaterThan(first.controllerEpoch);
    expect(await a.electController(brokerId(0), expected)).toEqual({ outcome: "lost", controller });
    expect(await a.readController()).toEqual(controller);
    await expect(first.createTopic(sampleTopic("late", 1))).rejects.toMatchObject({
      code: "CONTROLLER_FENCED",
    });
    expect(second.fenced).toBe(false);
  });

  test("what a controller writes is what the next one reads", async () => {
    const a = await open("a");
    const writer = await elected(a);
    const topic = { ...sampleTopic("orders", 700), configs: { flush: "fsync" } };

    expect(await writer.createTopic(topic)).toBe("created");
    expect(await writer.createTopic(topic)).toBe("created");
    expect(await writer.createTopic({ ...topic, topicId: sampleTopicId("b") })).toBe("exists");
    await writer.writeConfig({ kind: "broker", name: "0" }, { rate: "1" });
    const pending = [brokerId(4)];
    await writer.writeDeletedTopic({ topicId: sampleTopicId("gone"), name: "gone", pending });
    const snapshot = await (await open("b")).readCluster();

    expect(snapshot.topics).toEqual([
      {
        name: "orders",
        topicId: topic.topicId,
        configs: { flush: "fsync" },
        partitions: topic.partitions.map(({ replicas, state }) => ({
          replicas,
          stored: { status: "present", state, partitionEpoch: 0 },
        })),
      },
    ]);
    expect(snapshot).toMatchObject({
      brokerConfigs: [{ name: "0", overrides: { rate: "1" } }],
      deletedTopics: [{ name: "gone", pending: [4] }],
      unreadableTopics: [],
    });
  });

  test("states are compared by version, where 0 means 0, and conflicts stay single", async () => {
    const writer = await elected(await open("a"));
    await writer.createTopic(sampleTopic("orders", 3));
    await writer.writePartitionStates([raised(1, 0)]);

    const results = await writer.writePartitionStates([
      raised(0, 0),
      { ...raised(1, 0), state: sampleState({ epoch: 2 }) },
      raised(2, 0),
    ]);

    expect(results).toMatchObject([
      { partition: 0, outcome: "written", partitionEpoch: 1 },
      { partition: 1, outcome: "conflict", stored: { partitionEpoch: 1 } },
      { partition: 2, outcome: "written", partitionEpoch: 1 },
    ]);
  });

  test("connections that break again and again cost no write and repeat none", async () => {
    const store = await open("a");
    const writer = await elected(store);
    await writer.createTopic(sampleTopic("orders", 1_500));
    let breaking = true;
    store.onStateChange((state) => {
      if (breaking && state === "connected") ground.disconnect("a");
    });

    const writes = writer.writePartitionStates(
      Array.from({ length: 1_500 }, (_, partition) => raised(partition, 0)),
    );
    ground.disconnect("a");
    await becomes(store, "suspended");
    await becomes(store, "connected");
    breaking = false;
    const results = await writes;

    expect(results.every((result) => result.outcome === "written")).toBe(true);
    const { topics } = await store.readCluster();
    const epochs = topics[0]?.partitions.map(({ stored }) =>
      stored.status === "present" ? stored.partitionEpoch : undefined,
    );
    expect(new Set(epochs)).toEqual(new Set([1]));
  });

  test("a deleted topic is gone but for its tombstone", async () => {
    const store = await open("a");
    const writer = await elected(store);
    await writer.createTopic(sampleTopic("orders", 300));
    await store.requestTopicDeletion("orders");
    expect(await store.readDeleteRequests()).toEqual(["orders"]);

    const replicas = [brokerId(0)];
    const topicId = sampleTopicId("orders");
    await writer.deleteTopic({ topic: "orders", topicId, partitions: 300, replicas });

    expect(await store.readCluster()).toMatchObject({
      topics: [],
      deleteRequests: [],
      deletedTopics: [{ topicId, name: "orders", pending: [0] }],
    });
    expect(await writer.createTopic(sampleTopic("orders", 1, "second"))).toBe("created");
  });

  test("hints lead to every change, also over broken connections", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const writer = await elected(b);
    const resource = { kind: "topic", name: "orders" } as const;
    const flush = async () => (await a.readConfigs("topic")).value[0]?.overrides["flush"];

    const created = hinted(a, "topics", async () => (await a.readTopicNames())[0] === "orders");
    await writer.createTopic(sampleTopic("orders", 1));
    await created;
    for (const value of ["fsync", "os"]) {
      const changed = hinted(a, "configs", async () => (await flush()) === value);
      ground.disconnect("a");
      await writer.writeConfig(resource, { flush: value });
      await changed;
    }
    const gone = hinted(a, "controller", async () => (await a.readController()) === undefined);
    await b.close();
    await gone;
  });

  test("a session that expires takes everything along, and the next one begins anew", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const first = await a.registerBroker(sampleBroker(1));
    const old = await elected(a);
    await old.createTopic(sampleTopic("orders", 1));
    let again: number | undefined;
    a.onNewSession(async () => {
      again = await a.registerBroker(sampleBroker(1));
    });

    ground.cut("a");
    await becomes(a, "suspended");
    await hinted(b, "brokers", async () => (await b.readBrokers()).value.length === 0);
    expect(a.leaseRemainingMs()).toBeLessThanOrEqual(0);
    const successor = await elected(b);
    const late = old.writePartitionStates([raised(0, 0)]);
    ground.heal("a");

    await expect(late).rejects.toMatchObject({ code: "CONTROLLER_FENCED" });
    await becomes(a, "connected");
    expect(old.fenced).toBe(true);
    expect(again).toBeGreaterThan(first);
    await b.barrier();
    expect((await b.readBrokers()).value).toMatchObject([{ brokerId: 1, brokerEpoch: again }]);
    const [result] = await successor.writePartitionStates([raised(0, 0)]);
    expect(result?.outcome).toBe("written");
  });

  test("producer ids are given once, whoever asks", async () => {
    const racers = await Promise.all(["a", "b", "c"].map(open));

    const blocks = await Promise.all(
      [...racers, ...racers, ...racers].map((store, i) => store.claimProducerIds(brokerId(i))),
    );

    const firstIds = blocks.map(({ firstId }) => firstId).sort((x, y) => x - y);
    expect(firstIds).toEqual(Array.from({ length: 9 }, (_, i) => i * 1_000));
  });

  test("slots are given by compare and set, and no version comes back", async () => {
    const store = await open("a");
    const writer = await elected(store);

    expect(await writer.writeSlots([slotWrite(writer, 5, undefined, 0)])).toMatchObject([
      { slot: 5, outcome: "written" },
    ]);
    const results = await writer.writeSlots([
      slotWrite(writer, 5, undefined, 1),
      slotWrite(writer, 6, undefined, 7),
    ]);

    expect(results.map(({ outcome }) => outcome)).toEqual(["conflict", "written"]);
    expect((await store.readSlots()).map((slot) => [slot.slot, slot.coordinatorEpoch])).toEqual([
      [5, 0],
      [6, 7],
    ]);
  });

  test("what one coordinator writes is what the next one reads", async () => {
    const [a, b] = [await open("a"), await open("b")];
    const controller = await elected(a);
    await controller.writeSlots([slotWrite(controller, 5, undefined, 0)]);
    const first = await opened(a, 0);
    const commits = Array.from({ length: 1_200 }, (_, partition) => commit(partition, 41));

    await first.write([...groupChanges("g", 3), ...commits]);
    await Promise.all(commits.map((_, partition) => first.write([commit(partition, 42)])));
    await first.write([...groupChanges("gone", 600)]);
    await first.write([{ type: "group", groupId: "gone", value: undefined }]);
    await controller.writeSlots([slotWrite(controller, 5, 0, 1)]);
    const second = await opened(b, 1);

    const groups = await b.readGroups(() => true);
    expect(groups).toMatchObject({ faults: [], value: [{ groupId: "g", incomplete: false }] });
    expect(groups.value[0]?.members.map(({ memberId }) => memberId)).toEqual(["m-0", "m-1", "m-2"]);
    const offsets = await b.readOffsets("g", "all");
    expect(offsets.value).toHaveLength(1_200);
    expect(new Set(offsets.value.map(({ committed }) => committed.offset))).toEqual(new Set([42]));

    const late = first.write([commit(0, 43)]);
    await expect(late).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
    await second.write([commit(1, 44)]);
    const of = [{ topic: "orders", partitions: [0, 1] }];
    const now = (await b.readOffsets("g", of)).value.map(({ committed }) => committed.offset);
    expect(now).toEqual([42, 44]);
  });

  test("of slots that are opened together only those have a writer that have not passed on", async () => {
    const store = await open("a");
    const controller = await elected(store);
    const slots = Array.from({ length: 64 }, (_, slot) => slot);
    await controller.writeSlots(slots.map((slot) => slotWrite(controller, slot, undefined, 0)));
    const claims = slots.map((slot) => ({ slot, coordinatorEpoch: coordinatorEpoch(0) }));

    const all = await store.openSlots(claims);
    await controller.writeSlots([slotWrite(controller, 5, 0, 1)]);
    const others = await store.openSlots(claims);

    expect(all.map(({ slot }) => slot)).toEqual(slots);
    expect(others.map(({ slot }) => slot)).toEqual(slots.filter((slot) => slot !== 5));
    await expect(all[5]!.confirm()).rejects.toMatchObject({ code: "COORDINATOR_FENCED" });
    await Promise.all([...all.slice(6), ...others].map((writer) => writer.confirm()));
  });

  test("connections that break again and again lose no commit that was answered", async () => {
    const store = await open("a");
    const controller = await elected(store);
    await controller.writeSlots([slotWrite(controller, 5, undefined, 0)]);
    const writer = await opened(store, 0);
    await writer.write([commit(0, 0)]);
    let breaking = true;
    store.onStateChange((state) => {
      if (breaking && state === "connected") ground.disconnect("a");
    });

    const answered = writer.write(
      Array.from({ length: 1_500 }, (_, partition) => commit(partition, 7)),
    );
    ground.disconnect("a");
    await becomes(store, "suspended");
    await becomes(store, "connected");
    breaking = false;
    await answered;

    const { value } = await store.readOffsets("g", "all");
    expect(value).toHaveLength(1_500);
    expect(new Set(value.map(({ committed }) => committed.offset))).toEqual(new Set([7]));
  });

  test("what hands have broken is named and left alone", async () => {
    const store = await open("a");
    const writer = await elected(store);
    await writer.createTopic(sampleTopic("orders", 1));
    const hand = await ground.connect("zkCli");
    await hand.create("/brokers/topics/broken", Buffer.from('{"partitions":{}}'));
    await hand.setData("/brokers/topics/orders/partitions/0/state", Buffer.from("{}"));
    await hand.close();

    const { topics, unreadableTopics } = await store.readCluster();

    expect(topics).toMatchObject([
      { name: "orders", partitions: [{ stored: { status: "unreadable" } }] },
    ]);
    const reason = "znode /brokers/topics/broken: partitions has 0 entries";
    expect(unreadableTopics).toEqual([{ name: "broken", reason, topicId: undefined }]);
  });

  test("a topic that nobody can read is deleted by its name, its replicas by the spare id", async () => {
    const store = await open("a");
    const writer = await elected(store);
    await writer.createTopic(sampleTopic("orders", 3));
    const hand = await ground.connect("zkCli");
    await hand.setData("/brokers/topics/orders", Buffer.from("{not json"));

    const names = await store.readTopicNames();
    const [broken] = await store.readUnreadableTopics(names);
    expect(broken).toMatchObject({ name: "orders", topicId: sampleTopicId("orders") });
    const { topicId } = broken!;
    await writer.deleteUnreadableTopic({ topic: "orders", topicId, replicas: [brokerId(0)] });

    expect(await store.readTopicNames()).toEqual([]);
    expect(await hand.exists("/config/topics/orders")).toBeUndefined();
    expect((await store.readCluster()).deletedTopics).toMatchObject([{ topicId, pending: [0] }]);
    await hand.close();
  });

  test("a controller epoch that is none is named until it is mended", async () => {
    const store = await open("a");
    await (await elected(store)).resign();
    const hand = await ground.connect("zkCli");
    await hand.setData("/controller_epoch", Buffer.from("first!"));

    await expect(store.electController(brokerId(0))).rejects.toMatchObject({
      code: "ZNODE_MALFORMED",
      message: expect.stringContaining('znode /controller_epoch: "first!" is not an epoch'),
    });
    await hand.setData("/controller_epoch", Buffer.from("2"));
    expect((await elected(store)).controllerEpoch).toBe(3);
    await hand.close();
  });
});

function slotWrite(
  controller: ControllerWriter,
  slot: number,
  expected: number | undefined,
  epoch: number,
): SlotWrite {
  const { controllerEpoch } = controller;
  return sampleSlotWrite({ slot, expected, epoch, controllerEpoch });
}

function groupChanges(groupId: string, members: number): GroupChange[] {
  const group: GroupChange = {
    type: "group",
    groupId,
    value: {
      type: "consumer",
      groupEpoch: 1,
      assignmentEpoch: 1,
      assignor: undefined,
    },
  };
  const none = new Map();
  return [
    group,
    ...Array.from(
      { length: members },
      (_, i): GroupChange => ({
        type: "member",
        groupId,
        memberId: `m-${i}`,
        value: {
          type: "consumer",
          instanceId: undefined,
          clientId: "app",
          clientHost: "h",
          rackId: undefined,
          rebalanceTimeoutMs: 1,
          subscription: { topics: ["orders"], pattern: undefined },
          assignor: undefined,
          memberEpoch: 1,
          previousMemberEpoch: 0,
          isAway: false,
          assigned: none,
          revoking: none,
          target: none,
        },
      }),
    ),
  ];
}

function commit(partition: number, position: number): GroupChange {
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

/** The writer of slot 5. */
async function opened(store: CoordinationStore, epoch: number): Promise<SlotWriter> {
  const slot = { slot: 5, coordinatorEpoch: coordinatorEpoch(epoch) };
  const [writer] = await store.openSlots([slot]);
  if (writer === undefined) throw new Error("the slot is at another epoch");
  return writer;
}

async function elected(store: CoordinationStore): Promise<ControllerWriter> {
  for (;;) {
    const election = await store.electController(brokerId(0));
    if (election.outcome === "elected") return election.writer;
    await hinted(store, "controller", async () => (await store.readController()) === undefined);
  }
}

function raised(partition: number, expected: number): PartitionStateWrite {
  return {
    topic: "orders",
    partition,
    expectedPartitionEpoch: partitionEpoch(expected),
    state: sampleState({ epoch: 1 }),
  };
}

/** Reads again at each hint until it finds what it waits for. */
function hinted(
  store: CoordinationStore,
  scope: HintScope,
  found: () => Promise<boolean>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = store.onHint(scope, () => {
      found().then((done) => {
        if (!done) return;
        end();
        resolve();
      }, reject);
    });
  });
}

function becomes(store: CoordinationStore, wanted: StoreState): Promise<void> {
  return new Promise((resolve) => {
    if (store.state === wanted) return resolve();
    const end = store.onStateChange((state) => {
      if (state !== wanted) return;
      end();
      resolve();
    });
  });
}
