import {
  type Check,
  type CheckContext,
  type CompatRecord,
  expectEqual,
  type ReadRecord,
} from "../check.ts";

const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

/** A record that is worth compressing, with bytes outside ASCII. */
const LONG_VALUE = "zählt ".repeat(2_000);

/** Keys, headers, a tombstone, a record without a key, an empty and a long value. */
function samples(tag: string): CompatRecord[] {
  const headers = { origin: tag, über: "größer €" };
  return [
    ...Array.from({ length: 20 }, (_, i) => ({ key: `key-${i}`, value: `${tag}-${i}`, headers })),
    { key: "tombstone", value: null, headers },
    { key: null, value: "no key", headers },
    { key: "long", value: LONG_VALUE, headers },
    { key: "no headers", value: "none", headers: {} },
  ];
}

export const RECORD_CHECKS: readonly Check[] = [
  ...CODECS.map((codec, attribute) => ({
    name: `produce ${codec}`,
    run: (context: CheckContext) => produceAndRead(context, codec, attribute),
  })),
  { name: "consume by assignment", run: consumeFromTheMiddle },
];

async function produceAndRead(
  { driver, cluster, name }: CheckContext,
  codec: string,
  attribute: number,
): Promise<string | undefined> {
  const topic = name(`produce-${codec}`);
  await cluster.createTopic(topic, 1);
  await driver.call("open-producer", { producer: topic, codec });
  const records = samples(codec);
  await driver.call("send", { producer: topic, topic, partition: 0, records });
  await driver.call("close-producer", { producer: topic });
  const count = records.length;
  const read = await driver.call<ReadRecord[]>("read", { topic, partition: 0, from: 0, count });
  for (const [index, record] of records.entries()) {
    expectEqual(`record ${index}`, comparable(read[index]), comparable(record));
  }
  expectEqual(
    "offsets",
    read.map(({ offset }) => offset),
    [...records.keys()],
  );
  const stored = await cluster.storedCodecs(topic);
  if (stored?.has(attribute) === false) throw new Error(`codecs of the log: ${[...stored]}`);
  return undefined;
}

/** Some clients hand headers over in any order. */
function comparable(record: CompatRecord | undefined): unknown {
  if (record === undefined) return undefined;
  const { key, value, headers } = record;
  return { key, value, headers: Object.entries(headers).sort() };
}

async function consumeFromTheMiddle({ driver, cluster, name }: CheckContext) {
  const topic = name("assignment");
  await cluster.createTopic(topic, 2);
  await driver.call("open-producer", { producer: topic, codec: "none" });
  for (const partition of [0, 1]) {
    const records = Array.from({ length: 30 }, (_, i) => ({
      key: `${i}`,
      value: `${partition}/${i}`,
      headers: {},
    }));
    await driver.call("send", { producer: topic, topic, partition, records });
  }
  await driver.call("close-producer", { producer: topic });
  const read = await driver.call<ReadRecord[]>("read", {
    topic,
    partition: 1,
    from: 17,
    count: 13,
  });
  const wanted = Array.from({ length: 13 }, (_, i) => `1/${i + 17}`);
  expectEqual(
    "values from offset 17 on",
    read.map(({ value }) => value),
    wanted,
  );
  return undefined;
}
