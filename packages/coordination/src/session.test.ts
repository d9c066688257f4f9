import { silentLogger } from "@zoolog/base";
import { MemoryCoordination, sampleBroker } from "@zoolog/testkit";
import type { StoreState } from "./port/coordination-store.ts";
import { openZooKeeperStore } from "./zookeeper-store.ts";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
});
afterEach(() => world.close());

test("a short interruption suspends and keeps the session", async () => {
  const store = await world.open("a");
  const states: StoreState[] = [];
  store.onStateChange((state) => states.push(state));
  const session = world.ensemble.session("a").sessionId;

  world.ensemble.disconnect("a");
  await world.pass(100);

  expect(states).toEqual(["suspended", "connected"]);
  expect(world.ensemble.session("a").sessionId).toBe(session);
});

test("the lease runs while nobody answers, and is over with the session timeout", async () => {
  const store = await world.open("a");
  expect(store.leaseRemainingMs()).toBe(6_000);

  world.ensemble.cut("a");
  world.time.advance(4_000);
  expect(store.leaseRemainingMs()).toBe(2_000);
  world.time.advance(2_500);

  expect(store.leaseRemainingMs()).toBeLessThanOrEqual(0);
});

test("after the end of a session a new one is made, and counts once all hooks have run", async () => {
  const store = await world.open("a");
  const log: string[] = [];
  store.onStateChange((state) => log.push(state));
  store.onNewSession(async () => {
    await store.registerBroker(sampleBroker(1));
    log.push(`first hook, ${store.state}, lease ${store.leaseRemainingMs()}`);
  });
  store.onNewSession(async () => void log.push("second hook"));

  world.ensemble.expire("a");
  await world.pass(1_000);

  expect(log).toEqual(["expired", "first hook, expired, lease 0", "second hook", "connected"]);
  expect(store.leaseRemainingMs()).toBe(6_000);
  expect(world.ensemble.znodes.stat("/brokers/ids/1")?.ephemeralOwner).toBe(
    world.ensemble.session("a").sessionId,
  );
});

test("a hook that fails is run again, and one that was removed is not", async () => {
  const store = await world.open("a");
  let attempts = 0;
  const removed = jest.fn();
  store.onNewSession(async () => {
    attempts += 1;
    if (attempts < 3) throw new Error("not yet");
  });
  store.onNewSession(removed)();

  world.ensemble.expire("a");
  await world.pass(10_000);

  expect(attempts).toBe(3);
  expect(store.state).toBe("connected");
  expect(removed).not.toHaveBeenCalled();
});

test("a session that ends while hooks run starts over with the next one", async () => {
  const store = await world.open("a");
  const sessions: string[] = [];
  store.onNewSession(async () => {
    sessions.push(world.ensemble.session("a").sessionId);
    if (sessions.length === 1) world.ensemble.expire("a");
    await store.readBrokers();
  });

  world.ensemble.expire("a");
  await world.pass(10_000);

  expect(store.state).toBe("connected");
  expect(new Set(sessions).size).toBe(sessions.length);
  expect(sessions.at(-1)).toBe(world.ensemble.session("a").sessionId);
});

test("without a way to the ensemble a new session is tried until there is one", async () => {
  const store = await world.open("a");

  world.ensemble.cut("a");
  world.ensemble.expire("a");
  await world.pass(60_000);
  expect(store.state).toBe("suspended");
  world.ensemble.heal("a");
  await world.pass(10_000);

  expect(store.state).toBe("connected");
});

test("reads wait for the connection and are repeated in the next session", async () => {
  const store = await world.open("a");
  await world.settled(store.registerBroker(sampleBroker(1)));

  world.ensemble.cut("a");
  const read = store.readTopicNames();
  await world.pass(3_000);
  world.ensemble.expire("a");
  world.ensemble.heal("a");

  await expect(world.settled(read)).resolves.toEqual([]);
});

test("a read that waits too long is refused, retriable, with what to look at", async () => {
  const store = await world.open("a", { operationTimeoutMs: 2_000 });
  world.ensemble.stop();

  await expect(world.settled(store.readBrokers())).rejects.toMatchObject({
    code: "COORDINATION_UNAVAILABLE",
    retriable: true,
    hint: expect.stringContaining("quorum"),
  });
  expect(world.time.clock.monotonic()).toBeLessThan(3_000);
});

test("a closed store refuses, ends its session at once and closes twice", async () => {
  const store = await world.open("a");
  await world.settled(store.registerBroker(sampleBroker(1)));
  world.ensemble.disconnect("a");
  const waiting = store.readBrokers();
  waiting.catch(() => {});

  await store.close();
  await store.close();

  expect(store.state).toBe("closed");
  await expect(waiting).rejects.toMatchObject({ code: "STORE_CLOSED" });
  await expect(store.readTopicNames()).rejects.toMatchObject({ code: "STORE_CLOSED" });
});

test("an ensemble that became another cluster behind our back is not taken for an empty one", async () => {
  const store = await world.open("a");
  await store.ensureClusterId("ours");
  const hand = await world.ensemble.connect("zkCli");

  await hand.setData("/cluster/id", Buffer.from('{"version":"1","id":"theirs"}'));
  world.ensemble.expire("a");
  await world.pass(30_000);
  expect(store.state).toBe("expired");

  await hand.setData("/cluster/id", Buffer.from('{"version":"1","id":"ours"}'));
  await world.pass(30_000);
  expect(store.state).toBe("connected");
});

test("no session counts any more once ZooKeeper has gone back behind what was seen", async () => {
  const elsewhere = new MemoryCoordination();
  let { ensemble } = world;
  const { clock, scheduler } = world.time;
  const store = await openZooKeeperStore(
    {},
    { connect: () => ensemble.connect("a"), clock, scheduler, logger: silentLogger },
  );
  await store.ensureClusterId("ours");
  for (let writes = 0; writes < 20; writes++) await store.barrier();
  const { ensemble: earlier } = elsewhere;
  await (await earlier.connect("hand")).create("/cluster", new Uint8Array(0));
  const renewed = jest.fn();
  store.onNewSession(renewed);

  ensemble = earlier;
  world.ensemble.expire("a");
  await world.pass(1_000);

  expect(store.failure).toContain("ZooKeeper's history went back");
  await expect(store.historyLost).resolves.toMatchObject({ code: "ZOOKEEPER_HISTORY_LOST" });
  const later = await earlier.connect("hand");
  for (let writes = 0; writes < 100; writes++) await later.barrier();
  earlier.expire("a");
  await world.pass(60_000);
  expect(store.state).toBe("expired");
  expect(store.failure).toContain("ZooKeeper's history went back");
  expect(renewed).not.toHaveBeenCalled();
  await store.close();
  await elsewhere.close();
});

test("who comes later, when ZooKeeper is past what it saw, is told; who was started since is not", async () => {
  const [early, late] = [await world.open("early"), await world.open("late")];
  for (const store of [early, late]) await store.ensureClusterId("ours");
  jest.spyOn(world.ensemble.session("early"), "zxidSeen", "get").mockReturnValue(1_000_000);
  world.ensemble.expire("early");
  await world.pass(100);
  expect(early.state).toBe("expired");
  const since = await world.open("since");
  await since.ensureClusterId("ours");

  world.ensemble.expire("late");
  world.ensemble.expire("since");
  await world.pass(60_000);

  expect([early.state, late.state, since.state]).toEqual(["expired", "expired", "connected"]);
  await expect(late.historyLost).resolves.toMatchObject({ code: "ZOOKEEPER_HISTORY_LOST" });
});

const HISTORY = "/cluster/history";

test("servers that were restored are found by a mark that is gone, however far their numbers are", async () => {
  const [one, other] = [await world.open("one"), await world.open("other")];
  for (const store of [one, other]) await store.ensureClusterId("ours");
  await world.pass(0);
  const hand = await world.ensemble.connect("zkCli");
  const { data: backup } = await hand.getData(HISTORY);
  world.ensemble.expire("one");
  await world.pass(1_000);
  expect(one.state).toBe("connected");
  const { stat } = await hand.getData(HISTORY);

  // As after a restore in which another broker left its mark at the same version since.
  const restored = JSON.parse(Buffer.from(backup).toString()) as { marks: string[] };
  const marks = [...restored.marks, "0x1@1"];
  await hand.remove(HISTORY);
  await hand.create(HISTORY, Buffer.from(JSON.stringify({ version: 1, marks })));
  for (let version = 0; version < stat.version; version++) {
    await hand.setData(HISTORY, Buffer.from(JSON.stringify({ version: 1, marks })));
  }
  world.ensemble.expire("one");
  await world.pass(1_000);

  expect(one.state).toBe("expired");
  expect(one.failure).toContain("lost the mark");
  await expect(one.historyLost).resolves.toMatchObject({ code: "ZOOKEEPER_HISTORY_LOST" });
});

test("a session that outlives a restore of the servers is looked at once it is connected again", async () => {
  const store = await world.open("a");
  await store.ensureClusterId("ours");
  await world.pass(0);
  const hand = await world.ensemble.connect("zkCli");
  const session = world.ensemble.session("a").sessionId;

  await hand.remove(HISTORY);
  world.ensemble.disconnect("a");
  await world.pass(100);

  expect(world.ensemble.session("a").sessionId).toBe(session);
  expect(store.state).toBe("expired");
  expect(store.failure).toContain("/cluster/history is gone");
});

test("a mark is left each minute, and the oldest make room", async () => {
  const store = await world.open("a");
  await store.ensureClusterId("ours");
  const hand = await world.ensemble.connect("zkCli");
  const marks = async (): Promise<string[]> =>
    JSON.parse(Buffer.from((await hand.getData(HISTORY)).data).toString()).marks;
  await world.pass(0);
  const [first] = await marks();

  for (let minute = 1; minute < 128; minute++) await world.pass(60_000);
  expect(await marks()).toHaveLength(128);
  expect((await marks())[0]).toBe(first);
  await world.pass(60_000);

  expect(await marks()).toHaveLength(128);
  expect(await marks()).not.toContain(first);
  expect(store.state).toBe("connected");
});

test("marks that were spoilt by hand say nothing, and are written anew", async () => {
  const [one, other] = [await world.open("one"), await world.open("other")];
  for (const store of [one, other]) await store.ensureClusterId("ours");
  await world.pass(0);
  const hand = await world.ensemble.connect("zkCli");

  await hand.setData(HISTORY, Buffer.from("spoilt"));
  await world.pass(60_000);
  const doubts = [one.historyDoubt, other.historyDoubt];
  await world.pass(120_000);

  expect(doubts.join()).toContain(HISTORY);
  expect([one.historyDoubt, other.historyDoubt]).toEqual([undefined, undefined]);
  expect([one.state, other.state]).toEqual(["connected", "connected"]);
  const { data } = await hand.getData(HISTORY);
  expect(JSON.parse(Buffer.from(data).toString()).marks.length).toBeGreaterThan(1);
});

test("while the next session does not count, the store says why", async () => {
  const store = await world.open("a");
  await store.ensureClusterId("ours");
  const hand = await world.ensemble.connect("zkCli");

  await hand.remove("/cluster/id");
  world.ensemble.expire("a");
  await world.pass(30_000);

  expect(store.failure).toBe("/cluster/id is gone, this broker belongs to cluster ours");
});

test("a secret of the brokers that was spoilt by hand is refused, and not shown", async () => {
  const store = await world.open("a");
  const hand = await world.ensemble.connect("zkCli");
  await hand.create("/cluster/broker_secret", Buffer.from('{"version":1,"secret":"hunter2"}'));

  const ensured = store.ensureBrokerSecret("s".repeat(43));

  await expect(ensured).rejects.toMatchObject({
    code: "ZNODE_MALFORMED",
    message: expect.stringContaining("/cluster/broker_secret"),
  });
  await expect(ensured).rejects.not.toMatchObject({ message: expect.stringContaining("hunter2") });
});

test("the id of a cluster is given once, whoever asks first", async () => {
  const a = await world.open("a");
  const b = await world.open("b");

  const ids = await Promise.all([a.ensureClusterId("from a"), b.ensureClusterId("from b")]);

  expect(new Set(ids).size).toBe(1);
  await expect(b.ensureClusterId("later")).resolves.toBe(ids[0]);
});
