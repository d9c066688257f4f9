/** What happens when processes die: their sessions in ZooKeeper live on for half a minute here. */
import { ProcessCluster } from "@zoolog/testkit";

const SESSION_TIMEOUT_MS = 30_000;

let cluster: ProcessCluster;

beforeEach(async () => {
  cluster = await ProcessCluster.start({
    settings: () => ({ "zookeeper.session.timeout.ms": SESSION_TIMEOUT_MS }),
  });
});
afterEach(() => cluster.close());

type ClusterInfo = {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  readonly brokers: readonly { readonly brokerId: number }[];
};

type Partition = { readonly leader?: number; readonly isr: readonly number[] };

/** Asks broker `id` until the cluster is as wanted. */
async function knows(
  id: number,
  isWanted: (cluster: ClusterInfo) => boolean,
): Promise<ClusterInfo> {
  const { body } = await cluster.until(id, "describe-cluster", {}, (answer) =>
    isWanted(answer.body as ClusterInfo),
  );
  return body as ClusterInfo;
}

async function partitionsAt(
  id: number,
  isWanted: (partitions: readonly Partition[]) => boolean,
): Promise<readonly Partition[]> {
  type Topics = { readonly topics: readonly { readonly partitions?: readonly Partition[] }[] };
  let found: readonly Partition[] = [];
  await cluster.until(id, "describe-topics", { topics: ["orders"] }, ({ body }) => {
    const partitions = (body as Topics).topics[0]?.partitions;
    found = partitions ?? [];
    return partitions !== undefined && isWanted(partitions);
  });
  return found;
}

const isLedBy =
  (...leaders: readonly number[]) =>
  (partitions: readonly Partition[]): boolean =>
    partitions.every(({ leader }) => leader !== undefined && leaders.includes(leader));

test("the leaderships of a killed process move while its session is still there", async () => {
  const { controllerId } = await knows(1, () => true);
  const [victim, other] = [1, 2, 3].filter((id) => id !== controllerId) as [number, number];
  await cluster.ask(other, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  await partitionsAt(other, isLedBy(1, 2, 3));

  await cluster.kill(victim);
  const moved = await partitionsAt(other, isLedBy(controllerId, other));

  expect(moved.every(({ isr }) => !isr.includes(victim))).toBe(true);
  const { brokers } = await knows(other, () => true);
  expect(brokers.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2, 3]);

  // Its next life begins while the session of the one before is still there, and catches up.
  await cluster.start(victim);
  await partitionsAt(other, (partitions) => partitions.every(({ isr }) => isr.length === 3));
});

test("a killed controller is succeeded, and what it led moves, while its session is still there", async () => {
  const before = await knows(1, () => true);
  const victim = before.controllerId;
  const [one, other] = [1, 2, 3].filter((id) => id !== victim) as [number, number];
  await cluster.ask(one, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  await partitionsAt(other, isLedBy(1, 2, 3));

  await cluster.kill(victim);
  const after = await knows(one, ({ controllerEpoch }) => controllerEpoch > before.controllerEpoch);
  await partitionsAt(one, isLedBy(one, other));
  await partitionsAt(other, isLedBy(one, other));

  expect(after.brokers.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2, 3]);
  expect([one, other]).toContain(after.controllerId);
});

test("a stopped process keeps its leaderships: its port does not refuse", async () => {
  const { controllerId } = await knows(1, () => true);
  const [victim, other] = [1, 2, 3].filter((id) => id !== controllerId) as [number, number];
  await cluster.ask(other, "create-topics", { topics: [{ topic: "orders", numPartitions: 6 }] });
  const before = await partitionsAt(other, isLedBy(1, 2, 3));

  cluster.freeze(victim);
  try {
    // A topic that the controller makes later is an image later.
    await cluster.ask(other, "create-topics", {
      topics: [{ topic: "later", replicationFactor: 1 }],
    });
    expect(await partitionsAt(other, () => true)).toEqual(before);
  } finally {
    cluster.resume(victim);
  }
});
