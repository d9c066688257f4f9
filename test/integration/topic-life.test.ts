/** Topics that grow and partitions whose leaders and records are steered, on three brokers. */
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, serde, topic } from "@zoolog/client";
import { callBroker } from "@zoolog/testkit";

const dependencies = hostDependencies({ logger: silentLogger });
const WAIT_MS = 20_000;
const orders = topic("orders", { key: serde.string(), value: serde.string() });

let cluster: DevCluster;
let client: Client;

beforeEach(async () => {
  cluster = await startDevCluster(
    { brokers: 3, httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    dependencies,
  );
  client = new Client({ brokers: cluster.urls, metadataMaxAgeMs: 500 });
});
afterEach(async () => {
  await client.close();
  await cluster.close();
});

const url = (broker: number): string => cluster.urls[broker - 1] ?? "";

async function call(name: string, request: object, via = 1): Promise<never> {
  const { status, body } = await callBroker(url(via), name, request);
  if (status !== 200) throw new Error(`${name}: ${JSON.stringify(body)}`);
  return body as never;
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`still not so: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

type Partition = { partition: number; leader: number; replicas: number[]; isr: number[] };

async function partitions(via = 1): Promise<Partition[]> {
  const answer = await call("describe-topics", { topics: ["orders"] }, via);
  return (answer as { topics: { partitions: Partition[] }[] }).topics[0]?.partitions ?? [];
}

test("partitions are added by any broker, spread over all, and filled by a producer that runs", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 2, replicationFactor: 2 });
  const producer = client.producer({ acks: "all" });
  await producer.send(orders, { key: "a", value: "1" });
  const more = { topics: [{ topic: "orders", count: 6 }] };

  const planned = await call("create-partitions", { ...more, validateOnly: true }, 2);
  const before = await partitions();
  const added = await call("create-partitions", more, 3);

  expect(planned).toEqual({ topics: [{ topic: "orders", numPartitions: 6 }] });
  expect(before).toHaveLength(2);
  expect(added).toEqual({ topics: [{ topic: "orders", numPartitions: 6 }] });
  const after = await partitions(3);
  expect(new Set(after.map(({ leader }) => leader))).toEqual(new Set([1, 2, 3]));
  for (const { replicas, isr } of after) expect(isr.toSorted()).toEqual(replicas.toSorted());
  const reached = new Set<number>();
  await until("the producer fills the new partitions", async () => {
    const key = `key ${Math.random()}`;
    reached.add((await producer.send(orders, { key, value: "2" })).partition);
    return reached.size === 6;
  });
});

test("fewer partitions, as many, too many and those of nobody are refused", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 3, replicationFactor: 1 });
  const refusal = async (name: string, count: number, assignments?: number[][]) => {
    const asked = { topic: name, count, ...(assignments === undefined ? {} : { assignments }) };
    const { topics } = await call("create-partitions", { topics: [asked] }, 2);
    return (topics as { error?: { code: string; message: string } }[])[0]?.error;
  };

  expect(await refusal("orders", 2)).toMatchObject({
    code: "INVALID_PARTITIONS",
    message: expect.stringContaining("has 3 partitions"),
  });
  expect(await refusal("orders", 3)).toMatchObject({ code: "INVALID_PARTITIONS" });
  expect(await refusal("orders", 10_001)).toMatchObject({ code: "INVALID_PARTITIONS" });
  expect(await refusal("nowhere", 2)).toMatchObject({ code: "UNKNOWN_TOPIC_OR_PARTITION" });
  expect(await refusal("orders", 4, [[1, 2]])).toMatchObject({
    code: "INVALID_REPLICA_ASSIGNMENT",
  });
  expect(await refusal("orders", 4, [[3]])).toBeUndefined();
  expect((await partitions())[3]).toMatchObject({ leader: 3, replicas: [3] });
});

async function ends(via: number, offset?: number) {
  const asked = { partition: 0, ...(offset === undefined ? {} : { offset }) };
  const { topics } = await call(
    "describe-offsets",
    { topics: [{ topic: "orders", partitions: [asked] }] },
    via,
  );
  return (topics as { partitions: Record<string, unknown>[] }[])[0]?.partitions[0];
}

async function startOffsets(): Promise<(number | undefined)[]> {
  const all = await Promise.all([1, 2, 3].map((broker) => partitions(broker)));
  return all.map(([first]) => (first as unknown as { logStartOffset: number })?.logStartOffset);
}

async function leaderOfOrders(): Promise<number> {
  return (await partitions())[0]?.leader ?? 0;
}

async function produce(count: number, from = 0): Promise<void> {
  const producer = client.producer({ acks: "all", lingerMs: 0 });
  for (let i = 0; i < count; i++) {
    await producer.send(orders, { key: "k", value: `${i}`, timestamp: from + i });
  }
}

async function deleteRecords(offset: number | "highWatermark", via: number) {
  const request = { topics: [{ topic: "orders", partitions: [{ partition: 0, offset }] }] };
  const { topics } = await call("delete-records", request, via);
  return (topics as { partitions: Record<string, unknown>[] }[])[0]?.partitions[0];
}

test("deleted records are gone on every replica when the call answers, and stay so", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  await produce(10);
  const leader = await leaderOfOrders();

  expect(await deleteRecords(11, leader)).toMatchObject({ error: { code: "OFFSET_OUT_OF_RANGE" } });
  expect(await deleteRecords(4, leader)).toEqual({ partition: 0, lowWatermark: 4 });

  expect(await startOffsets()).toEqual([4, 4, 4]);
  expect(await ends(leader, 0)).toMatchObject({ logStartOffset: 4, highWatermark: 10 });
  const other = (leader % 3) + 1;
  expect(await deleteRecords(5, other)).toMatchObject({
    error: { code: "NOT_LEADER_OR_FOLLOWER" },
    currentLeader: { brokerId: leader },
  });
  // What is deleted already stays so, and is no fault.
  expect(await deleteRecords(2, leader)).toEqual({ partition: 0, lowWatermark: 4 });
  expect(await deleteRecords("highWatermark", leader)).toEqual({ partition: 0, lowWatermark: 10 });
  expect(await startOffsets()).toEqual([10, 10, 10]);
  const read: unknown[] = [];
  for await (const record of client.read(orders)) read.push(record);
  expect(read).toEqual([]);
});

test("an offset's time is that of the first record there, and of none above the high watermark", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 1, replicationFactor: 3 });
  const now = Date.now() - 60_000;
  await produce(5, now);
  const leader = await leaderOfOrders();

  expect(await ends(leader, 3)).toEqual({
    partition: 0,
    logStartOffset: 0,
    highWatermark: 5,
    timestamp: now + 3,
  });
  expect(await ends(leader, 5)).toEqual({ partition: 0, logStartOffset: 0, highWatermark: 5 });
  expect(await ends(leader)).toEqual({ partition: 0, logStartOffset: 0, highWatermark: 5 });
  expect(await ends((leader % 3) + 1, 3)).toMatchObject({
    error: { code: "NOT_LEADER_OR_FOLLOWER" },
    currentLeader: { brokerId: leader },
  });
});

test("leaders are elected where an operator asks for it, by any broker", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 3, replicationFactor: 3 });
  const topics = [{ topic: "orders", partitions: [0, 7] }];

  const preferred = await call("elect-leaders", { election: "preferred", topics }, 2);
  const unclean = await call("elect-leaders", { election: "unclean", topics }, 3);
  const all = await call("elect-leaders", { election: "preferred" }, 1);

  const refusals = [
    { partition: 0, error: { code: "ELECTION_NOT_NEEDED" } },
    { partition: 7, error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } },
  ];
  expect(preferred).toMatchObject({ topics: [{ topic: "orders", partitions: refusals }] });
  expect(unclean).toMatchObject({ topics: [{ topic: "orders", partitions: refusals }] });
  expect(all).toEqual({ topics: [] });
});

test("a broker tells what only it knows of itself", async () => {
  await client.admin.createTopic({ topic: "orders", partitions: 3, replicationFactor: 3 });
  await produce(3);

  const facts = await call("describe-broker", {}, 2);

  expect(facts).toMatchObject({
    brokerId: 2,
    incarnation: expect.any(String),
    startedAt: expect.any(Number),
    leaders: 1,
    replicas: 3,
    offlineReplicas: 0,
    segments: 3,
    zookeeper: { state: "connected" },
  });
  const { logBytes, diskFreeBytes, diskTotalBytes, residentBytes } = facts as Record<
    string,
    number
  >;
  expect(logBytes).toBeGreaterThan(0);
  expect(diskFreeBytes).toBeGreaterThan(0);
  expect(diskTotalBytes).toBeGreaterThan(diskFreeBytes as number);
  expect(facts).toMatchObject({ diskReservedBytes: expect.any(Number) });
  expect(residentBytes).toBeGreaterThan(0);
});
