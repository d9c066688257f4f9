import { brokerEpoch, type LogFields, silentLogger, type ZoologError } from "@zoolog/base";
import { MemoryCoordination, sampleBroker } from "@zoolog/testkit";
import { openZooKeeperStore } from "../zookeeper-store.ts";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
});
afterEach(() => world.close());

const PATH = "/brokers/ids/1";
const owner = () => world.ensemble.znodes.stat(PATH)?.ephemeralOwner;

test("a registration is ephemeral, and its czxid is the broker epoch", async () => {
  const store = await world.open("a");

  const epoch = await world.settled(store.registerBroker(sampleBroker(1, { rack: "r1" })));

  expect(epoch).toBe(world.ensemble.znodes.stat(PATH)?.czxid);
  expect(owner()).toBe(world.ensemble.session("a").sessionId);
  const { value } = await store.readBrokers();
  expect(value).toEqual([{ ...sampleBroker(1, { rack: "r1" }), brokerEpoch: epoch }]);
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection lost %s the registration is resolved by looking",
  async (when) => {
    const store = await world.open("a");
    world.ensemble.failNext({ when });

    const epoch = await world.settled(store.registerBroker(sampleBroker(1)));

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(world.ensemble.znodes.stat(PATH)?.czxid).toBe(epoch);
  },
);

test("the same broker, restarted within its old session, registers at once", async () => {
  const old = await world.open("old");
  const former = await world.settled(old.registerBroker(sampleBroker(1)));
  world.ensemble.cut("old");
  const store = await world.open("new");

  const startedAt = world.time.clock.monotonic();
  const epoch = await world.settled(store.registerBroker(sampleBroker(1)));

  expect(world.time.clock.monotonic() - startedAt).toBeLessThan(100);
  expect(epoch).toBeGreaterThan(former);
  expect(owner()).toBe(world.ensemble.session("new").sessionId);
  // The old session ends later and takes nothing with it.
  await world.pass(7_000);
  expect(owner()).toBe(world.ensemble.session("new").sessionId);
});

test("another broker with the same id is waited for, and taken over when it is gone", async () => {
  const other = await world.open("other");
  await world.settled(other.registerBroker(sampleBroker(1, { incarnation: "another folder" })));
  world.ensemble.cut("other");
  const store = await world.open("new");

  const startedAt = world.time.clock.monotonic();
  await world.settled(store.registerBroker(sampleBroker(1)));

  const waitedMs = world.time.clock.monotonic() - startedAt;
  expect(waitedMs).toBeGreaterThan(5_000);
  expect(waitedMs).toBeLessThan(7_000);
});

test("another broker with the same id that lives is refused by name after twice the session timeout", async () => {
  const other = await world.open("other");
  await world.settled(other.registerBroker(sampleBroker(1, { incarnation: "another folder" })));
  const store = await world.open("new");

  const startedAt = world.time.clock.monotonic();
  const refusal = await world
    .settled(store.registerBroker(sampleBroker(1)))
    .catch((error: ZoologError) => error);

  expect(refusal).toMatchObject({
    code: "BROKER_ID_TAKEN",
    retriable: false,
    message:
      "broker id 1 is taken by b1.example:8092, which runs on another data folder (another folder)",
  });
  expect(world.time.clock.monotonic() - startedAt).toBeGreaterThanOrEqual(12_000);
  expect(owner()).toBe(world.ensemble.session("other").sessionId);
});

test.each([
  ["on the same machine", { folder: "another-disk" }],
  ["on another machine", { bootId: "another boot" }],
  ["where the system tells nothing", { folder: undefined }],
])("a copy of the data folder %s is refused while the other one runs", async (_, place) => {
  const original = await world.open("original");
  const epoch = await world.settled(original.registerBroker(sampleBroker(1)));
  const copy = await world.open("copy");

  await expect(world.settled(copy.registerBroker(sampleBroker(1, place)))).rejects.toMatchObject({
    code: "BROKER_ID_TAKEN",
    message:
      "broker id 1 is taken by b1.example:8092, which runs on a copy of this data folder (folder-1)",
    hint: expect.stringContaining("empty data folder"),
  });
  expect(world.ensemble.znodes.stat(PATH)?.czxid).toBe(epoch);
});

test("a data folder that was moved registers when the session of the former place has ended", async () => {
  const old = await world.open("old");
  await world.settled(old.registerBroker(sampleBroker(1)));
  world.ensemble.cut("old");
  const store = await world.open("new");

  const startedAt = world.time.clock.monotonic();
  await world.settled(store.registerBroker(sampleBroker(1, { folder: "new-disk" })));

  expect(world.time.clock.monotonic() - startedAt).toBeLessThan(7_000);
  expect(owner()).toBe(world.ensemble.session("new").sessionId);
});

test("a registration that nobody can read is not taken for ours", async () => {
  const hand = await world.ensemble.connect("zkCli");
  const store = await world.open("new");
  await hand.create(PATH, Buffer.from("?"), { mode: "ephemeral" });

  await expect(world.settled(store.registerBroker(sampleBroker(1)))).rejects.toMatchObject({
    code: "BROKER_ID_TAKEN",
    message: expect.stringContaining("znode /brokers/ids/1: is not JSON"),
    hint: expect.stringContaining("delete /brokers/ids/1"),
  });
});

const LOSSES = { outdated: [{ after: brokerEpoch(5) }] };

function originOf(lives: readonly [string, string?], noted: string[] = []) {
  const onOutdated = async () => {
    noted.push(lives[0]);
    return LOSSES;
  };
  return { lives, onOutdated };
}

/** One start of broker 1 on a folder of those lives: whether the folder is in doubt. */
async function start(lives: readonly [string, string?], incarnation = "folder-1") {
  const store = await world.open(lives[0]);
  const noted: string[] = [];
  const origin = originOf(lives, noted);
  await world.settled(store.registerBroker({ ...sampleBroker(1, { incarnation }), origin }));
  const [registered] = (await store.readBrokers()).value;
  await world.settled(store.close());
  expect(registered?.losses?.outdated).toEqual(noted.length > 0 ? LOSSES.outdated : undefined);
  return noted.length > 0 ? "in doubt" : "believed";
}

test("a folder that the broker ran on last is not in doubt, start after start", async () => {
  expect(await start(["a"])).toBe("believed");
  expect(await start(["b", "a"])).toBe("believed");
  // The process died before it knew that it was registered.
  expect(await start(["b", "a"])).toBe("believed");
  expect(await start(["c", "b"])).toBe("believed");
});

test("an older folder of the broker is in doubt, and so is a copy restored from a former life", async () => {
  await start(["old 1"], "old folder");
  await start(["new 1"], "new folder");

  expect(await start(["old 2", "old 1"], "old folder")).toBe("in doubt");
  expect(await start(["new 2", "new 1"], "new folder")).toBe("in doubt");
  expect(await start(["new 3", "new 2"], "new folder")).toBe("believed");
  expect(await start(["new 2", "new 1"], "new folder")).toBe("in doubt");
});

test("a folder that knows no lives goes by its incarnation, one that nobody remembers is believed", async () => {
  expect(await start(["a", "folder-1"])).toBe("believed");
  expect(await start(["b", "folder-1"])).toBe("believed");
  expect(await start(["c", "folder-2"], "folder-2")).toBe("in doubt");
  const hand = await world.ensemble.connect("zkCli");
  await hand.setData("/brokers/folders/1", Buffer.from("?"));
  expect(await start(["d"])).toBe("believed");
  await hand.remove("/brokers/folders/1");
  expect(await start(["e"])).toBe("believed");
});

test("the doubt is durable before the broker registers", async () => {
  await start(["new"]);
  const store = await world.open("late");
  const onOutdated = () => Promise.reject(new Error("disk full"));
  const registration = { ...sampleBroker(1), origin: { lives: ["old"] as const, onOutdated } };

  await expect(world.settled(store.registerBroker(registration))).rejects.toThrow("disk full");
  expect(owner()).toBeUndefined();
});

test("a broker whose place another folder had while its session was away is in doubt", async () => {
  const store = await world.open("a");
  const noted: string[] = [];
  const broker = { ...sampleBroker(1), origin: originOf(["a"], noted) };
  await world.settled(store.registerBroker(broker));
  store.onNewSession(async () => void (await store.registerBroker(broker)));
  world.ensemble.cut("a");
  await world.pass(7_000);
  await start(["b"], "another folder");

  world.ensemble.heal("a");
  await world.pass(10_000);

  expect(noted).toEqual(["a"]);
  expect((await store.readBrokers()).value).toMatchObject([{ losses: LOSSES }]);
});

test("the log names the boot that was registered, not the folder's", async () => {
  const lines: unknown[] = [];
  const note = (message: string, fields?: LogFields) => {
    if (message === "broker registered") lines.push(fields?.["boot"]);
  };
  const { clock, scheduler } = world.time;
  const logger = { ...silentLogger, info: note };
  const connect = () => world.ensemble.connect("a");
  const dependencies = { connect, clock, scheduler, logger };
  const store = await world.settled(openZooKeeperStore({}, dependencies));
  const broker = sampleBroker(1, { boot: "newFolder" });

  await world.settled(store.registerBroker(broker));
  await world.settled(store.unregisterBroker(broker.brokerId));
  await world.settled(store.registerBroker(broker));

  expect(lines).toEqual(["newFolder", "clean"]);
  await world.settled(store.close());
});

test("a session that ends on the way begins again in the next one", async () => {
  const store = await world.open("a");
  world.ensemble.failNext({ when: "afterApply" });

  const registration = store.registerBroker(sampleBroker(1));
  await world.pass(0);
  world.ensemble.expire("a");
  const epoch = await world.settled(registration);

  expect(world.ensemble.znodes.stat(PATH)?.czxid).toBe(epoch);
  expect(owner()).toBe(world.ensemble.session("a").sessionId);
});

test("a broker that registers again after its session ended has lost no data meanwhile", async () => {
  const store = await world.open("a");
  const broker = sampleBroker(1, { boot: "newFolder" });
  const first = await world.settled(store.registerBroker(broker));
  store.onNewSession(async () => void (await store.registerBroker(broker)));

  world.ensemble.expire("a");
  await world.pass(1_000);

  const { value } = await store.readBrokers();
  expect(value[0]?.boot).toBe("clean");
  expect(value[0]?.brokerEpoch).toBeGreaterThan(first);
});

test("leaving removes our own registration only", async () => {
  const a = await world.open("a");
  const b = await world.open("b");
  await world.settled(a.registerBroker(sampleBroker(1)));

  await b.unregisterBroker(sampleBroker(1).brokerId);
  expect(owner()).toBe(world.ensemble.session("a").sessionId);
  await a.unregisterBroker(sampleBroker(1).brokerId);
  await a.unregisterBroker(sampleBroker(1).brokerId);

  expect(owner()).toBeUndefined();
});
