/** The SDK against a real broker process over real sockets. */
import { Client, type ReadOptions, serde, topic } from "@zoolog/client";
import { type BrokerProcess, startBrokerProcess } from "@zoolog/testkit";
import fc from "fast-check";

type Order = { readonly id: number; readonly note: string };

let broker: BrokerProcess;
let client: Client;
let topics = 0;

beforeAll(async () => {
  broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
  });
});
afterAll(async () => {
  await broker.kill("SIGTERM");
});
beforeEach(() => {
  client = new Client({ brokers: [broker.url] });
});
afterEach(async () => {
  await client.close();
});

async function newTopic(partitions = 1): Promise<string> {
  topics += 1;
  const name = `sdk-${topics}`;
  await client.admin.createTopic({ topic: name, partitions });
  return name;
}

async function valuesOf<V>(
  name: string,
  value: ReturnType<typeof serde.json<V>>,
  options?: ReadOptions,
) {
  const values: (V | undefined)[] = [];
  for await (const record of client.read(topic(name, { value }), options))
    values.push(record.value);
  return values;
}

test("typed records come back with their keys, headers and times", async () => {
  const orders = topic(await newTopic(3), { key: serde.string(), value: serde.json<Order>() });
  const producer = client.producer();
  const sent = [1, 2, 3, 4].map((id) => ({
    key: `customer-${id % 2}`,
    value: { id, note: "ü\u{1f600}" },
    headers: { trace: `t${id}` },
    timestamp: 1_700_000_000_000 + id,
  }));

  const places = await Promise.all(sent.map((record) => producer.send(orders, record)));
  const read = [];
  for await (const record of client.read(orders)) {
    const { key, offset, partition, timestamp, value } = record;
    read.push({ key, value, timestamp, partition, offset, trace: record.header("trace") });
  }

  const expected = sent.map(({ headers, ...record }, index) => ({
    ...record,
    partition: places[index]!.partition,
    offset: places[index]!.offset,
    trace: headers.trace,
  }));
  const byId = (a: { value?: Order | undefined }, b: { value?: Order | undefined }) =>
    (a.value?.id ?? 0) - (b.value?.id ?? 0);
  expect(read.sort(byId)).toEqual(expected);
  // One key, one partition.
  expect(places[0]!.partition).toBe(places[2]!.partition);
});

test.each(["none", "gzip", "snappy", "lz4", "zstd"] as const)(
  "records compressed with %s come back",
  async (compression) => {
    const name = await newTopic();
    const numbers = topic(name, { value: serde.json<number>() });
    const values = Array.from({ length: 2_000 }, (_, index) => index);

    const producer = client.producer({ compression, batchBytes: 8 * 1_024 });
    const result = await producer.sendMany(
      numbers,
      values.map((value) => ({ value })),
    );

    expect(result.records).toBe(2_000);
    expect(await valuesOf(name, serde.json<number>())).toEqual(values);
  },
);

test("tombstones, absent keys and empty values are different things", async () => {
  const texts = topic(await newTopic(), { key: serde.string(), value: serde.string() });
  const producer = client.producer();
  await producer.send(texts, { key: "", value: undefined });
  await producer.send(texts, { value: "" });

  const read = [];
  for await (const { key, value } of client.read(texts)) read.push([key, value]);

  expect(read).toEqual([
    ["", undefined],
    [undefined, ""],
  ]);
});

test("whatever is written to whichever partition is read in its order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat({ max: 2 }), fc.uint8Array({ maxLength: 2_000 })), {
        minLength: 1,
        maxLength: 200,
      }),
      async (records) => {
        const bytes = topic(await newTopic(3), { value: serde.bytes() });
        const producer = client.producer({ batchBytes: 4_096 });

        await producer.sendMany(
          bytes,
          records.map(([partition, value]) => ({ partition, value })),
        );
        const read: string[][] = [[], [], []];
        for await (const { partition, value } of client.read(bytes, { prefetchBytes: 10_000 })) {
          read[partition]!.push(Buffer.from(value!).toString("hex"));
        }

        const expected = [0, 1, 2].map((wanted) =>
          records
            .filter(([partition]) => partition === wanted)
            .map(([, value]) => Buffer.from(value).toString("hex")),
        );
        expect(read).toEqual(expected);
      },
    ),
    { numRuns: 10 },
  );
});

test("a record larger than the topic allows is refused, a smaller one behind it is sent", async () => {
  topics += 1;
  const name = `sdk-${topics}`;
  await client.admin.createTopic({ topic: name, configs: { "max.message.bytes": "2048" } });
  const texts = topic(name, { value: serde.string() });
  const producer = client.producer();

  const results = await Promise.allSettled([
    producer.send(texts, { value: "x".repeat(4_000) }),
    producer.send(texts, { value: "small" }),
  ]);

  expect(results.map((r) => (r.status === "rejected" ? r.reason.code : r.value.offset))).toEqual([
    "MESSAGE_TOO_LARGE",
    0,
  ]);
});

test("following sees records as they are written, and an abort ends it", async () => {
  const texts = topic(await newTopic(2), { value: serde.string() });
  const controller = new AbortController();
  const reader = client.reader(texts, { follow: true, signal: controller.signal });
  const read: string[] = [];
  const reading = (async () => {
    for await (const { value } of reader) {
      read.push(`${value}`);
      if (read.length === 20) controller.abort(new Error("enough"));
    }
  })();

  const producer = client.producer();
  for (let index = 0; index < 20; index++) await producer.send(texts, { value: `${index}` });

  await expect(reading).rejects.toThrow("enough");
  expect(read.map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("topics are created, described, listed and deleted, each failure by its name", async () => {
  const { admin } = client;
  const name = await newTopic(3);

  await expect(admin.createTopic({ topic: name })).rejects.toMatchObject({
    code: "TOPIC_ALREADY_EXISTS",
    retriable: false,
  });
  await expect(admin.createTopic({ topic: "../etc" })).rejects.toMatchObject({
    code: "INVALID_TOPIC_EXCEPTION",
  });
  const described = await admin.describeTopic(name);
  expect(described).toMatchObject({ topic: name, partitions: [{}, {}, {}] });
  expect((await admin.listTopics()).map(({ topic: listed }) => listed)).toContain(name);
  await expect(admin.deleteTopic(name, { topicId: "A".repeat(22) })).rejects.toMatchObject({
    code: expect.stringMatching(/TOPIC/),
  });
  await admin.deleteTopic(name);
  await expect(admin.deleteTopic("never-there")).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
    retriable: false,
  });
  await expect(admin.describeTopic(name)).rejects.toMatchObject({
    code: "UNKNOWN_TOPIC_OR_PARTITION",
  });
  const cluster = await admin.describeCluster();
  expect(cluster.brokers).toHaveLength(1);
});

test("several topics are created in one call, each on its own", async () => {
  const { admin } = client;
  const there = await newTopic(1);
  const [a, b, c] = ["a", "b", "c"].map((letter) => `${there}-${letter}`) as [
    string,
    string,
    string,
  ];

  const created = await admin.createTopics([{ topic: a, partitions: 2 }, { topic: b }]);
  const partly = admin.createTopics([{ topic: there }, { topic: c }, { topic: a }]);

  expect(created).toMatchObject([
    { topic: a, partitions: 2, topicId: expect.any(String) },
    { topic: b, partitions: 1 },
  ]);
  await expect(partly).rejects.toMatchObject({
    code: "TOPIC_ALREADY_EXISTS",
    message: expect.stringMatching(new RegExp(`^2 of 3 topics were not created: .*${there}.*${a}`)),
    cause: { errors: [{ code: "TOPIC_ALREADY_EXISTS" }, { code: "TOPIC_ALREADY_EXISTS" }] },
  });
  await expect(admin.describeTopic(c)).resolves.toMatchObject({ topic: c });
  await expect(admin.createTopics([])).resolves.toEqual([]);
  await expect(
    admin.createTopics([{ topic: `${c}-2` }, { topic: "../etc" }]),
  ).rejects.toMatchObject({ code: "INVALID_TOPIC_EXCEPTION" });
});

test("offsets are found by place and by time", async () => {
  const name = await newTopic();
  const texts = topic(name, { value: serde.string() });
  const producer = client.producer();
  for (const timestamp of [1_000, 2_000, 3_000]) {
    await producer.send(texts, { value: "x", timestamp });
  }

  const find = async (at: Parameters<typeof client.admin.listOffsets>[1]) =>
    (await client.admin.listOffsets(name, at)).get(0)?.offset;

  expect(await find("earliest")).toBe(0);
  expect(await find("latest")).toBe(3);
  expect(await find({ timestamp: 1_500 })).toBe(1);
  expect(await find({ timestamp: 9_000 })).toBeUndefined();
});

test("a server that is no broker is told apart from one", async () => {
  const { createServer } = await import("node:http");
  const other = createServer((_, response) => response.end("<html>hello</html>"));
  await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  const { port } = other.address() as { port: number };
  const misled = new Client({ brokers: [`http://127.0.0.1:${port}`] });

  await expect(misled.admin.describeCluster({ timeoutMs: 300 })).rejects.toMatchObject({
    code: "REQUEST_TIMED_OUT",
    cause: expect.objectContaining({ code: "INVALID_RESPONSE" }),
  });
  await misled.close();
  await new Promise((resolve) => other.close(resolve));
});
