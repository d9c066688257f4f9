import kafkajs from "kafkajs";
import lz4 from "lz4-napi";
import snappy from "snappyjs";
import {
  brokers,
  headersOf,
  portions,
  serve,
  text,
  Unsupported,
  waitUntil,
} from "./node-driver.mjs";

const { CompressionCodecs, CompressionTypes, Kafka, logLevel } = kafkajs;

// kafkajs itself has gzip only and takes the others from whoever brings them. Snappy's blocks stand in
// xerial's frame, as Java writes them.
const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1]);
CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async ({ buffer }) => {
    const block = snappy.compress(buffer);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(block.length);
    return Buffer.concat([XERIAL, length, block]);
  },
  decompress: async (buffer) => Buffer.from(snappy.uncompress(buffer.subarray(XERIAL.length + 4))),
});
CompressionCodecs[CompressionTypes.LZ4] = () => ({
  compress: ({ buffer }) => lz4.compressFrame(buffer),
  decompress: (buffer) => lz4.decompressFrame(buffer),
});
const CODECS = {
  none: CompressionTypes.None,
  gzip: CompressionTypes.GZIP,
  snappy: CompressionTypes.Snappy,
  lz4: CompressionTypes.LZ4,
};
const TOPIC_RESOURCE = 2;

const kafka = new Kafka({ clientId: "compat", brokers, logLevel: logLevel.NOTHING });
const admin = kafka.admin();
await admin.connect();
const producers = new Map();
const members = new Map();

await serve({
  "open-producer": async ({ producer, codec, idempotent = false }) => {
    if (CODECS[codec] === undefined) throw new Unsupported(`has no ${codec}`);
    const retry = { retries: 50, maxRetryTime: 1_000 };
    const own = kafka.producer({
      idempotent,
      ...(idempotent ? { maxInFlightRequests: 1 } : {}),
      retry,
    });
    await own.connect();
    producers.set(producer, { own, compression: CODECS[codec] });
  },
  send: async ({ producer, topic, partition, records, chunk }) => {
    const { own, compression } = producers.get(producer);
    for (const portion of portions(records, chunk)) {
      const messages = portion.map((record) => ({ ...record, partition }));
      await own.send({ topic, acks: -1, compression, messages });
    }
  },
  "close-producer": ({ producer }) => producers.get(producer).own.disconnect(),
  read: async ({ topic, partition, from, count }) => {
    // No assignment by hand: a group of its own, moved to the offset.
    const consumer = kafka.consumer({
      groupId: `read-${topic}-${partition}-${from}-${Date.now()}`,
    });
    const records = [];
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      eachMessage: async ({ partition: of, message }) => {
        if (of === partition && Number(message.offset) >= from) records.push(read(of, message));
      },
    });
    consumer.seek({ topic, partition, offset: String(from) });
    await waitUntil(() => records.length >= count);
    await consumer.disconnect();
    return records;
  },
  join: async ({ member, group, topic }) => {
    const consumer = kafka.consumer({
      groupId: group,
      sessionTimeout: 10_000,
      heartbeatInterval: 300,
      rebalanceTimeout: 15_000,
    });
    const state = { consumer, assigned: [], records: [] };
    consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
      state.assigned = payload.memberAssignment[topic] ?? [];
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ partition, message }) => {
        state.records.push(read(partition, message));
      },
    });
    members.set(member, state);
  },
  poll: async ({ member }) => {
    const { assigned, records } = members.get(member);
    return { assigned, records: records.splice(0) };
  },
  leave: ({ member }) => members.get(member).consumer.disconnect(),
  committed: async ({ group, topic, partitions }) => {
    const [{ partitions: found }] = await admin.fetchOffsets({ groupId: group, topics: [topic] });
    return partitions.map((one) => Number(found.find(({ partition }) => partition === one).offset));
  },
  "create-topic": async ({ topic, partitions, replicas = -1 }) => {
    const topics = [{ topic, numPartitions: partitions, replicationFactor: replicas }];
    if (!(await admin.createTopics({ topics }))) throw new Error("the topic exists");
  },
  "describe-topic": async ({ topic }) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return { partitions: topics[0].partitions.map(({ leader }) => ({ leader })) };
  },
  "list-topics": () => admin.listTopics(),
  "add-partitions": ({ topic, count }) =>
    admin.createPartitions({ topicPartitions: [{ topic, count }] }),
  "describe-config": async ({ topic, key }) => {
    const resource = { type: TOPIC_RESOURCE, name: topic, configNames: [key] };
    const { resources } = await admin.describeConfigs({
      resources: [resource],
      includeSynonyms: false,
    });
    return resources[0].configEntries[0].configValue;
  },
  "alter-config": async ({ topic, key, value }) => {
    const configEntries = [{ name: key, value }];
    const resources = [{ type: TOPIC_RESOURCE, name: topic, configEntries }];
    await admin.alterConfigs({ validateOnly: false, resources });
  },
  "delete-records": async ({ topic, partition, before }) => {
    // It looks for leaders only in what it has asked for before.
    await admin.fetchTopicOffsets(topic);
    const partitions = [{ partition, offset: String(before) }];
    await admin.deleteTopicRecords({ topic, partitions });
  },
  "list-offsets": async ({ topic, partition, at }) => {
    const find = (list) => list.find((one) => one.partition === partition);
    if (at >= 0) return Number(find(await admin.fetchTopicOffsetsByTimestamp(topic, at)).offset);
    const { low, high } = find(await admin.fetchTopicOffsets(topic));
    return Number(at === -2 ? low : high);
  },
  "list-groups": async () => (await admin.listGroups()).groups.map(({ groupId }) => groupId),
  "describe-group": async ({ group }) => {
    const { groups } = await admin.describeGroups([group]);
    return { state: groups[0].state, members: groups[0].members.length };
  },
  "delete-group": ({ group }) => admin.deleteGroups([group]),
  "delete-topic": ({ topic }) => admin.deleteTopics({ topics: [topic] }),
});

function read(partition, { offset, key, value, headers }) {
  return {
    partition,
    offset: Number(offset),
    key: text(key),
    value: text(value),
    headers: headersOf(headers),
  };
}
