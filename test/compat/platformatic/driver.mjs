import { Admin, Consumer, Producer } from "@platformatic/kafka";
import {
  brokers,
  headersOf,
  portions,
  serve,
  text,
  Unsupported,
  waitUntil,
} from "./node-driver.mjs";

const TOPIC_RESOURCE = 2;
const SET = 0;
const ALL = -1;
const PATIENCE_MS = 30_000;

const common = { clientId: "compat", bootstrapBrokers: brokers };
const admin = new Admin(common);
const producers = new Map();
const members = new Map();
const bytes = (value) => (value === null ? undefined : Buffer.from(value));

await serve({
  "open-producer": async ({ producer, codec, idempotent = false }) => {
    const own = new Producer({ ...common, idempotent });
    producers.set(producer, { own, compression: codec });
  },
  send: async ({ producer, topic, partition, records, chunk }) => {
    const { own, compression } = producers.get(producer);
    for (const portion of portions(records, chunk)) {
      const messages = portion.map(({ key, value, headers }) => ({
        topic,
        partition,
        key: bytes(key),
        value: bytes(value),
        headers: new Map(Object.entries(headers).map((pair) => pair.map(bytes))),
      }));
      await sendPatiently(own, { messages, compression, acks: ALL });
    }
  },
  "close-producer": ({ producer }) => producers.get(producer).own.close(),
  read: async ({ topic, partition, from, count }) => {
    // It consumes in groups only: one of its own, from given offsets.
    const consumer = new Consumer({ ...common, groupId: `read-${topic}-${from}-${Date.now()}` });
    const { partitionsCount } = (await admin.metadata({ topics: [topic] })).topics.get(topic);
    const offsets = Array.from({ length: partitionsCount }, (_, id) => ({
      topic,
      partition: id,
      offset: id === partition ? BigInt(from) : 0n,
    }));
    const options = { topics: [topic], mode: "manual", offsets, autocommit: false };
    const stream = await consumer.consume({ ...options, maxWaitTime: 500 });
    const records = [];
    stream.on("error", (error) => process.stderr.write(`${error.message}\n`));
    stream.on("data", (message) => {
      if (message.partition === partition) records.push(read(message));
    });
    await waitUntil(() => records.length >= count);
    await stream.close();
    await consumer.close(true);
    return records;
  },
  join: async ({ member, group, topic }) => {
    const timing = { sessionTimeout: 10_000, heartbeatInterval: 300, rebalanceTimeout: 15_000 };
    const consumer = new Consumer({ ...common, groupId: group, ...timing });
    const state = { consumer, stream: undefined, records: [] };
    members.set(member, state);
    const options = { topics: [topic], mode: "committed", fallbackMode: "earliest" };
    state.stream = await consumer.consume({ ...options, autocommit: false, maxWaitTime: 500 });
    void follow(state);
  },
  poll: async ({ member }) => {
    const { consumer, records } = members.get(member);
    const assigned = (consumer.assignments ?? []).flatMap(({ partitions }) => partitions);
    return { assigned, records: records.splice(0) };
  },
  leave: async ({ member }) => {
    const { consumer, stream } = members.get(member);
    await stream.close();
    await consumer.close();
  },
  committed: async ({ group, topic, partitions }) => {
    const [found] = await admin.listConsumerGroupOffsets({ groups: [group] });
    const of = found.topics.find(({ name }) => name === topic).partitions;
    return partitions.map((id) =>
      Number(of.find(({ partitionIndex }) => partitionIndex === id).committedOffset),
    );
  },
  "create-topic": async ({ topic, partitions }) => {
    await admin.createTopics({ topics: [topic], partitions, replicas: -1 });
  },
  "describe-topic": async ({ topic }) => {
    const { topics } = await admin.metadata({ topics: [topic], forceUpdate: true });
    return { partitions: topics.get(topic).partitions.map(({ leader }) => ({ leader })) };
  },
  "list-topics": () => admin.listTopics(),
  "delete-topic": ({ topic }) => admin.deleteTopics({ topics: [topic] }),
  "add-partitions": ({ topic, count }) =>
    admin.createPartitions({ topics: [{ name: topic, count, assignments: null }] }),
  "describe-config": async ({ topic, key }) => {
    const resource = {
      resourceType: TOPIC_RESOURCE,
      resourceName: topic,
      configurationKeys: [key],
    };
    const [{ configs }] = await admin.describeConfigs({ resources: [resource] });
    return configs.find(({ name }) => name === key).value;
  },
  "alter-config": ({ topic, key, value }) => {
    const configs = [{ name: key, configOperation: SET, value }];
    const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: topic, configs }];
    return admin.incrementalAlterConfigs({ resources });
  },
  "delete-records": async ({ topic, partition, before }) => {
    const partitions = [{ partition, offset: BigInt(before) }];
    await admin.deleteRecords({ topics: [{ name: topic, partitions }] });
  },
  "list-offsets": async ({ topic, partition, at }) => {
    const partitions = [{ partitionIndex: partition, timestamp: BigInt(at) }];
    const [found] = await admin.listOffsets({ topics: [{ name: topic, partitions }] });
    return Number(found.partitions[0].offset);
  },
  "list-groups": async () => [...(await admin.listGroups()).keys()],
  "describe-group": async ({ group }) => {
    const found = (await admin.describeGroups({ groups: [group] })).get(group);
    return { state: found.state, members: found.members.size };
  },
  "delete-group": ({ group }) => admin.deleteGroups({ groups: [group] }),
});

/** Commits each record itself: commits by the clock come too late where a member leaves. */
async function follow({ stream, records }) {
  try {
    for await (const message of stream) {
      records.push(read(message));
      await message.commit();
    }
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
  }
}

/**
 * Its retries go to the broker that was the leader at first. What a failover asks of an application is
 * to forget that and to send again, with the sequence numbers of before.
 */
async function sendPatiently(own, options) {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await own.send(options);
    } catch (error) {
      const inner = error.errors?.[0]?.message ?? "";
      if (/not supported in the current Node/.test(inner)) throw new Unsupported(inner);
      if (Date.now() > deadline) throw error;
      own.clearMetadata();
    }
  }
}

function read({ partition, offset, key, value, headers }) {
  return {
    partition,
    offset: Number(offset),
    key: text(key),
    value: text(value),
    headers: headersOf(headers),
  };
}
