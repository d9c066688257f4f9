import { brokerId } from "@zoolog/base";
import { MemoryCoordination, sampleBroker, sampleTopic, sampleTopicId } from "@zoolog/testkit";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination();
});
afterEach(() => world.close());

async function populated() {
  const store = await world.open("a");
  await world.settled(store.registerBroker(sampleBroker(0)));
  const writer = await world.elected(store);
  await world.settled(
    writer.createTopic({ ...sampleTopic("orders", 2), configs: { flush: "os" } }),
  );
  await world.settled(writer.createTopic(sampleTopic("audit", 1)));
  await world.settled(writer.writeConfig({ kind: "broker", name: "<default>" }, { a: "b" }));
  const gone = { topicId: sampleTopicId("gone"), name: "gone", pending: [brokerId(4)] };
  await world.settled(writer.writeDeletedTopic(gone));
  await store.requestTopicDeletion("audit");
  return store;
}

test("a new controller reads everything that its predecessor knew", async () => {
  const store = await populated();

  const snapshot = await world.settled(store.readCluster());

  expect(snapshot).toMatchObject({
    brokers: [{ brokerId: 0 }],
    topics: [
      { name: "audit", topicId: sampleTopicId("audit"), configs: {} },
      { name: "orders", configs: { flush: "os" }, partitions: [{ replicas: [0] }, {}] },
    ],
    brokerConfigs: [{ name: "<default>", overrides: { a: "b" } }],
    deletedTopics: [{ topicId: sampleTopicId("gone"), name: "gone", pending: [4] }],
    deleteRequests: ["audit"],
    unreadableTopics: [],
    faults: { brokers: [], topicConfigs: [], brokerConfigs: [], deletedTopics: [] },
  });
});

test("what was broken by hand is named and leaves the rest alone", async () => {
  const store = await populated();
  const hand = await world.ensemble.connect("zkCli");
  const broken = [
    "/brokers/topics/audit",
    "/config/topics/orders",
    "/config/brokers/<default>",
    `/admin/deleted_topics/${sampleTopicId("gone")}`,
  ];
  for (const path of broken) await hand.setData(path, Buffer.from("oops"));
  await hand.create("/brokers/ids/seven", Buffer.from("{}"));
  await hand.setData("/brokers/topics/orders/partitions/1/state", Buffer.from("oops"));
  await hand.remove("/brokers/topics/orders/partitions/0/state");

  const snapshot = await world.settled(store.readCluster());

  expect(snapshot.topics.map((topic) => topic.name)).toEqual(["orders"]);
  expect(snapshot.topics[0]?.partitions.map(({ stored }) => stored)).toEqual([
    { status: "absent" },
    {
      status: "unreadable",
      reason: "znode /brokers/topics/orders/partitions/1/state: is not JSON",
    },
  ]);
  expect(snapshot.brokers).toHaveLength(1);
  expect(snapshot.deletedTopics).toEqual([]);
  expect(snapshot.unreadableTopics).toEqual([
    {
      name: "audit",
      reason: "znode /brokers/topics/audit: is not JSON",
      topicId: sampleTopicId("audit"),
    },
  ]);
  const { faults } = snapshot;
  expect(faults).toMatchObject({
    brokers: [{ name: "seven", message: expect.stringContaining("/brokers/ids/seven:") }],
    topicConfigs: [{ name: "orders", message: "znode /config/topics/orders: is not JSON" }],
    brokerConfigs: [{ message: "znode /config/brokers/<default>: is not JSON" }],
    deletedTopics: [{ name: sampleTopicId("gone"), message: expect.stringContaining("/admin/") }],
  });
  for (const found of Object.values(faults)) expect(found).toHaveLength(1);
});

test("what a lagging server shows is not taken for the truth", async () => {
  const store = await populated();
  const other = await world.open("b");
  world.ensemble.session("b").freezeReads();
  await world.settled(store.registerBroker(sampleBroker(1)));
  expect((await other.readBrokers()).value).toHaveLength(1);

  const snapshot = await world.settled(other.readCluster());

  expect(snapshot.brokers).toHaveLength(2);
});

test("behind its election a controller sees all that reigns before it have written", async () => {
  const first = await world.open("a");
  const second = await world.open("b");
  const writer = await world.elected(first);
  world.ensemble.session("b").freezeReads();
  await world.settled(writer.createTopic(sampleTopic("orders", 3)));
  expect(await second.readTopicNames()).toEqual([]);

  const { controllerEpoch } = writer;
  const deposing = { brokerId: brokerId(0), controllerEpoch };
  const election = await world.settled(second.electController(brokerId(1), deposing));
  const snapshot = await world.settled(second.readCluster("ownWrites"));

  expect(election.outcome).toBe("elected");
  expect(snapshot.topics.map(({ name }) => name)).toEqual(["orders"]);
});

test("ten thousand partitions are read while connections come and go", async () => {
  const store = await world.open("a");
  const writer = await world.elected(store);
  await world.settled(writer.createTopic(sampleTopic("large", 10_000)));
  let reads = 0;
  world.ensemble.failNext({
    when: "beforeApply",
    matches: ({ kind }) => kind === "read" && reads++ === 5_000,
  });

  const snapshot = await world.settled(store.readCluster());

  expect(world.ensemble.pendingFaults).toBe(0);
  expect(snapshot.topics[0]?.partitions).toHaveLength(10_000);
  expect(snapshot.topics[0]?.partitions.every(({ stored }) => stored.status === "present")).toBe(
    true,
  );
});
