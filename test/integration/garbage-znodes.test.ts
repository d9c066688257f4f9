/** What an operator's slip with zkCli does to a broker, and how it is told and healed. */
import { cp, rm } from "node:fs/promises";
import { silentLogger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { callBroker, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";
import {
  connectZooKeeper,
  startZooKeeperServer,
  type ZooKeeperClient,
  type ZooKeeperServer,
} from "@zoolog/zookeeper";

const dependencies = hostDependencies({ logger: silentLogger });
const SESSION_TIMEOUT_MS = 1_000;
const READY_TIMEOUT_MS = 60_000;

let folder: TemporaryFolder;
let server: ZooKeeperServer;
let hand: ZooKeeperClient;
const brokers: Broker[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
  server = await startZooKeeperServer(
    { port: 0, tickTimeMs: SESSION_TIMEOUT_MS / 2 },
    dependencies,
  );
  const connectString = `${server.host}:${server.port}`;
  hand = await connectZooKeeper(
    { connectString, sessionTimeoutMs: 10_000, connectTimeoutMs: 20_000 },
    dependencies,
  );
});
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.close();
  await hand.close();
  await server.close();
  await folder.remove();
});

async function start(dataDir = `${folder.path}/broker`): Promise<Broker> {
  const settings = {
    "broker.id": 1,
    "data.dir": dataDir,
    "zookeeper.connect": `${server.host}:${server.port}`,
    "zookeeper.session.timeout.ms": SESSION_TIMEOUT_MS,
    "http.port": 0,
    "kafka.port": 0,
  };
  const broker = await Broker.start(parseBrokerConfig([{ from: "test", settings }]), dependencies);
  brokers.push(broker);
  return broker;
}

async function restarted(broker: Broker): Promise<Broker> {
  await broker.close();
  brokers.splice(brokers.indexOf(broker), 1);
  return start();
}

const urlOf = ({ address: { host, port } }: Broker): string => `http://${host}:${port}`;

async function call(broker: Broker, method: string, path: string, body?: object) {
  const response = await fetch(`${urlOf(broker)}${path}`, {
    method,
    ...(body === undefined
      ? {}
      : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return { status: response.status, body: await response.json() };
}

const spoil = (path: string) => hand.setData(path, Buffer.from("nonsense"));

test("a topic whose znode is nonsense is named where one asks, and deleting it heals", async () => {
  const first = await start();
  await first.ready(READY_TIMEOUT_MS);
  await callBroker(urlOf(first), "create-topics", { topics: [{ topic: "t" }] });
  await call(first, "POST", "/v1/topics/t/records", { records: [{ value: "old" }] });
  await spoil("/brokers/topics/t");
  const broker = await restarted(first);
  await broker.ready(READY_TIMEOUT_MS);
  const fault = expect.stringContaining("znode /brokers/topics/t: is not JSON");

  expect(await call(broker, "GET", "/health/ready")).toMatchObject({
    status: 200,
    body: { reasons: [fault] },
  });
  expect(await call(broker, "GET", "/v1/topics/t")).toMatchObject({
    status: 503,
    body: { error: { code: "LEADER_NOT_AVAILABLE", message: fault, retriable: true } },
  });
  expect(await call(broker, "PUT", "/v1/topics/t", {})).toMatchObject({
    status: 409,
    body: { error: { code: "TOPIC_ALREADY_EXISTS", message: fault } },
  });

  expect(await call(broker, "DELETE", "/v1/topics/t")).toMatchObject({ status: 200 });
  expect((await call(broker, "PUT", "/v1/topics/t", {})).status).toBe(201);
  const posted = await call(broker, "POST", "/v1/topics/t/records", {
    records: [{ value: "new" }],
  });
  expect(posted).toMatchObject({ status: 200, body: { records: [{ offset: 0 }] } });
  expect((await call(broker, "GET", "/health/ready")).body).toMatchObject({ reasons: [] });
});

test("a controller epoch that is nonsense is named with what to write, and then all goes on", async () => {
  const first = await start();
  await first.ready(READY_TIMEOUT_MS);
  await spoil("/controller_epoch");
  const broker = await restarted(first);

  let answer = await call(broker, "GET", "/health/ready");
  while (!JSON.stringify(answer).includes("/controller_epoch")) {
    answer = await call(broker, "GET", "/health/ready");
  }
  const reason = (answer.body as { reasons: string[] }).reasons.join("\n");
  expect(answer.status).toBe(503);
  expect(reason).toContain('znode /controller_epoch: "nonsense" is not an epoch');
  const [, advice = ""] = /zkCli: set \/controller_epoch ([0-9]+)/.exec(reason) ?? [];
  await hand.setData("/controller_epoch", Buffer.from(advice));

  expect(await broker.ready(READY_TIMEOUT_MS)).toBe(true);
  expect(await call(broker, "GET", "/health/ready")).toMatchObject({
    status: 200,
    body: { reasons: [] },
  });
});

test("a group whose znode is nonsense is named where one asks, others go on, and mending heals", async () => {
  const first = await start();
  await first.ready(READY_TIMEOUT_MS);
  const url = urlOf(first);
  await callBroker(url, "create-topics", { topics: [{ topic: "t" }] });
  const commit = (at: Broker, groupId: string) =>
    callBroker(urlOf(at), "commit-offsets", {
      groupId,
      topics: [{ topic: "t", partitions: [{ partition: 0, offset: 1 }] }],
    });
  for (const groupId of ["broken", "well"]) {
    while ((await commit(first, groupId)).status !== 200);
  }
  await spoil("/consumers/broken");
  await hand.create("/consumers/well/offsets/t/0/note", Buffer.from("by hand"));

  const broker = await restarted(first);
  await broker.ready(READY_TIMEOUT_MS);
  while ((await commit(broker, "well")).status !== 200);
  const fault = expect.stringContaining("znode /consumers/broken: is not JSON");
  expect(await call(broker, "GET", "/v1/groups/broken")).toMatchObject({
    status: 503,
    body: { error: { code: "COORDINATOR_NOT_AVAILABLE", message: fault } },
  });
  expect((await call(broker, "GET", "/health/ready")).body).toMatchObject({ reasons: [fault] });
  const topics = [{ topic: "t", partitions: [0] }];
  const deleted = await callBroker(urlOf(broker), "delete-offsets", { groupId: "well", topics });
  expect(deleted.status).toBe(200);
  expect((await hand.getChildren("/consumers/well/offsets/t")).names).toEqual([]);

  await hand.setData("/consumers/broken", Buffer.from('{"type":"classic","generation":0}'));
  while ((await commit(broker, "broken")).status !== 200);
  expect((await call(broker, "GET", "/health/ready")).body).toMatchObject({ reasons: [] });
  expect((await call(broker, "GET", "/v1/groups/well")).status).toBe(200);
});

test("a broker on a copy of a data folder is refused while the original runs", async () => {
  const original = await start();
  await original.ready(READY_TIMEOUT_MS);
  const copy = `${folder.path}/copy`;
  await cp(`${folder.path}/broker`, copy, { recursive: true });
  // A copy that brings the lock along is refused even earlier, as its owner runs.
  await expect(start(copy)).rejects.toMatchObject({ code: "DATA_FOLDER_LOCKED" });
  await rm(`${copy}/.lock`, { recursive: true });

  await expect(start(copy)).rejects.toMatchObject({
    code: "BROKER_ID_TAKEN",
    message: expect.stringContaining("runs on a copy of this data folder"),
  });

  expect((await call(original, "GET", "/health/ready")).status).toBe(200);
});

test("a broker on another folder under a taken id is refused and told who has it", async () => {
  const original = await start();

  await expect(start(`${folder.path}/another`)).rejects.toMatchObject({
    code: "BROKER_ID_TAKEN",
    message: expect.stringMatching(
      new RegExp(`taken by .*:${original.address.port}, which runs on another data folder`),
    ),
  });
});
