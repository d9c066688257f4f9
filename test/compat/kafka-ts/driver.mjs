import kafkaTs from "kafka-ts";
import { brokers, headersOf, portions, serve, Unsupported, waitUntil } from "./node-driver.mjs";

const { API, createKafkaClient, setLogger } = kafkaTs;
const silent = () => undefined;
setLogger({ debug: silent, info: silent, warn: silent, error: silent });

const bootstrapServers = brokers.map((broker) => {
  const [host, port] = broker.split(":");
  return { host, port: Number(port) };
});
const kafka = createKafkaClient({ clientId: "compat", bootstrapServers });
const cluster = kafka.createCluster();
await cluster.connect();
const producers = new Map();
const members = new Map();

await serve({
  "open-producer": async ({ producer, codec }) => {
    if (codec !== "none") throw new Unsupported("sends uncompressed only");
    // Always idempotent. Its patience ends by default before a failover does.
    producers.set(producer, kafka.createProducer({ maxRetries: 60, maxRetryDelayMs: 500 }));
  },
  send: async ({ producer, topic, partition, records, chunk }) => {
    for (const portion of portions(records, chunk)) {
      await producers.get(producer).send(portion.map((one) => ({ ...one, topic, partition })));
    }
  },
  "close-producer": ({ producer }) => producers.get(producer).close(),
  read: async ({ topic, partition, from, count }) => {
    // Without a group it begins at a time: what lies before the offset is left out here.
    const records = [];
    const onBatch = (batch) => {
      const wanted = batch.filter(
        (one) => one.partition === partition && Number(one.offset) >= from,
      );
      records.push(...wanted.map(read));
    };
    const options = { topics: [topic], fromTimestamp: -2n, maxWaitMs: 500, onBatch };
    const consumer = await kafka.startConsumer(options);
    await waitUntil(() => records.length >= count);
    await consumer.close();
    return records;
  },
  join: async ({ member, group, topic }) => {
    const state = { consumer: undefined, records: [], group, topic };
    members.set(member, state);
    state.consumer = await kafka.startConsumer({
      topics: [topic],
      groupId: group,
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 15_000,
      fromTimestamp: -2n,
      maxWaitMs: 300,
      onBatch: (batch) => state.records.push(...batch.map(read)),
    });
  },
  poll: async ({ member }) => {
    const { consumer, records, topic } = members.get(member);
    // It does not say what it was assigned: this is where it keeps that.
    const assigned = consumer.metadata?.getAssignment?.()?.[topic] ?? [];
    return { assigned, records: records.splice(0) };
  },
  leave: ({ member }) => members.get(member).consumer.close(),
  "create-topic": async ({ topic, partitions }) => {
    const one = { name: topic, numPartitions: partitions, replicationFactor: -1 };
    const topics = [{ ...one, assignments: [], configs: [] }];
    await cluster.sendRequest(API.CREATE_TOPICS, {
      topics,
      timeoutMs: 20_000,
      validateOnly: false,
    });
  },
  "describe-topic": async ({ topic }) => {
    const { topics } = await metadata([{ id: null, name: topic }]);
    return { partitions: topics[0].partitions.map(({ leaderId }) => ({ leader: leaderId })) };
  },
  "list-topics": async () => (await metadata(null)).topics.map(({ name }) => name),
  "delete-topic": async ({ topic }) => {
    const topics = [{ name: topic, topicId: null }];
    await cluster.sendRequest(API.DELETE_TOPICS, { topics, timeoutMs: 20_000 });
  },
});

function metadata(topics) {
  return cluster.sendRequest(API.METADATA, {
    topics,
    allowTopicAutoCreation: false,
    includeTopicAuthorizedOperations: false,
  });
}

function read({ partition, offset, key, value, headers }) {
  return { partition, offset: Number(offset), key, value, headers: headersOf(headers) };
}
