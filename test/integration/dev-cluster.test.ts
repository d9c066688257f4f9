import { type BrokerId, silentLogger } from "@zoolog/base";
import { type Broker, type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, serde, topic } from "@zoolog/client";
import { callBroker } from "@zoolog/testkit";

let cluster: DevCluster;

beforeEach(async () => {
  cluster = await startDevCluster(
    { brokers: 3, httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    hostDependencies({ logger: silentLogger }),
  );
});

afterEach(() => cluster.close());

type PartitionRow = {
  readonly partition: number;
  readonly leader?: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
};

type Topics = {
  readonly topics: readonly {
    readonly error?: { readonly code: string };
    readonly partitions: readonly PartitionRow[];
  }[];
};

type ClusterInfo = {
  readonly controllerId: number;
  readonly controllerEpoch: number;
  readonly brokers: readonly { readonly brokerId: number }[];
  readonly underReplicatedPartitionCount: number;
};

const urlOf = ({ address: { host, port } }: Broker): string => `http://${host}:${port}`;

async function describe(broker: Broker, topic: string): Promise<Topics["topics"][number]> {
  const { body } = await callBroker(urlOf(broker), "describe-topics", { topics: [topic] });
  return (body as Topics).topics[0]!;
}

async function clusterInfo(broker: Broker): Promise<ClusterInfo> {
  return (await callBroker(urlOf(broker), "describe-cluster")).body as ClusterInfo;
}

/** Asks again until the answer is as wanted; only a hang keeps it from becoming so. */
async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (isWanted(answer)) return answer;
  }
}

async function controllerAndOthers(): Promise<{ controller: Broker; others: Broker[] }> {
  const { controllerId } = await clusterInfo(cluster.brokers[0]!);
  const controller = cluster.brokers.find(({ brokerId }) => brokerId === controllerId)!;
  return { controller, others: cluster.brokers.filter((broker) => broker !== controller) };
}

const everybody = [1, 2, 3] as BrokerId[];

test("three brokers know each other, and a topic made at any of them is led and in sync at all", async () => {
  const { others } = await controllerAndOthers();
  const [maker, other] = others as [Broker, Broker];

  const made = await callBroker(urlOf(maker), "create-topics", {
    topics: [{ topic: "orders", numPartitions: 6 }],
  });

  expect(made).toMatchObject({
    status: 200,
    body: { topics: [{ topic: "orders", numPartitions: 6, replicationFactor: 3 }] },
  });
  for (const broker of cluster.brokers) {
    const ids = (answer: ClusterInfo): number[] => answer.brokers.map(({ brokerId }) => brokerId);
    await until(
      () => clusterInfo(broker),
      (answer) => ids(answer).length === 3,
    );
    const { partitions } = await until(
      () => describe(broker, "orders"),
      (topic) => topic.error === undefined,
    );
    expect(partitions.map(({ isr }) => [...isr].sort())).toEqual(Array(6).fill(everybody));
    // Every broker leads its share.
    expect(partitions.map(({ leader }) => leader).sort()).toEqual([1, 1, 2, 2, 3, 3]);
  }

  const deleted = await callBroker(urlOf(other), "delete-topics", {
    topics: [{ topic: "orders" }],
  });
  expect(deleted).toMatchObject({ status: 200, body: { topics: [{ topic: "orders" }] } });
  for (const broker of cluster.brokers) {
    await until(
      () => describe(broker, "orders"),
      ({ error }) => error?.code === "UNKNOWN_TOPIC_OR_PARTITION",
    );
  }
});

test("when the controller's broker is closed another one takes over, and images go on", async () => {
  const { controller, others } = await controllerAndOthers();
  const [first, second] = others as [Broker, Broker];
  await callBroker(urlOf(first), "create-topics", {
    topics: [{ topic: "orders", numPartitions: 6 }],
  });
  const before = await clusterInfo(first);

  await controller.close();
  const led = await until(
    () => describe(second, "orders"),
    ({ partitions }) =>
      partitions.every(({ leader }) => leader !== undefined && leader !== controller.brokerId),
  );
  const made = await callBroker(urlOf(first), "create-topics", {
    topics: [{ topic: "later", replicationFactor: 2 }],
  });

  expect(led.partitions.every(({ isr }) => !isr.includes(controller.brokerId))).toBe(true);
  expect(made).toMatchObject({ body: { topics: [{ topic: "later", replicationFactor: 2 }] } });
  const after = await until(
    () => clusterInfo(second),
    ({ controllerEpoch }) => controllerEpoch > before.controllerEpoch,
  );
  expect(after.controllerId).not.toBe(controller.brokerId);
  await until(
    () => describe(second, "later"),
    ({ error }) => error === undefined,
  );
});

test("a group of one waits for nobody, unless it was set so", async () => {
  const client = new Client({ brokers: cluster.urls });

  const entries = await client.admin.configs.describe(
    { broker: 1 },
    { keys: ["group.initial.rebalance.delay.ms"] },
  );

  expect(entries).toMatchObject([{ value: "0" }]);
  await client.close();
});

test("a leader that is closed under load costs no acknowledged record and fails no send", async () => {
  const orders = topic("orders", { key: serde.string(), value: serde.string() });
  const client = new Client({ brokers: cluster.urls });
  await client.admin.createTopic({ topic: orders.name, partitions: 3 });
  const producer = client.producer();
  const sent = new Map<string, Promise<unknown>>();
  const send = (): Promise<unknown> => {
    const value = `order ${sent.size}`;
    const sending = producer.send(orders, { value, partition: sent.size % 3 });
    sent.set(value, sending);
    return sending;
  };
  let isClosing = true;
  const lane = async (): Promise<void> => {
    while (isClosing) await send();
  };
  for (let warm = 0; warm < 30; warm++) await send();

  const lanes = Array.from({ length: 6 }, lane);
  const [leaving] = cluster.brokers;
  await leaving!.close();
  isClosing = false;
  await Promise.all(lanes);

  await expect(Promise.all(sent.values())).resolves.toHaveLength(sent.size);
  const found = new Set<string>();
  for await (const { value } of client.read(orders, { offsets: "start" })) {
    expect(found.has(value!)).toBe(false);
    found.add(value!);
    if (found.size === sent.size) break;
  }
  expect([...found].sort()).toEqual([...sent.keys()].sort());
  await producer.close();
  await client.close();
});
