/**
 * What docs/operating/zkcli.md says that an operator may change by hand, done by hand: Java's own
 * zkCli on a real Apache ZooKeeper below two brokers.
 */
import { spawn } from "node:child_process";
import { silentLogger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { Client } from "@zoolog/client";
import {
  findZooKeeper,
  startZooKeeperEnsemble,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";

const dependencies = hostDependencies({ logger: silentLogger });
const WAIT_MS = 30_000;

let folder: TemporaryFolder;
let ensemble: Awaited<ReturnType<typeof startZooKeeperEnsemble>>;
const brokers: Broker[] = [];
let client: Client;

beforeAll(async () => {
  folder = await temporaryFolder();
  ensemble = await startZooKeeperEnsemble({ servers: 1 });
  for (const id of [1, 2]) brokers.push(await startBroker(id));
  client = new Client({ brokers: brokers.map(urlOf) });
  await client.admin.createTopic({ topic: "orders", assignments: [[1, 2]] });
});
afterAll(async () => {
  await client?.close();
  for (const broker of brokers) await broker.close();
  await ensemble?.close();
  await folder.remove();
});

async function startBroker(id: number): Promise<Broker> {
  const settings = {
    "broker.id": id,
    "data.dir": `${folder.path}/broker-${id}`,
    "zookeeper.connect": `${ensemble.connectString}/zoolog`,
    "http.port": 0,
    "kafka.port": 0,
    "auto.leader.rebalance.enable": false,
  };
  const broker = await Broker.start(parseBrokerConfig([{ from: "test", settings }]), dependencies);
  await broker.ready(WAIT_MS);
  return broker;
}

function urlOf(broker: Broker): string {
  return `http://${broker.address.host}:${broker.address.port}`;
}

/** What `zkCli.sh -server …` starts, with these lines typed into it. */
async function zkCli(...lines: string[]): Promise<string> {
  const { classpath, java } = findZooKeeper();
  const server = `${ensemble.connectString}/zoolog`;
  const child = spawn(java, [
    ...["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classpath],
    ...["org.apache.zookeeper.ZooKeeperMain", "-server", server],
  ]);
  const out: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => out.push(chunk));
  }
  child.stdin.end([...lines, "close", ""].join("\n"));
  await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  return Buffer.concat(out).toString("utf8");
}

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await isSo())) {
    if (Date.now() > deadline) throw new Error(`in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("the offset of a group without members: read and set with zkCli", async () => {
  const offset = { topic: "orders", partition: 0, offset: 0 };
  await client.admin.groups.setOffsets("billing", [offset]);

  const read = await zkCli("get /consumers/billing/offsets/orders/0");
  await zkCli('set /consumers/billing/offsets/orders/0 {"offset":42}');

  expect(read).toMatch(/\{"version":1,"offset":0,.*"topic_id":"[\w-]{22}"\}/);
  expect(await client.admin.groups.offsets("billing")).toMatchObject([{ offset: 42 }]);
});

test("a topic's settings, with a notification so that nobody has to wait", async () => {
  await zkCli(
    'create /config/topics/orders {"version":1,"config":{}}',
    'set /config/topics/orders {"version":1,"config":{"retention.ms":"3600000"}}',
    'create -s /config/changes/config_change_ {"version":2,"entity_path":"topics/orders"}',
  );

  await until("the setting is in force", async () => {
    const [retention] = await client.admin.configs.describe(
      { topic: "orders" },
      { keys: ["retention.ms"] },
    );
    return retention?.value === "3600000" && retention.source === "topic";
  });
});

test("the preferred leader is elected when somebody asks for it, and the request goes", async () => {
  const leader = async () => (await client.admin.describeTopic("orders")).partitions[0]?.leader;
  await brokers.shift()?.close();
  await until("the other one leads", async () => (await leader()) === 2);
  brokers.unshift(await startBroker(1));
  await client.close();
  client = new Client({ brokers: brokers.map(urlOf) });
  await until("the first one is in sync again", async () => {
    const [partition] = (await client.admin.describeTopic("orders")).partitions;
    return partition?.isr.length === 2;
  });

  await zkCli(
    'create /admin/preferred_replica_election {"version":1,"partitions":[{"topic":"orders","partition":0}]}',
  );

  await until("the first one leads", async () => (await leader()) === 1);
  await until("the request is gone", async () => {
    return !(await zkCli("ls /admin")).includes("preferred_replica_election");
  });
});

test("a topic goes when its name stands below delete_topics", async () => {
  await zkCli("create /admin/delete_topics/orders");

  await until("the topic is gone", async () => {
    return !(await client.admin.listTopics()).some(({ topic }) => topic === "orders");
  });
});
