import { brokerId } from "@zoolog/base";
import { MemoryCoordination, sampleBroker, sampleTopic } from "@zoolog/testkit";
import type { CoordinationStore, HintScope } from "./port/coordination-store.ts";

let world: MemoryCoordination;
let store: CoordinationStore;

beforeEach(async () => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
  store = await world.open("a");
});
afterEach(() => world.close());

/** Counts hints; `take` answers how many came since it was asked last. */
function hints(scope: HintScope) {
  let count = 0;
  const end = store.onHint(scope, () => {
    count += 1;
  });
  const take = async (): Promise<number> => {
    await world.pass(1);
    const taken = count;
    count = 0;
    return taken;
  };
  return { take, end };
}

test("who listens is told once to read, then after each change", async () => {
  const brokers = hints("brokers");
  expect(await brokers.take()).toBe(1);
  const other = await world.open("b");

  await world.settled(other.registerBroker(sampleBroker(1)));
  expect(await brokers.take()).toBe(1);
  expect(await brokers.take()).toBe(0);
  await other.close();

  expect(await brokers.take()).toBe(1);
});

test("a change between a hint and the read is not missed", async () => {
  const other = await world.open("b");
  const seen: (readonly number[])[] = [];
  let reading: Promise<void> = Promise.resolve();
  store.onHint("brokers", () => {
    reading = reading.then(async () => {
      const { value } = await store.readBrokers();
      seen.push(value.map((broker) => broker.brokerId));
    });
  });

  await world.settled(other.registerBroker(sampleBroker(1)));
  await world.settled(other.registerBroker(sampleBroker(2)));
  await world.pass(10);
  await reading;

  expect(seen.at(-1)).toEqual([1, 2]);
});

test("each scope has its own watch", async () => {
  const scopes = ["controller", "topics", "configs", "deletions", "adminRequests"] as const;
  const watched = Object.fromEntries(scopes.map((scope) => [scope, hints(scope)]));
  const hinted = async (): Promise<string[]> => {
    const counts = await Promise.all(
      scopes.map(async (scope) => [scope, await watched[scope]!.take()] as const),
    );
    return counts.filter(([, count]) => count > 0).map(([scope]) => scope);
  };
  await hinted();
  const hand = await world.ensemble.connect("zkCli");

  const election = await world.settled(store.electController(brokerId(0)));
  expect(await hinted()).toEqual(["controller"]);
  if (election.outcome !== "elected") throw new Error("lost");
  await world.settled(election.writer.createTopic(sampleTopic("orders", 1)));
  expect(await hinted()).toEqual(["topics"]);
  const resource = { kind: "topic", name: "orders" } as const;
  await world.settled(election.writer.writeConfig(resource, { flush: "os" }));
  expect(await hinted()).toEqual(["configs"]);
  await store.requestTopicDeletion("orders");
  expect(await hinted()).toEqual(["deletions"]);
  await hand.create("/admin/preferred_replica_election", Buffer.from("{}"));

  expect(await hinted()).toEqual(["adminRequests"]);
});

test("every reconnection and every period is a hint, also where nothing can be watched", async () => {
  const states = hints("partitionStates");
  expect(await states.take()).toBe(1);

  world.ensemble.disconnect("a");
  await world.pass(100);
  expect(await states.take()).toBe(1);
  await world.pass(30_000);

  expect(await states.take()).toBe(1);
});

test("what came and went while the connection was away is still a hint", async () => {
  const requests = hints("adminRequests");
  await requests.take();
  const hand = await world.ensemble.connect("zkCli");

  world.ensemble.cut("a");
  await hand.create("/admin/preferred_replica_election", Buffer.from("{}"));
  await hand.remove("/admin/preferred_replica_election");
  world.ensemble.heal("a");
  await world.pass(100);

  expect(await requests.take()).toBe(1);
});

test("a new session watches again", async () => {
  const brokers = hints("brokers");
  await brokers.take();
  const other = await world.open("b");

  world.ensemble.expire("a");
  await world.pass(1_000);
  expect(await brokers.take()).toBeGreaterThanOrEqual(1);
  await world.settled(other.registerBroker(sampleBroker(1)));

  expect(await brokers.take()).toBe(1);
});

test("who has left is not told, and one that throws does not stop the others", async () => {
  const left = hints("brokers");
  await left.take();
  store.onHint("brokers", () => {
    throw new Error("broken listener");
  });
  const staying = hints("brokers");
  await staying.take();
  left.end();
  await left.take();
  const other = await world.open("b");

  await world.settled(other.registerBroker(sampleBroker(1)));

  expect(await staying.take()).toBe(1);
  expect(await left.take()).toBe(0);
});
