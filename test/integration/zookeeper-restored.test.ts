import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { Client, serde, topic } from "@zoolog/client";
import {
  type BrokerProcess,
  startBrokerProcess,
  startZooKeeperEnsemble,
  type TemporaryFolder,
  temporaryFolder,
  type ZooKeeperEnsemble,
} from "@zoolog/testkit";

const IDS = [1, 2, 3];
const SERVERS = [0, 1, 2];

let ensemble: ZooKeeperEnsemble;
let folder: TemporaryFolder;
const brokers = new Map<number, BrokerProcess>();

beforeAll(async () => {
  folder = await temporaryFolder();
  ensemble = await startZooKeeperEnsemble({ servers: 3 });
  await Promise.all(IDS.map((id) => startBroker(id)));
});

afterAll(async () => {
  for (const broker of brokers.values()) await broker.kill("SIGKILL");
  await ensemble.close();
  await folder.remove();
});

async function startBroker(id: number): Promise<void> {
  const broker = await startBrokerProcess({
    kind: "broker",
    settings: {
      "broker.id": id,
      "data.dir": join(folder.path, `broker-${id}`),
      "zookeeper.connect": `${ensemble.connectString}/zoolog`,
      "zookeeper.session.timeout.ms": 4_000,
      "default.replication.factor": 3,
      "http.port": 0,
      "kafka.port": 0,
    },
  });
  brokers.set(id, broker);
}

function broker(id: number): BrokerProcess {
  return brokers.get(id)!;
}

const copyOf = (server: number): string => join(folder.path, `zookeeper-${server}`);

async function stopZooKeeper(): Promise<void> {
  for (const server of SERVERS) await ensemble.kill(server);
}

async function startZooKeeper(): Promise<void> {
  for (const server of SERVERS) ensemble.start(server);
  await ensemble.ready();
}

async function withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ brokers: IDS.map((id) => broker(id).url) });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

const orders = topic("orders", { value: serde.string() });

async function produce(value: string): Promise<void> {
  await withClient((client) => client.producer().send(orders, { value }));
}

async function valuesKept(): Promise<(string | undefined)[]> {
  return withClient(async (client) => {
    const values = [];
    for await (const { value } of client.read(orders)) values.push(value);
    return values;
  });
}

test("brokers end when ZooKeeper is restored under them, and started anew they serve all they had", async () => {
  await withClient((client) => client.admin.createTopic({ topic: "orders" }));
  await produce("before the backup");
  await stopZooKeeper();
  for (const server of SERVERS) {
    await cp(ensemble.dataFolder(server), copyOf(server), { recursive: true });
  }
  await startZooKeeper();
  await withClient((client) => client.admin.createTopic({ topic: "later" }));
  await broker(2).kill("SIGKILL");
  await produce("after the backup");
  await startBroker(2);

  await stopZooKeeper();
  for (const server of SERVERS) {
    await rm(ensemble.dataFolder(server), { recursive: true });
    await cp(copyOf(server), ensemble.dataFolder(server), { recursive: true });
  }
  await startZooKeeper();
  const ends = await Promise.all(IDS.map((id) => broker(id).exited));

  expect(ends).toEqual(IDS.map(() => ({ code: 1, signal: null })));
  for (const id of IDS)
    expect(broker(id).log.join("\n")).toContain("ZooKeeper's history went back");
  await Promise.all(IDS.map((id) => startBroker(id)));
  await produce("after all");
  expect(await valuesKept()).toEqual(["before the backup", "after the backup", "after all"]);
});
