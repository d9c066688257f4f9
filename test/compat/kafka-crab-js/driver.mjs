import { KafkaClient } from "kafka-crab-js";
import {
  bootstrap,
  headersOf,
  portions,
  serve,
  text,
  Unsupported,
  waitUntil,
} from "./node-driver.mjs";

/** As many as `recvBatch` is asked for, and how long it waits for them. */
const BATCH = 100;
const WAIT_MS = 100;

const client = new KafkaClient({ brokers: bootstrap, clientId: "compat" });
const producers = new Map();
const members = new Map();
const bytes = (value) => (value === null ? undefined : Buffer.from(value));

await serve({
  "open-producer": async ({ producer, codec, idempotent = false }) => {
    if (codec === "zstd") throw new Unsupported("its librdkafka was built without zstd");
    const configuration = { "compression.type": codec, "enable.idempotence": `${idempotent}` };
    producers.set(producer, client.createProducer({ configuration }));
  },
  send: async ({ producer, topic, partition, isAnyPartitionFine = false, records, chunk }) => {
    if (partition > 0 && !isAnyPartitionFine) throw new Unsupported("cannot choose a partition");
    const own = producers.get(producer);
    for (const portion of portions(records, chunk)) {
      const messages = portion.map(({ key, value, headers }) => ({
        key: bytes(key),
        payload: bytes(value),
        headers: Object.fromEntries(Object.entries(headers).map(([k, v]) => [k, bytes(v)])),
      }));
      await own.send({ topic, messages });
    }
  },
  "close-producer": async ({ producer }) => {
    await producers.get(producer).flush();
  },
  read: async ({ topic, partition, from, count }) => {
    const consumer = client.createConsumer({ groupId: "nobody", enableAutoCommit: false });
    const partitionOffset = [{ partition, offset: { offset: from } }];
    await consumer.subscribe([{ topic, partitionOffset }]);
    const records = [];
    const isDone = () => records.length >= count;
    const reading = receive(consumer, records, isDone);
    await waitUntil(isDone);
    await consumer.disconnect();
    await reading;
    return records;
  },
  join: async ({ member, group, topic }) => {
    const configuration = {
      "auto.offset.reset": "earliest",
      "auto.commit.interval.ms": "200",
      "session.timeout.ms": "10000",
      "heartbeat.interval.ms": "300",
    };
    const consumer = client.createConsumer({
      groupId: group,
      enableAutoCommit: true,
      configuration,
    });
    await consumer.subscribe(topic);
    const state = { consumer, records: [], isLeaving: false, reading: undefined };
    state.reading = receive(consumer, state.records, () => state.isLeaving);
    members.set(member, state);
  },
  poll: async ({ member }) => {
    const { consumer, records } = members.get(member);
    const assigned = consumer
      .assignment()
      .flatMap(({ partitionOffset }) => partitionOffset.map(({ partition }) => partition));
    return { assigned, records: records.splice(0) };
  },
  leave: async ({ member }) => {
    const state = members.get(member);
    state.isLeaving = true;
    await state.reading;
    await state.consumer.disconnect();
  },
  "delete-records": async ({ topic, partition, before }) => {
    const partitionOffset = [{ partition, offset: { offset: before } }];
    await client.deleteRecords([{ topic, partitionOffset }]);
  },
});

async function receive(consumer, records, isOver) {
  while (!isOver()) {
    try {
      for (const message of await consumer.recvBatch(BATCH, WAIT_MS)) records.push(read(message));
    } catch (error) {
      process.stderr.write(`${error.message}\n`);
      if (!isOver()) await new Promise((resolve) => setTimeout(resolve, WAIT_MS));
    }
  }
}

function read({ partition, offset, key, payload, headers, isTombstone }) {
  const value = isTombstone ? null : text(payload);
  return { partition, offset, key: text(key), value, headers: headersOf(headers) };
}
