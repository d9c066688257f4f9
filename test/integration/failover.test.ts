/** What happens when processes die: their sessions in ZooKeeper live on for half a minute here. */
import { silentLogger } from "@zoolog/base";
import {
  nodeFileSystem,
  nodeNetwork,
  systemClock,
  systemRandom,
  systemScheduler,
} from "@zoolog/host";
import {
  type BrokerProcess,
  callBroker,
  startBrokerProcess,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";
import { startZooKeeperServer, type ZooKeeperServer } from "@zoolog/zookeeper";

const SESSION_TIMEOUT_MS = 30_000;

let folder: TemporaryFolder;
let zookeeper: ZooKeeperServer;
const running = new Map<number, BrokerProcess>();

beforeEach(async () => {
  folder = await temporaryFolder();
  zookeeper = await startZooKeeperServer(
    { port: 0 },
    {
      network: nodeNetwork,
      fileSystem: nodeFileSystem,
      clock: systemClock,
      scheduler: systemScheduler,
      random: systemRandom,
      logger: silentLogger,
    },
  );
  await Promise.all([1, 2, 3].map(start));
  for (const id of running.keys()) await knows(id, ({ brokers }) => brokers.length === 3);
});

afterEach(async () => {
  for (const broker of running.values()) await broker.kill("SIGKILL");
  running.clear();
  await zookeeper.close();
  await folder.remove();
});

async function start(id: number): Promise<void> {
  const broker = await startBrokerProcess({
    kind: "broker",
    settings: {
      "broker.id": id,
      "data.dir": `${folder.path}/broker-${id}`,
      "zookeeper.connect": `${zookeeper.host}:${zookeeper.port}`,
      "zookeeper.session.timeout.ms": SESSION_TIMEOUT_MS,
      "default.replication.factor": 3,
      "http.port": 0,
    },
  });
  running.set(id, broker);
}

async function kill(id: number): Promise<void> {
  await running.get(id)?.kill("SIGKILL");
  running.delete(id);
}

type ClusterInfo = {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  readonly brokers: readonly { readonly brokerId: number }[];
};

type Partition = { readonly leader?: number; readonly isr: readonly number[] };

async function ask<T>(id: number, call: string, request: unknown = {}): Promise<T> {
  return (await callBroker(running.get(id)!.url, call, request)).body as T;
}

/** Asks broker `id` until the cluster is as wanted; only a hang keeps it from becoming so. */
async function knows(
  id: number,
  isWanted: (cluster: ClusterInfo) => boolean,
): Promise<ClusterInfo> {
  for (;;) {
    const cluster = await ask<ClusterInfo>(id, "describe-cluster");
    if (isWanted(cluster)) return cluster;
  }
}

async function partitionsAt(
  id: number,
  isWanted: (partitions: readonly Partition[]) => boolean,
): Promise<readonly Partition[]> {
  for (;;) {
    const request = { topics: ["orders"] };
    type Answer = { readonly topics: readonly { readonly partitions?: readonly Partition[] }[] };
    const { topics } = await ask<Answer>(id, "describe-topics", request);
    const partitions = topics[0]?.partitions;
    if (partitions !== undefined && isWanted(partitions)) return partitions;
  }
}

const isLedBy =
  (...leaders: readonly number[]) =>
  (partitions: readonly Partition[]): boolean =>
    partitions.every(({ leader }) => leader !== undefined && leaders.includes(leader));

test("the leaderships of a killed process move while its session is still there", async () => {
  const { controllerId } = await knows(1, () => true);
  const [victim, other] = [1, 2, 3].filter((id) => id !== controllerId) as [number, number];
  await ask(other, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  await partitionsAt(other, isLedBy(1, 2, 3));

  await kill(victim);
  const moved = await partitionsAt(other, isLedBy(controllerId, other));

  expect(moved.every(({ isr }) => !isr.includes(victim))).toBe(true);
  const { brokers } = await knows(other, () => true);
  expect(brokers.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2, 3]);

  // Its next life begins while the session of the one before is still there, and catches up.
  await start(victim);
  await partitionsAt(other, (partitions) => partitions.every(({ isr }) => isr.length === 3));
});

test("a killed controller is succeeded, and what it led moves, while its session is still there", async () => {
  const before = await knows(1, () => true);
  const victim = before.controllerId;
  const [one, other] = [1, 2, 3].filter((id) => id !== victim) as [number, number];
  await ask(one, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  await partitionsAt(other, isLedBy(1, 2, 3));

  await kill(victim);
  const after = await knows(one, ({ controllerEpoch }) => controllerEpoch > before.controllerEpoch);
  await partitionsAt(one, isLedBy(one, other));
  await partitionsAt(other, isLedBy(one, other));

  expect(after.brokers.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2, 3]);
  expect([one, other]).toContain(after.controllerId);
});

test("a stopped process keeps its leaderships: its port does not refuse", async () => {
  const { controllerId } = await knows(1, () => true);
  const [victim, other] = [1, 2, 3].filter((id) => id !== controllerId) as [number, number];
  await ask(other, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  const before = await partitionsAt(other, isLedBy(1, 2, 3));

  process.kill(running.get(victim)!.pid, "SIGSTOP");
  try {
    // A topic that the controller makes later is an image later.
    await ask(other, "create-topics", { topics: [{ topic: "later", replicationFactor: 1 }] });
    expect(await partitionsAt(other, () => true)).toEqual(before);
  } finally {
    process.kill(running.get(victim)!.pid, "SIGCONT");
  }
});
