import { brokerEpoch, brokerId, controllerEpoch, type Logger, silentLogger } from "@zoolog/base";
import type {
  AlterPartitionEvent,
  ControlledShutdownEvent,
  CreateTopicsEvent,
} from "@zoolog/controller";
import {
  Cluster,
  create,
  leadersOf,
  newTopic,
  RECONCILE_INTERVAL_MS,
  SESSION_TIMEOUT_MS,
} from "./controller-runtime.fixture.ts";

test("the only broker becomes controller and publishes an image with itself in it", async () => {
  const cluster = new Cluster();

  const { runtime, images } = await cluster.node(1);

  expect(runtime.isController).toBe(true);
  expect(images.at(-1)).toMatchObject({ controllerId: 1, controllerEpoch: 1 });
  expect([...(images.at(-1)?.brokers.keys() ?? [])]).toEqual([1]);
});

test("a reply comes after its records are in ZooKeeper and its image is published", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const seen: boolean[] = [];

  const created = create(node, "t").then((reply) => {
    seen.push(node.images.at(-1)?.topics.has("t") === true);
    seen.push(cluster.znode("/brokers/topics/t/partitions/0/state") !== null);
    return reply;
  });
  await cluster.settle();

  expect(await created).toMatchObject({ topics: [{ name: "t", partitions: 1 }] });
  expect(seen).toEqual([true, true]);
  expect(cluster.znode("/brokers/topics/t/partitions/0/state")).toMatchObject({
    leader: 1,
    isr: [1],
    controller_epoch: 1,
  });
});

test("events are decided one after the other: the second of two equal topics is refused", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);

  const both = Promise.all([create(node, "same"), create(node, "same")]);
  await cluster.settle();

  const [first, second] = await both;
  expect(first.topics[0]?.error).toBeUndefined();
  expect(second.topics[0]?.error).toMatchObject({ code: "TOPIC_ALREADY_EXISTS" });
});

test("who is not controller refuses and names who is", async () => {
  const cluster = new Cluster();
  await cluster.node(1);
  const other = await cluster.node(2);

  expect(other.runtime.isController).toBe(false);
  await expect(create(other, "t")).rejects.toMatchObject({
    code: "NOT_CONTROLLER",
    retriable: true,
    message: expect.stringContaining("broker 1"),
  });
});

test("who is not registered yet reads who reigns, and takes no office: not a free one, nor that under its id", async () => {
  const cluster = new Cluster();
  // Its machine restarted: the session of the life before has not ended yet.
  const before = await cluster.node(1);
  const restarted = await cluster.unregisteredNode(1);

  restarted.runtime.lookAgain();
  await cluster.settle();

  expect(restarted.runtime.controllerId).toBe(1);
  expect([before, restarted].map(({ runtime }) => runtime.isController)).toEqual([true, false]);

  await before.runtime.close();
  restarted.runtime.lookAgain();
  await cluster.settle();

  expect(restarted.runtime.controllerId).toBeUndefined();
  expect([restarted.runtime.isController, restarted.images]).toEqual([false, []]);

  restarted.runtime.start();
  await cluster.settle();

  expect(restarted.runtime.isController).toBe(true);
});

test("a controller that closes hands over at once, and the next one knows everything", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  const created = create(first, "kept");
  await cluster.settle();
  await created;

  await first.runtime.close();
  await cluster.settle();

  expect(second.runtime.isController).toBe(true);
  expect(second.images.at(-1)).toMatchObject({ controllerId: 2, controllerEpoch: 2 });
  expect([...(second.images.at(-1)?.topics.keys() ?? [])]).toEqual(["kept"]);
});

test("a successor knows who leaves, though that stands nowhere in ZooKeeper", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  const leaving = first.images.at(-1)?.brokers.get(brokerId(1))?.brokerEpoch ?? brokerEpoch(0);
  const shutDown = {
    type: "controlledShutdown",
    brokerId: brokerId(1),
    brokerEpoch: leaving,
  } as const;
  const handedOver = first.runtime.submit<ControlledShutdownEvent>(shutDown);
  await cluster.settle();
  await handedOver;
  second.followed.image = first.images.at(-1);

  await first.runtime.close();
  await cluster.settle();

  const brokers = second.images.at(-1)?.brokers;
  expect(brokers?.get(brokerId(1))).toMatchObject({ brokerEpoch: leaving, shuttingDown: true });
  expect(brokers?.get(brokerId(2))).toMatchObject({ shuttingDown: false });
});

test("a controller cut off from ZooKeeper answers nobody, and is none when it comes back", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  cluster.ensemble.cut("b1");
  const stranded = create(first, "stranded").catch((error: unknown) => error);
  await cluster.settle(SESSION_TIMEOUT_MS * 2);

  expect(second.runtime.isController).toBe(true);
  await expect(create(first, "late")).rejects.toMatchObject({ code: "COORDINATION_UNAVAILABLE" });
  const created = create(second, "new");
  await cluster.settle();
  await created;

  cluster.ensemble.heal("b1");
  await cluster.settle(SESSION_TIMEOUT_MS);
  expect(await stranded).toMatchObject({ code: "NOT_CONTROLLER" });
  expect(first.runtime.isController).toBe(false);
  expect(first.runtime.controllerId).toBe(2);
  expect(cluster.ensemble.znodes.children("/brokers/topics")).toEqual(["new"]);
  expect(first.images.every(({ controllerEpoch }) => controllerEpoch === 1)).toBe(true);
});

test("an office that outlives its term is taken up again: whoever holds it is there to be asked", async () => {
  const cluster = new Cluster();
  const [first, second] = [await cluster.node(1), await cluster.node(2)];
  // Just when the term looks at everything: that look fails, and the term with it.
  const matches = (): boolean => {
    queueMicrotask(() => cluster.ensemble.stop());
    return true;
  };
  cluster.ensemble.failNext({ when: "beforeApply", client: "b1", matches });
  await cluster.settle(RECONCILE_INTERVAL_MS * 2);
  expect(first.runtime.isController).toBe(false);

  // The servers were frozen themselves: no session has ended, and /controller is still ours.
  cluster.ensemble.start();
  await cluster.settle(SESSION_TIMEOUT_MS);

  expect(first.runtime.isController).toBe(true);
  expect(second.runtime.controllerId).toBe(1);
  const created = create(first, "new");
  await cluster.settle();
  expect((await created).topics[0]?.error).toBeUndefined();
  // A reign of its own: what the one before may still have on its way is fenced.
  expect(first.images.at(-1)).toMatchObject({ controllerEpoch: 2 });
  // And the broker is not one that cannot be reached.
  expect(leadersOf(first.images.at(-1), "new")).toContain(1);
});

test("a controller whose session ended is none, even if it has nothing to write", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);

  cluster.ensemble.expire("b1");
  await cluster.settle();

  expect(first.runtime.isController).toBe(false);
  expect(first.runtime.image).toBeUndefined();
  expect(second.runtime.isController).toBe(true);
  expect([...(second.images.at(-1)?.brokers.keys() ?? [])].sort()).toEqual([1, 2]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s of a write is found out about, not repeated blindly",
  async (when) => {
    const cluster = new Cluster();
    const node = await cluster.node(1);
    cluster.ensemble.failNext({ when, client: "b1" });

    const created = create(node, "once");
    await cluster.settle(1_000);

    expect(await created).toMatchObject({ topics: [{ name: "once" }] });
    expect((await created).topics[0]?.error).toBeUndefined();
    expect(cluster.ensemble.pendingFaults).toBe(0);
    expect(node.runtime.isController).toBe(true);
  },
);

test("a partition state changed by hand is seen at the next reconciliation", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const created = create(node, "t");
  await cluster.settle();
  await created;
  const hand = await cluster.ensemble.connect("zkCli");
  const path = "/brokers/topics/t/partitions/0/state";
  const state = { version: 1, controller_epoch: 1, leader: -1, leader_epoch: 7, isr: [1] };
  await hand.setData(path, Buffer.from(JSON.stringify(state)));

  await cluster.settle(31_000);

  expect(cluster.znode(path)).toMatchObject({ leader: 1, leader_epoch: 8 });
  expect(node.images.at(-1)?.topics.get("t")?.partitions[0]).toMatchObject({
    leader: 1,
    leaderEpoch: 8,
  });
});

test("slots written or removed by hand are mended, also in the middle of a decision", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1, { coordinatorSlots: 4 });
  expect(cluster.znode("/coordinators/3")).toMatchObject({ broker: 1, controller_epoch: 1 });
  const hand = await cluster.ensemble.connect("zkCli");
  // Nobody watches it: the controller finds out when it gives two slots to the second broker.
  for (const slot of [0, 1, 2, 3]) await hand.setData(`/coordinators/${slot}`, Buffer.from("mine"));

  await cluster.node(2, { coordinatorSlots: 4 });
  await cluster.settle();

  const slots = () => node.images.at(-1)?.coordinators ?? [];
  expect(slots().map(({ brokerId }) => brokerId)).toEqual([1, 2, 1, 2]);
  expect(slots().map(({ coordinatorEpoch }) => coordinatorEpoch)).toEqual([2, 2, 2, 2]);
  await hand.remove("/coordinators/0");
  await cluster.settle();

  expect(slots()[0]).toMatchObject({ brokerId: 1, coordinatorEpoch: 3 });
  expect(cluster.znode("/coordinators/0")).toMatchObject({ broker: 1 });
  expect(cluster.ensemble.znodes.stat("/coordinators/0")?.version).toBe(3);
});

test("a topic that vanished from ZooKeeper by hand makes the controller read everything anew", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const created = create(node, "gone", "stays");
  await cluster.settle();
  await created;
  const hand = await cluster.ensemble.connect("zkCli");
  for (const path of ["/partitions/0/state", "/partitions/0", "/partitions", ""]) {
    await hand.remove(`/brokers/topics/gone${path}`);
  }

  await cluster.settle(3_000);

  expect(node.runtime.isController).toBe(true);
  expect(node.images.at(-1)).toMatchObject({ controllerEpoch: 2 });
  expect([...(node.images.at(-1)?.topics.keys() ?? [])]).toEqual(["stays"]);
});

test("a topic that an operator names under /admin/delete_topics is deleted", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const created = create(node, "t");
  await cluster.settle();
  await created;

  await node.store.requestTopicDeletion("t");
  await cluster.settle();

  expect(node.images.at(-1)?.topics.has("t")).toBe(false);
  expect(cluster.ensemble.znodes.children("/admin/delete_topics")).toEqual([]);
});

test("a broker that goes is noticed, and what it led has no leader", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  const created = first.runtime.submit<CreateTopicsEvent>({
    type: "createTopics",
    validateOnly: false,
    topics: [{ ...newTopic("t"), assignment: [[brokerId(2)]] }],
  });
  await cluster.settle();
  await created;

  await second.runtime.close();
  await second.store.close();
  await cluster.settle();

  expect([...(first.images.at(-1)?.brokers.keys() ?? [])]).toEqual([1]);
  const [partition] = first.images.at(-1)?.topics.get("t")?.partitions ?? [];
  expect(partition).toMatchObject({ leader: undefined, isr: [2] });
});

test("who succeeds a dead controller moves what it led before the first image", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  const third = await cluster.node(3);
  const created = create(first, "t");
  await cluster.settle();
  await created;
  const epochOf = (id: number) => first.images.at(-1)?.brokers.get(brokerId(id))?.brokerEpoch;
  const dead = {
    brokerId: brokerId(1),
    brokerEpoch: brokerEpoch(epochOf(1) ?? 0),
    controllerEpoch: controllerEpoch(1),
  };
  const ledBefore = leadersOf(first.images.at(-1), "t");
  expect(ledBefore).toContain(1);

  for (const { runtime } of [second, third]) runtime.succeed(dead);
  await cluster.settle();

  const [winner, ...others] = [first, second, third].filter(({ runtime }) => runtime.isController);
  expect(others).toEqual([]);
  expect(winner?.images[0]).toMatchObject({ controllerEpoch: 2 });
  expect(leadersOf(winner?.images[0], "t")).not.toContain(1);
  // It lives after all: fenced, and none any more.
  expect(first.runtime.isController).toBe(false);
});

test("nobody takes the office from a later reign, nor marks a later life of the broker", async () => {
  const cluster = new Cluster();
  const first = await cluster.node(1);
  const second = await cluster.node(2);
  const created = create(first, "t");
  await cluster.settle();
  await created;
  const life = { brokerId: brokerId(1), brokerEpoch: brokerEpoch(1) };

  second.runtime.succeed({ ...life, controllerEpoch: controllerEpoch(7) });
  await cluster.settle();
  expect(first.runtime.isController).toBe(true);

  second.runtime.succeed({ ...life, controllerEpoch: controllerEpoch(1) });
  await cluster.settle();
  expect(second.runtime.isController).toBe(true);
  expect(leadersOf(second.images[0], "t")).toEqual(leadersOf(first.images.at(-1), "t"));
});

test("closing leaves no timer and no listener behind, and answers who waits", async () => {
  const cluster = new Cluster();
  const node = await cluster.node(1);
  const waiting = create(node, "late").catch((error: unknown) => error);

  await node.runtime.close();
  await node.store.close();
  await cluster.settle();

  expect(await waiting).toMatchObject({ code: "NOT_CONTROLLER" });
  expect(cluster.time.pendingTimers).toBe(0);
});

test("a store that is closed in the middle of a decision ends the term without an error", async () => {
  const cluster = new Cluster();
  const errors: string[] = [];
  const logger: Logger = {
    ...silentLogger,
    error: (message) => void errors.push(message),
    child: () => logger,
  };
  const node = await cluster.node(1, {}, logger);

  cluster.ensemble.cut("b1");
  const waiting = create(node, "late").catch((error: unknown) => error);
  await cluster.settle();
  await node.store.close();
  await cluster.settle(3_000);

  expect(await waiting).toMatchObject({ code: "NOT_CONTROLLER" });
  expect(errors).toEqual([]);
  await node.runtime.close();
});

test("leaders go back to their preferred replicas by themselves, once too many are elsewhere", async () => {
  const cluster = new Cluster();
  const leaderRebalance = { checkIntervalMs: 60_000, imbalancePercentMax: 10 };
  const controller = await cluster.node(1, { leaderRebalance });
  await cluster.node(2);
  const made = controller.runtime.submit<CreateTopicsEvent>({
    type: "createTopics",
    validateOnly: false,
    topics: [{ ...newTopic("t"), assignment: [[brokerId(2), brokerId(1)]] }],
  });
  await cluster.settle();
  await made;
  const second = controller.images.at(-1)!.brokers.get(brokerId(2))!;
  const leader = () => controller.images.at(-1)!.topics.get("t")!.partitions[0]!.leader;
  controller.runtime.report({ type: "brokerUnreachable", ...second });
  await cluster.settle();
  expect(leader()).toBe(1);
  controller.runtime.report({ type: "brokerReachable", ...second });
  await cluster.settle();
  const { topicId, partitions } = controller.images.at(-1)!.topics.get("t")!;
  const { leaderEpoch, partitionEpoch } = partitions[0]!;
  const isr = [1, 2].map((id) => controller.images.at(-1)!.brokers.get(brokerId(id))!);
  const joined = controller.runtime.submit<AlterPartitionEvent>({
    type: "alterPartition",
    brokerId: brokerId(1),
    brokerEpoch: isr[0]!.brokerEpoch,
    changes: [{ topicId, partition: 0, leaderEpoch, partitionEpoch: partitionEpoch!, isr }],
  });
  await cluster.settle();
  await joined;
  expect(leader()).toBe(1);

  await cluster.settle(60_000);

  expect(leader()).toBe(2);
  expect(controller.runtime.elections).toEqual({ leaders: 2, uncleanLeaders: 0 });
});
