/** Groups that Kafka's clients and the SDK's are in together. */
import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, type Consumer, serde, topic } from "@zoolog/client";
import { Kafka, logLevel, PartitionAssigners } from "kafkajs";
import { KafkaWire } from "./kafka-wire.ts";

let cluster: DevCluster;
let client: Client;

beforeAll(async () => {
  cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 },
    hostDependencies({ logger: silentLogger }),
  );
  client = new Client({ brokers: [...cluster.urls] });
});
afterAll(async () => {
  await client.close();
  await cluster.close();
});

/** Resolves when it holds; the test's own timeout ends a wait that never does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function newTopic(name: string) {
  await client.admin.createTopic({ topic: name, partitions: 2 });
  return topic(name, { key: serde.string(), value: serde.string() });
}

function readInto(consumer: Consumer<string, string>, seen: string[]): void {
  const reading = async () => {
    for await (const { value } of consumer) seen.push(`${value}`);
  };
  reading().catch(() => {});
}

test("kafkajs and the SDK divide a topic, and go on where the other has stopped", async () => {
  const texts = await newTopic("divided");
  const group = "both";
  const ours = client.consumer({
    group,
    topics: [texts],
    protocol: "classic",
    assignor: "range",
    from: "earliest",
  });
  const [byUs, byThem]: [string[], string[]] = [[], []];
  readInto(ours, byUs);
  await until(() => ours.assignment().length === 2);
  const kafka = new Kafka({ brokers: [...cluster.kafka], logLevel: logLevel.NOTHING });
  const theirs = kafka.consumer({
    groupId: group,
    heartbeatInterval: 200,
    // Named as what our members offer; whoever leads, the others take what they are given.
    partitionAssigners: [(of) => ({ ...PartitionAssigners.roundRobin(of), name: "range" })],
  });
  const admin = kafka.admin();
  try {
    await theirs.connect();
    await theirs.subscribe({ topic: "divided", fromBeginning: true });
    await theirs.run({
      autoCommitThreshold: 1,
      eachMessage: async ({ message }) => void byThem.push(`${message.value}`),
    });
    await until(() => ours.assignment().length === 1);

    const values = Array.from({ length: 40 }, (_, i) => `${i}`);
    await client.producer().sendMany(
      texts,
      values.map((value, i) => ({ value, partition: i % 2 })),
    );
    await until(() => byUs.length + byThem.length >= values.length);
    await theirs.disconnect();
    await until(() => ours.assignment().length === 2);
    await ours.close({ timeoutMs: 10_000 });

    expect([byUs.length, byThem.length]).toEqual([20, 20]);
    expect([...byUs, ...byThem].toSorted()).toEqual(values.toSorted());
    await admin.connect();
    const [committed] = await admin.fetchOffsets({ groupId: group, topics: ["divided"] });
    expect(committed?.partitions.map(({ offset }) => offset)).toEqual(["20", "20"]);
  } finally {
    await Promise.all([theirs.disconnect(), admin.disconnect()]);
    await ours.close({ timeoutMs: 10_000 });
  }
}, 60_000);

test("a member by Kafka's heartbeats and one of the SDK divide a topic on the server-side protocol", async () => {
  const texts = await newTopic("assigned");
  const group = "server-side";
  const ours = client.consumer({ group, topics: [texts] });
  readInto(ours, []);
  await until(() => ours.assignment().length === 2);
  const wire = new KafkaWire(cluster.brokers[0]!.kafkaAddress!.port);
  const nothing = {
    instanceId: undefined,
    rackId: undefined,
    subscribedTopicNames: undefined,
    subscribedTopicRegex: undefined,
    serverAssignor: undefined,
    topicPartitions: undefined,
  };
  const member = { groupId: group, memberId: "by-kafka" };
  const beat = (more: object) =>
    wire.ask("ConsumerGroupHeartbeat", 1, { ...nothing, ...member, ...more });
  try {
    const joined = await beat({
      memberEpoch: 0,
      rebalanceTimeoutMs: 10_000,
      subscribedTopicNames: ["assigned"],
      topicPartitions: [],
    });
    let told = joined;
    await until(async () => {
      const { memberEpoch } = told;
      told = await beat({ memberEpoch });
      expect(told.errorCode).toBeUndefined();
      return told.assignment?.topicPartitions.length === 1;
    });
    const partition = told.assignment!.topicPartitions[0]!.partitions[0]!;
    const topics = [
      { name: "assigned", partitions: [{ partitionIndex: partition, committedOffset: 3 }] },
    ];
    const { memberEpoch } = told;
    const commit = { ...member, generationIdOrMemberEpoch: memberEpoch, topics };
    const committed = await wire.ask("OffsetCommit", 9, commit);
    const { groups } = await wire.ask("ConsumerGroupDescribe", 0, { groupIds: [group] });

    expect(ours.assignment()).toHaveLength(1);
    expect(committed.topics[0]?.partitions[0]?.errorCode).toBeUndefined();
    expect(groups[0]?.members.map(({ memberId }) => memberId)).toContain("by-kafka");
    expect(groups[0]?.members).toHaveLength(2);
    await beat({ memberEpoch: -1 });
    await until(() => ours.assignment().length === 2);
  } finally {
    wire.destroy();
    await ours.close({ timeoutMs: 10_000 });
  }
}, 60_000);
