import { open, truncate } from "node:fs/promises";
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { callBroker, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";

let folder: TemporaryFolder;
const opened: DevCluster[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const cluster of opened.splice(0)) await cluster.close();
  await folder.remove();
});

async function start(): Promise<DevCluster> {
  const cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: `${folder.path}/data` },
    hostDependencies({ logger: silentLogger }),
  );
  opened.push(cluster);
  return cluster;
}

const urlOf = (cluster: DevCluster): string => cluster.urls[0]!;
const records = (topic: string): string => `/v1/topics/${topic}/records`;

async function post(cluster: DevCluster, topic: string): Promise<unknown> {
  const response = await fetch(`${urlOf(cluster)}${records(topic)}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      records: Array.from({ length: 50 }, () => ({ value: "x".repeat(100) })),
    }),
  });
  return response.json();
}

async function read(cluster: DevCluster, topic: string): Promise<unknown> {
  const path = `/v1/topics/${topic}/partitions/0/records?offset=0&maxRecords=1`;
  return (await fetch(`${urlOf(cluster)}${path}`)).json();
}

/** A cluster that was closed in order, with records in the topics `hurt` and `fine`. */
async function twoTopicsOnDisk(): Promise<{ readonly segment: string }> {
  const cluster = await start();
  await callBroker(urlOf(cluster), "create-topics", {
    topics: [{ topic: "hurt" }, { topic: "fine" }],
  });
  await post(cluster, "hurt");
  await post(cluster, "fine");
  await cluster.close();
  return { segment: `${cluster.dataFolder}/broker-1/hurt-0/${"0".repeat(20)}.log` };
}

type Described = {
  readonly topics: readonly {
    readonly topic: string;
    readonly partitions?: readonly { readonly leader?: number; readonly offlineReason?: string }[];
  }[];
};

/**
 * Waits until the partition has no leader and says why: first what the registration told, that its
 * records are damaged, and what exactly as soon as the broker has reported it.
 */
async function offlineFor(cluster: DevCluster, reason: RegExp): Promise<string> {
  for (;;) {
    const { body } = await callBroker(urlOf(cluster), "describe-topics", { topics: ["hurt"] });
    const partition = (body as Described).topics[0]?.partitions?.[0];
    const isOffline = partition !== undefined && partition.leader === undefined;
    const said = partition?.offlineReason ?? "";
    if (isOffline && reason.test(said)) return said;
  }
}

async function expectOnlyHurtOffline(cluster: DevCluster, reason: RegExp): Promise<void> {
  const said = await offlineFor(cluster, reason);
  expect(said.split("hurt-0/")).toHaveLength(2);
  expect(await post(cluster, "hurt")).toMatchObject({ error: { code: "KAFKA_STORAGE_ERROR" } });
  expect(await post(cluster, "fine")).toMatchObject({ topic: "fine" });
  expect(await read(cluster, "fine")).toMatchObject({ records: [{ offset: 0 }] });
  const health = await (await fetch(`${urlOf(cluster)}/health/ready`)).json();
  expect(health).toMatchObject({ ready: true, reasons: [expect.stringContaining("1 replicas")] });
}

test("a flipped byte below the recovery point is never served: the replica goes offline by name", async () => {
  const { segment } = await twoTopicsOnDisk();
  const file = await open(segment, "r+");
  await file.write(Buffer.from("Y"), 0, 1, 1_000);
  await file.close();

  const cluster = await start();
  expect(await read(cluster, "hurt")).toMatchObject({ error: { code: "KAFKA_STORAGE_ERROR" } });

  await expectOnlyHurtOffline(cluster, /broker 1 has .*hurt-0/);
});

test("a segment that lost its end is offline from the start, and nothing is cut away", async () => {
  const { segment } = await twoTopicsOnDisk();
  await truncate(segment, 1_000);

  const cluster = await start();

  await expectOnlyHurtOffline(cluster, /broker 1 has .*hurt-0/);
  const file = await open(segment, "r");
  expect((await file.stat()).size).toBe(1_000);
  await file.close();
});

test("a topic whose only replica is offline can still be deleted and made anew", async () => {
  const { segment } = await twoTopicsOnDisk();
  await truncate(segment, 1_000);
  const cluster = await start();
  await offlineFor(cluster, /hurt-0|damaged/);

  await callBroker(urlOf(cluster), "delete-topics", { topics: [{ topic: "hurt" }] });
  await callBroker(urlOf(cluster), "create-topics", { topics: [{ topic: "hurt" }] });

  expect(await post(cluster, "hurt")).toMatchObject({ records: { 0: { offset: 0 } } });
});
