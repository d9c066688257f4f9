import type { TopicId } from "@zoolog/base";
import { TOPIC_ID } from "../../../calls/groups/group-calls.fixture.ts";
import { joinAlone, type KafkaClient, kafkaGroups } from "./kafka-groups.fixture.ts";

const GROUP = "server-side";

/** A heartbeat that only says that the member is there. */
const SILENT = {
  groupId: GROUP,
  memberId: "m1",
  instanceId: undefined,
  rackId: undefined,
  rebalanceTimeoutMs: undefined,
  subscribedTopicNames: undefined,
  subscribedTopicRegex: undefined,
  serverAssignor: undefined,
  topicPartitions: undefined,
};

const FIRST = {
  ...SILENT,
  memberEpoch: 0,
  rebalanceTimeoutMs: 60_000,
  subscribedTopicNames: ["orders"],
  topicPartitions: [],
};

const beat = (it: KafkaClient, request: object, version = 1) =>
  it.ask("ConsumerGroupHeartbeat", version, request);

const all = { topicPartitions: [{ topicId: TOPIC_ID, partitions: [0, 1] }] };

test("gotcha 53: a member is assigned by topic ids, hears no news twice, and leaves", async () => {
  const { world, client } = await kafkaGroups();
  const it = client();

  const joined = await beat(it, FIRST);
  const again = await beat(it, { ...SILENT, memberEpoch: joined.memberEpoch });
  const left = await beat(it, { ...SILENT, memberEpoch: -1 });

  const told = { errorCode: undefined, memberId: "m1", heartbeatIntervalMs: 5_000 };
  expect(joined).toMatchObject({ ...told, memberEpoch: 1, assignment: all });
  expect(again).toMatchObject({ ...told, memberEpoch: 1, assignment: undefined });
  expect(left).toMatchObject({ errorCode: undefined, memberEpoch: -1 });
  expect(world.runtime.state(GROUP)?.members.size).toBe(0);
});

test("gotcha 53: by version 0 the coordinator makes the member's id", async () => {
  const { client } = await kafkaGroups();

  const joined = await beat(client("app"), { ...FIRST, memberId: "" }, 0);

  expect(joined).toMatchObject({ errorCode: undefined, assignment: all });
  expect(joined.memberId).toMatch(/^app-[0-9a-f-]{36}$/);
});

test("gotcha 53: what a member has given up goes to the one that waits for it", async () => {
  const { client } = await kafkaGroups();
  const [one, other] = [client(), client()];
  await beat(one, FIRST);

  const waiting = await beat(other, { ...FIRST, memberId: "m2" });
  const asked = await beat(one, { ...SILENT, memberEpoch: 1 });
  const kept = asked.assignment?.topicPartitions ?? [];
  await beat(one, { ...SILENT, memberEpoch: 1, topicPartitions: kept });
  const given = await beat(other, { ...SILENT, memberId: "m2", memberEpoch: 2 });

  expect(waiting).toMatchObject({ memberEpoch: 2, assignment: { topicPartitions: [] } });
  expect(kept).toMatchObject([{ partitions: [expect.any(Number)] }]);
  expect(given.assignment?.topicPartitions).toMatchObject([{ partitions: [expect.any(Number)] }]);
  expect(given.assignment?.topicPartitions).not.toEqual(kept);
});

test("gotcha 53: a pattern is a subscription, and one that is none is refused", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  const of = (subscribedTopicRegex: string) => ({
    ...FIRST,
    subscribedTopicNames: undefined,
    subscribedTopicRegex,
  });

  const broken = await beat(it, of("(or"));
  const joined = await beat(it, of("or.*"));

  expect(broken).toMatchObject({ errorCode: "INVALID_REGULAR_EXPRESSION", assignment: undefined });
  expect(broken.errorMessage).not.toBe("");
  expect(joined).toMatchObject({ assignment: all });
});

test("gotcha 53: refusals come with a reason, and the epoch of nobody", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  await beat(it, { ...FIRST, instanceId: "i" });
  const errorOf = async (more: object) => {
    const { errorCode, errorMessage, memberEpoch } = await beat(it, { ...SILENT, ...more });
    expect(errorMessage?.length).toBeGreaterThan(5);
    expect(memberEpoch).toBe(0);
    return errorCode;
  };

  expect(await errorOf({ memberEpoch: 9 })).toBe("FENCED_MEMBER_EPOCH");
  expect(await errorOf({ memberEpoch: -7 })).toBe("FENCED_MEMBER_EPOCH");
  expect(await errorOf({ memberId: "x", memberEpoch: 1 })).toBe("UNKNOWN_MEMBER_ID");
  expect(await errorOf({ ...FIRST, serverAssignor: "mine" })).toBe("UNSUPPORTED_ASSIGNOR");
  expect(await errorOf({ ...FIRST, memberId: "m2", instanceId: "i" })).toBe(
    "UNRELEASED_INSTANCE_ID",
  );
  expect(await errorOf({ ...FIRST, subscribedTopicNames: ["a/b"] })).toBe("INVALID_REQUEST");
  expect(await errorOf({ ...FIRST, groupId: "" })).toBe("INVALID_GROUP_ID");
});

test("gotcha 53: a heartbeat of ids and partitions that are not there does no harm", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  await beat(it, FIRST);
  const none = { topicId: undefined, partitions: [0] };
  const strange = { topicId: "A".repeat(21).concat("Q") as TopicId, partitions: [-1, 2 ** 31 - 1] };

  const told = await beat(it, {
    ...SILENT,
    memberEpoch: 1,
    topicPartitions: [none, strange, ...all.topicPartitions],
  });

  expect(told).toMatchObject({ errorCode: undefined, memberEpoch: 1, assignment: all });
});

test("gotcha 53: offsets are committed and fetched by epochs, from version 9 on", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  await beat(it, FIRST);
  const topics = [{ name: "orders", partitions: [{ partitionIndex: 0, committedOffset: 7 }] }];
  const commit = async (version: number, generationIdOrMemberEpoch: number) => {
    const request = { groupId: GROUP, memberId: "m1", generationIdOrMemberEpoch, topics };
    const { topics: told } = await it.ask("OffsetCommit", version, request);
    return told[0]?.partitions[0]?.errorCode;
  };
  const fetchAs = async (memberId: string, memberEpoch: number) => {
    const group = { groupId: GROUP, memberId, memberEpoch, topics: undefined };
    return (await it.ask("OffsetFetch", 9, { groups: [group] })).groups[0];
  };

  expect(await commit(9, 1)).toBeUndefined();
  expect(await commit(9, 5)).toBe("STALE_MEMBER_EPOCH");
  expect(await commit(8, 5)).toBe("ILLEGAL_GENERATION");
  expect(await fetchAs("m1", 1)).toMatchObject({
    errorCode: undefined,
    topics: [{ partitions: [{ committedOffset: 7 }] }],
  });
  expect(await fetchAs("m1", 5)).toMatchObject({ errorCode: "STALE_MEMBER_EPOCH", topics: [] });
  expect(await fetchAs("x", 1)).toMatchObject({ errorCode: "UNKNOWN_MEMBER_ID", topics: [] });
});

test("gotcha 53: ConsumerGroupDescribe tells members with what they have and are to have", async () => {
  const { client } = await kafkaGroups();
  const it = client("app");
  await beat(it, { ...FIRST, rackId: "r1", instanceId: "i" });

  const { groups } = await it.ask("ConsumerGroupDescribe", 0, {
    groupIds: [GROUP],
    includeAuthorizedOperations: true,
  });

  const named = { ...all.topicPartitions[0], topicName: "orders" };
  expect(groups).toEqual([
    {
      errorCode: undefined,
      errorMessage: undefined,
      groupId: GROUP,
      groupState: "Stable",
      groupEpoch: 1,
      assignmentEpoch: 1,
      assignorName: "uniform",
      members: [
        {
          memberId: "m1",
          instanceId: "i",
          rackId: "r1",
          memberEpoch: 1,
          clientId: "app",
          clientHost: "/10.0.0.8",
          subscribedTopicNames: ["orders"],
          subscribedTopicRegex: undefined,
          assignment: { topicPartitions: [named] },
          targetAssignment: { topicPartitions: [named] },
        },
      ],
      authorizedOperations: 328,
    },
  ]);
});

test("gotcha 53: classic groups and missing ones are not found, so that tools ask the other way", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  await joinAlone(it);

  const { groups } = await it.ask("ConsumerGroupDescribe", 0, {
    groupIds: ["billing", "nobody's"],
  });

  expect(groups.map(({ errorCode }) => errorCode)).toEqual([
    "GROUP_ID_NOT_FOUND",
    "GROUP_ID_NOT_FOUND",
  ]);
  expect(groups.map(({ errorMessage }) => errorMessage)).not.toContain(undefined);
});
