import {
  type Check,
  type CheckContext,
  expectEqual,
  pause,
  type ReadRecord,
  until,
} from "../check.ts";

type Described = { readonly partitions: readonly { readonly leader: number }[] };

/** Between two times that a record may bear, by a clock of whole milliseconds. */
const APART_MS = 50;

export const ADMIN_CHECKS: readonly Check[] = [
  { name: "create, describe, delete topic", run: topicLife },
  { name: "add partitions", run: addPartitions },
  { name: "describe and alter configs", run: configs },
  { name: "delete records", run: deleteRecords },
  { name: "list offsets by time", run: offsetsByTime },
];

/** A broker that has not heard of a new topic yet says that there is none, as Kafka's do. */
async function described(driver: CheckContext["driver"], topic: string): Promise<Described> {
  try {
    return await driver.call<Described>("describe-topic", { topic });
  } catch (error) {
    if (!/unknown.?topic/i.test(String(error))) throw error;
    return { partitions: [] };
  }
}

async function topicLife({ driver, name }: CheckContext): Promise<string | undefined> {
  const topic = name("life");
  await driver.call("create-topic", { topic, partitions: 3, configs: {} });
  await until(
    "three partitions with leaders",
    () => described(driver, topic),
    ({ partitions }) => partitions.length === 3 && partitions.every(({ leader }) => leader >= 0),
  );
  const again = await driver.call("create-topic", { topic, partitions: 3, configs: {} }).then(
    () => "created a second time",
    (error: Error) => error.message,
  );
  if (!/exist|36/i.test(again)) throw new Error(`creating it again: ${again}`);
  await driver.call("delete-topic", { topic });
  await until(
    "the topic is gone",
    () => driver.call<string[]>("list-topics"),
    (topics) => !topics.includes(topic),
  );
  return undefined;
}

async function addPartitions({ driver, cluster, name }: CheckContext) {
  const topic = name("more");
  await cluster.createTopic(topic, 2);
  await driver.call("add-partitions", { topic, count: 5 });
  const { partitions } = await until(
    "five partitions with leaders",
    () => described(driver, topic),
    ({ partitions }) => partitions.length === 5 && partitions.every(({ leader }) => leader >= 0),
  );
  expectEqual("partitions", partitions.length, 5);
  return undefined;
}

async function configs({ driver, cluster, name }: CheckContext): Promise<string | undefined> {
  const topic = name("configs");
  await cluster.createTopic(topic, 1);
  const key = "retention.ms";
  const before = await driver.call<string>("describe-config", { topic, key });
  if (!/^-?\d+$/.test(before)) throw new Error(`${key} is ${before}`);
  await driver.call("alter-config", { topic, key, value: "7200000" });
  await until(
    "the altered value",
    () => driver.call<string>("describe-config", { topic, key }),
    (value) => value === "7200000",
  );
  return undefined;
}

async function deleteRecords(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  const topic = name("delete-records");
  await cluster.createTopic(topic, 1);
  await send(context, topic, 0, 20);
  await driver.call("delete-records", { topic, partition: 0, before: 10 });
  const read = await driver.call<ReadRecord[]>("read", {
    topic,
    partition: 0,
    from: 10,
    count: 10,
  });
  expectEqual("the first record that is left", read[0]?.value, "10");
  const earliest = await driver.call<number>("list-offsets", { topic, partition: 0, at: -2 });
  expectEqual("earliest offset", earliest, 10);
  return undefined;
}

async function offsetsByTime(context: CheckContext): Promise<string | undefined> {
  const { driver, cluster, name } = context;
  const topic = name("by-time");
  await cluster.createTopic(topic, 1);
  await send(context, topic, 0, 7);
  await pause(APART_MS);
  const at = Date.now();
  await pause(APART_MS);
  await send(context, topic, 7, 12);
  const offsets: number[] = [];
  for (const time of [-2, at, -1]) {
    offsets.push(await driver.call<number>("list-offsets", { topic, partition: 0, at: time }));
  }
  expectEqual("earliest, by time, latest", offsets, [0, 7, 12]);
  return undefined;
}

async function send({ driver }: CheckContext, topic: string, from: number, to: number) {
  const records = Array.from({ length: to - from }, (_, i) => ({
    key: null,
    value: `${from + i}`,
    headers: {},
  }));
  const producer = `${topic}-${from}`;
  await driver.call("open-producer", { producer, codec: "none" });
  await driver.call("send", { producer, topic, partition: 0, records });
  await driver.call("close-producer", { producer });
}
