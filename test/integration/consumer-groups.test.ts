/** Consumer groups against a real cluster in one process, over real sockets. */
import { Client, type Consumer, serde, topic } from "@zoolog/client";
import { type BrokerProcess, startBrokerProcess } from "@zoolog/testkit";

let cluster: BrokerProcess;
let client: Client;
let names = 0;
const consumers: Consumer<string, string>[] = [];

beforeAll(async () => {
  const options = { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 };
  cluster = await startBrokerProcess({ kind: "dev", options });
});
afterAll(async () => {
  await cluster.kill("SIGTERM");
});
beforeEach(() => {
  client = new Client({ brokers: [cluster.url] });
});
afterEach(async () => {
  await Promise.all(consumers.splice(0).map((consumer) => consumer.close({ timeoutMs: 10_000 })));
  await client.close();
});

type Protocol = "consumer" | "classic";

async function newTopic(partitions: number, records: number) {
  names += 1;
  const name = `groups-${names}`;
  await client.admin.createTopic({ topic: name, partitions });
  const texts = topic(name, { key: serde.string(), value: serde.string() });
  const producer = client.producer();
  const values = Array.from({ length: records }, (_, i) => `${i}`);
  await producer.sendMany(
    texts,
    values.map((value, i) => ({ value, partition: i % partitions })),
  );
  return { name, texts, values, producer };
}

function member(
  texts: ReturnType<typeof topic<string, string>>,
  protocol: Protocol,
  options: { from?: "earliest" | "latest"; instanceId?: string } = { from: "earliest" },
): Consumer<string, string> {
  const consumer = client.consumer({
    group: `g-${texts.name}`,
    topics: [texts],
    protocol,
    sessionTimeoutMs: 10_000,
    ...options,
  });
  consumers.push(consumer);
  return consumer;
}

/** Resolves when it holds; the test's own timeout ends a wait that never does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

function readInto(consumer: Consumer<string, string>, seen: string[]): Promise<unknown> {
  const reading = async () => {
    for await (const { value } of consumer) seen.push(`${value}`);
  };
  return reading().catch((error: unknown) => error);
}

describe.each(["consumer", "classic"] as const)("by the %s protocol", (protocol) => {
  test("members share a topic and each record is read once, while they come and go", async () => {
    const { producer, texts, values } = await newTopic(6, 600);
    const seen: string[] = [];
    const first = member(texts, protocol);
    void readInto(first, seen);
    await until(() => seen.length === 600);
    const second = member(texts, protocol);
    void readInto(second, seen);
    await until(() => first.assignment().length === 3 && second.assignment().length === 3);

    await producer.sendMany(
      texts,
      values.map((value, i) => ({ value: `b${value}`, partition: i % 6 })),
    );
    await until(() => seen.length >= 1_200);
    await first.close();
    await until(() => second.assignment().length === 6);
    await producer.sendMany(
      texts,
      values.map((value, i) => ({ value: `c${value}`, partition: i % 6 })),
    );
    await until(() => seen.length >= 1_800);

    // Nobody crashed: nothing is read twice.
    expect(seen).toHaveLength(1_800);
    expect(new Set(seen).size).toBe(1_800);
  });

  test("what is handled is committed, and another member goes on there", async () => {
    const { name, texts } = await newTopic(1, 10);
    const first = member(texts, protocol);
    for await (const { offset } of first) {
      if (offset < 4) continue;
      await first.commit();
      break;
    }
    await first.close();

    const group = `g-${name}`;
    expect(await client.admin.groups.offsets(group)).toMatchObject([
      { topic: name, partition: 0, offset: 5 },
    ]);
    const second = member(texts, protocol, {});
    const offsets: number[] = [];
    for await (const { offset } of second) {
      offsets.push(offset);
      if (offset === 9) break;
    }
    expect(offsets).toEqual([5, 6, 7, 8, 9]);
  });

  test("a first start is committed at once, and without a choice it is refused", async () => {
    const { name, texts, producer } = await newTopic(1, 3);
    const undecided = member(texts, protocol, {});
    await expect(undecided[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "NO_COMMITTED_OFFSET",
    });
    await undecided.close();

    const latest = member(texts, protocol, { from: "latest" });
    const seen: string[] = [];
    void readInto(latest, seen);
    const group = `g-${name}`;
    await until(async () => (await client.admin.groups.offsets(group)).length === 1);
    expect(await client.admin.groups.offsets(group)).toMatchObject([{ offset: 3 }]);
    await producer.send(texts, { value: "new" });
    await until(() => seen.length === 1);
    expect(seen).toEqual(["new"]);
  });

  test("a handler runs by key, and the group's lag goes to nothing", async () => {
    const { name, texts } = await newTopic(2, 200);
    const consumer = member(texts, protocol);
    let handled = 0;
    const count = () => {
      handled += 1;
    };
    const run = consumer.run(count, { concurrency: 16, order: "key" });
    await until(() => handled === 200);
    await until(async () => (await client.admin.groups.lag(`g-${name}`)).lag === 0);

    expect(consumer.lag).toBe(0);
    await consumer.close();
    await run;
    const { state } = await client.admin.groups.describe(`g-${name}`);
    expect(state).toBe("empty");
  });

  test("the group is replayed by another one, and rewound, while it goes on", async () => {
    const { texts, values } = await newTopic(2, 50);
    const one = member(texts, protocol);
    const seen: string[] = [];
    void readInto(one, seen);
    await until(() => seen.length === 50);

    await one.rewind(new Date(0));
    await until(() => seen.length === 100);

    expect([...seen].sort()).toEqual([...values, ...values].sort());
  });
});

test.each<Protocol>(["consumer", "classic"])(
  "operators see by what name and from where a %s member calls",
  async (protocol) => {
    const { name, texts } = await newTopic(1, 1);
    await using named = new Client({ brokers: [cluster.url], clientId: "billing-7" });
    const one = named.consumer({ group: `g-${name}`, topics: [texts], protocol, from: "earliest" });
    consumers.push(one);
    const seen: string[] = [];
    void readInto(one, seen);
    await until(() => seen.length === 1);

    const { members } = await client.admin.groups.describe(`g-${name}`);
    const lag = await client.admin.groups.lag(`g-${name}`);

    const shown = { clientId: "billing-7", clientHost: "127.0.0.1" };
    expect(members).toEqual([expect.objectContaining(shown)]);
    expect(lag.topics[0]?.partitions).toEqual([expect.objectContaining(shown)]);
    await one.close();
  },
);

test("a reset is a plan before it is a deed, and is refused while the group reads", async () => {
  const { name, texts } = await newTopic(2, 20);
  const group = `g-${name}`;
  const one = member(texts, "consumer");
  const seen: string[] = [];
  void readInto(one, seen);
  await until(() => seen.length === 20);
  await one.commit();

  const plan = await client.admin.groups.planReset(group, { to: { shiftBy: -3 } });
  const move = { topic: name, before: 10, after: 7, difference: -3, lagBefore: 0, lagAfter: 3 };
  expect([...plan.moves].sort((a, b) => a.partition - b.partition)).toEqual([
    { ...move, partition: 0 },
    { ...move, partition: 1 },
  ]);
  await expect(plan.apply()).rejects.toMatchObject({
    code: "NON_EMPTY_GROUP",
    message: expect.stringMatching(/has 1 members: .+ at /u),
  });
  await one.close();
  await plan.apply();
  const toStart = { topics: [{ topic: name, partitions: [1] }], to: "start" } as const;
  await (await client.admin.groups.planReset(group, toStart)).apply();

  const offsets = await client.admin.groups.offsets(group);
  const places = offsets.map(({ offset, partition }) => `${partition} at ${offset}`);
  expect(places.sort()).toEqual(["0 at 7", "1 at 0"]);
});
