import { silentLogger } from "@zoolog/base";
import { MemoryCoordination, sampleBroker } from "@zoolog/testkit";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { RegistrationRuntime } from "./registration-runtime.ts";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
});
afterEach(() => world.close());

async function register(name: string, incarnation: string) {
  const store = await world.open(name);
  const runtime = new RegistrationRuntime({
    registration: () => sampleBroker(1, { incarnation }),
    onRegistered: async () => {},
    onInForce: () => {},
    store,
    logger: silentLogger,
  });
  return { store, runtime };
}

test("with a new session the broker registers anew, under another broker epoch", async () => {
  const { store, runtime } = await register("a", "mine");
  await world.settled(runtime.start());
  const first = runtime.brokerEpoch!;

  world.ensemble.expire("a");
  expect(runtime.brokerEpoch).toBeUndefined();
  await world.pass(1_000);

  expect(runtime.brokerEpoch).toBeGreaterThan(first);
  expect((await store.readBrokers()).value).toMatchObject([{ brokerEpoch: runtime.brokerEpoch }]);
});

test("a broker that has lost its place to another says so until it gets it back", async () => {
  const { runtime } = await register("a", "mine");
  await world.settled(runtime.start());
  world.ensemble.cut("a");
  await world.pass(7_000);
  const other = await register("b", "theirs");
  await world.settled(other.runtime.start());

  world.ensemble.heal("a");
  await world.pass(30_000);
  expect(runtime.brokerEpoch).toBeUndefined();
  expect(runtime.failure).toContain("b1.example:8092");

  await other.runtime.close();
  await world.pass(30_000);
  expect(runtime.brokerEpoch).toBeGreaterThan(0);
  expect(runtime.failure).toBeUndefined();
});

test("closing leaves the cluster at once", async () => {
  const { store, runtime } = await register("a", "mine");
  await world.settled(runtime.start());

  await world.settled(runtime.close());

  expect((await store.readBrokers()).value).toEqual([]);
  expect(runtime.brokerEpoch).toBeUndefined();
});

test.each([
  ["removed", (hand: ZooKeeperClient) => hand.remove("/brokers/ids/1")],
  ["overwritten", (hand: ZooKeeperClient) => hand.setData("/brokers/ids/1", Buffer.from("?"))],
])("a registration that somebody has %s is written anew", async (_, spoil) => {
  const { store, runtime } = await register("a", "mine");
  await world.settled(runtime.start());
  const first = runtime.brokerEpoch!;
  await world.pass(0);

  await spoil(await world.ensemble.connect("zkCli"));
  await world.pass(31_000);

  expect(runtime.brokerEpoch).toBeGreaterThan(first);
  expect((await store.readBrokers()).value).toMatchObject([{ brokerEpoch: runtime.brokerEpoch }]);
});
