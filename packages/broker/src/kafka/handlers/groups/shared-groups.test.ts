import { encodeConsumerSubscription, type NativeRequest } from "@zoolog/protocol";
import { GROUP, TOPIC_ID } from "../../../calls/groups/group-calls.fixture.ts";
import { JOIN, joinAlone, kafkaGroups, settle } from "./kafka-groups.fixture.ts";

const native: NativeRequest<"join-group"> = {
  groupId: GROUP,
  protocolType: "consumer",
  protocols: [{ name: "range", metadata: encodeConsumerSubscription({ topics: ["orders"] }) }],
  sessionTimeoutMs: 10_000,
  rebalanceTimeoutMs: 60_000,
};

test("a Kafka client and one of the native plane share a classic group, its assignment and offsets", async () => {
  const { world, client } = await kafkaGroups();
  const it = client("java");
  const kafka = await joinAlone(it);

  const { memberId } = await world.call("join-group", native);
  const joining = world.call("join-group", { ...native, memberId });
  const rejoined = await it.ask("JoinGroup", 9, { ...JOIN, memberId: kafka.memberId });
  const joined = await joining;
  if ("error" in joined) throw new Error(joined.error.code);
  const assignments = [
    { memberId: kafka.memberId, assignment: Buffer.from("first half") },
    { memberId, assignment: Buffer.from("second half") },
  ];
  const { generationId, leader } = joined;
  const isKafkas = leader === kafka.memberId;
  const syncing = it.begin("SyncGroup", 5, {
    groupId: GROUP,
    memberId: kafka.memberId,
    generationId,
    assignments: isKafkas ? assignments : [],
  });
  await settle(world);
  const synced = await world.call("sync-group", {
    groupId: GROUP,
    memberId,
    generationId,
    assignments: isKafkas ? [] : assignments,
  });
  await settle(world);

  expect(rejoined).toMatchObject({ generationId, leader });
  expect(syncing.get()).toMatchObject({ assignment: Buffer.from("first half") });
  expect(synced).toMatchObject({ assignment: Buffer.from("second half") });
  const { groups } = await world.call("describe-groups", { groups: [GROUP] });
  expect(groups).toMatchObject([
    { state: "stable", members: [{ clientHost: "10.0.0.8" }, { clientHost: "10.0.0.7" }] },
  ]);

  await it.ask("OffsetCommit", 8, {
    groupId: GROUP,
    memberId: kafka.memberId,
    generationIdOrMemberEpoch: generationId,
    topics: [{ name: "orders", partitions: [{ partitionIndex: 0, committedOffset: 5 }] }],
  });
  const topics = [{ topic: "orders", partitions: [0] }];
  const told = await world.call("committed-offsets", { groupId: GROUP, topics });
  expect(told.topics).toMatchObject([{ partitions: [{ partition: 0, offset: 5 }] }]);
});

test("a Kafka client and one of the native plane divide the topic of a server-side group", async () => {
  const { world, client } = await kafkaGroups();
  const it = client("java");
  const first = {
    groupId: GROUP,
    memberId: "kafka",
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopicNames: ["orders"],
    topicPartitions: [],
  };
  const going = { groupId: GROUP, memberId: "kafka", topicPartitions: undefined };
  await it.ask("ConsumerGroupHeartbeat", 1, first);

  const joined = await world.call("consumer-group-heartbeat", {
    groupId: GROUP,
    memberId: "native",
    memberEpoch: 0,
    rebalanceTimeoutMs: 60_000,
    subscribedTopics: ["orders"],
  });
  const asked = await it.ask("ConsumerGroupHeartbeat", 1, { ...going, memberEpoch: 1 });
  const kept = asked.assignment?.topicPartitions ?? [];
  await it.ask("ConsumerGroupHeartbeat", 1, { ...going, memberEpoch: 1, topicPartitions: kept });
  const given = await world.call("consumer-group-heartbeat", {
    groupId: GROUP,
    memberId: "native",
    memberEpoch: joined.memberEpoch,
  });

  const partitions = [...kept, ...(given.assignment ?? [])].flatMap((topic) => topic.partitions);
  expect(partitions.toSorted()).toEqual([0, 1]);
  expect(kept).toMatchObject([{ topicId: TOPIC_ID, partitions: [expect.any(Number)] }]);
  expect(given.assignment).toMatchObject([{ topicId: TOPIC_ID, topic: "orders" }]);
});
