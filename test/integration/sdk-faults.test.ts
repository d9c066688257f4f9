/** The SDK while brokers die, stall and cut connections. */
import { Client, serde, topic, type ZoologError } from "@zoolog/client";
import {
  type BrokerProcess,
  freeTcpPorts,
  startBrokerProcess,
  TcpProxy,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";

const texts = topic("texts", { value: serde.string() });
const codeOf = (error: unknown) => (error as ZoologError).code;

let folder: TemporaryFolder;
let ports: readonly number[];
let broker: BrokerProcess;
let proxy: TcpProxy;
let client: Client;

/** The broker tells clients the proxy's address, so everything they do goes through it. */
const start = (): Promise<BrokerProcess> =>
  startBrokerProcess({
    kind: "dev",
    options: {
      httpPort: ports[0]!,
      kafkaPort: 0,
      zookeeperPort: 0,
      dataFolder: `${folder.path}/data`,
      settings: [
        { from: "test", settings: { "http.advertised.port": Number(proxy.address.split(":")[1]) } },
      ],
    },
  });

beforeEach(async () => {
  folder = await temporaryFolder();
  ports = await freeTcpPorts(1);
  proxy = await TcpProxy.open(ports[0]!);
  broker = await start();
  client = new Client({ brokers: [`http://${proxy.address}`] });
  await client.admin.createTopic({ topic: "texts", partitions: 2 });
});
afterEach(async () => {
  await client.close();
  await broker.kill("SIGKILL");
  await proxy.close();
  await folder.remove();
});

async function readAll(): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for await (const { offset, partition, value } of client.read(texts)) {
    found.set(`${partition}@${offset}`, `${value}`);
  }
  return found;
}

test("a broker killed and started again under a producer loses nothing that was acknowledged, and writes nothing twice", async () => {
  const producer = client.producer({ acks: "all" });
  const acknowledged = new Map<string, string>();
  let next = 0;
  let stopped = false;
  const sender = async () => {
    while (!stopped) {
      const value = `v${next++}`;
      const { offset, partition } = await producer.send(texts, { value });
      acknowledged.set(`${partition}@${offset}`, value);
    }
  };
  const senders = Array.from({ length: 20 }, sender);
  const reaches = async (count: number) => {
    while (acknowledged.size < count) await new Promise((resolve) => setImmediate(resolve));
  };

  await reaches(300);
  await broker.kill("SIGKILL");
  const before = acknowledged.size;
  broker = await start();
  await reaches(before + 300);
  stopped = true;
  await Promise.all(senders);

  const stored = await readAll();
  const lost = [...acknowledged].filter(([place, value]) => stored.get(place) !== value);
  expect(lost).toEqual([]);
  expect(new Set(stored.values()).size).toBe(stored.size);
});

test("connections that are cut again and again: each record once, in the order of its partition", async () => {
  const producer = client.producer({ batchBytes: 1_024 });
  const values = Array.from({ length: 3_000 }, (_, index) => `${index}`.padStart(20, "0"));
  let sent = 0;
  function* source() {
    for (const value of values) {
      sent += 1;
      if (sent % 700 === 0) proxy.drop();
      yield { value, partition: sent % 2 };
    }
  }

  const result = await producer.sendMany(texts, source());
  const stored: string[][] = [[], []];
  for await (const { partition, value } of client.read(texts)) stored[partition]!.push(`${value}`);

  expect(result.records).toBe(3_000);
  for (const partition of [0, 1]) {
    const expected = values.filter((_, index) => (index + 1) % 2 === partition);
    expect(stored[partition]).toEqual(expected);
  }
});

test("a frozen broker costs the time that the caller gave and no more", async () => {
  const producer = client.producer({ deliveryTimeoutMs: 1_000 });
  await producer.send(texts, { value: "warm" });
  proxy.freeze();

  const send = producer.send(texts, { value: "a" });
  const call = client.admin.describeCluster({ timeoutMs: 500 });

  const results = await Promise.allSettled([send, call]);
  proxy.heal();
  expect(results.map((r) => r.status === "rejected" && codeOf(r.reason))).toEqual([
    "DELIVERY_TIMED_OUT",
    "REQUEST_TIMED_OUT",
  ]);
});

test("a reader sits out a broker's restart and goes on where it was", async () => {
  const producer = client.producer();
  await producer.send(texts, { value: "before", partition: 0 });
  const reader = client.reader(texts, { follow: true, partitions: [0] });
  const records = reader[Symbol.asyncIterator]();
  expect((await records.next()).value?.value).toBe("before");

  const pending = records.next();
  await broker.kill("SIGKILL");
  broker = await start();
  await producer.send(texts, { value: "after", partition: 0 });

  expect((await pending).value?.value).toBe("after");
  await reader.close();
});

test("where nobody listens a call says so, and a producer waits for the broker to come", async () => {
  proxy.cut();
  await broker.kill("SIGKILL");
  const lonely = new Client({
    brokers: [`http://127.0.0.1:${ports[0]}`],
    unreachableTimeoutMs: 200,
  });

  const call = lonely.admin.describeCluster();
  await expect(call).rejects.toMatchObject({
    code: "BROKER_UNREACHABLE",
    cause: expect.objectContaining({ code: "CONNECTION_REFUSED" }),
  });

  const sending = client.producer().send(texts, { value: "patient" });
  broker = await start();
  proxy.heal();
  await expect(sending).resolves.toMatchObject({ offset: 0 });
  await lonely.close();
});

test("every send settles once, whenever it is aborted and whatever breaks meanwhile", async () => {
  const producer = client.producer({ deliveryTimeoutMs: 5_000 });
  await producer.send(texts, { value: "warm" });
  let settled = 0;
  const sends = Array.from({ length: 300 }, async (_, index) => {
    const controller = new AbortController();
    const send = producer.send(texts, { value: `${index}` }, { signal: controller.signal });
    if (index % 3 === 0) setImmediate(() => controller.abort(new Error("never mind")));
    if (index % 100 === 50) proxy.drop();
    await send.then(
      () => (settled += 1),
      () => (settled += 1),
    );
  });

  await Promise.all(sends);

  expect(settled).toBe(300);
  expect(producer.bufferedBytes).toBeLessThan(100_000);
  await producer.close();
  expect(producer.bufferedBytes).toBe(0);
});
