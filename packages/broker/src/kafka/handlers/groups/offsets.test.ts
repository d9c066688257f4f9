import { GROUP } from "../../../calls/groups/group-calls.fixture.ts";
import { joinAlone, type KafkaClient, kafkaGroups } from "./kafka-groups.fixture.ts";

type Committed = {
  readonly partitionIndex?: number;
  readonly committedOffset?: number;
  readonly committedLeaderEpoch?: number;
  readonly committedMetadata?: string | undefined;
};

const commitOf = (more: Committed = {}, by: object = {}) => ({
  groupId: GROUP,
  ...by,
  topics: [
    {
      name: "orders",
      partitions: [
        { partitionIndex: 0, committedOffset: 42, committedMetadata: undefined, ...more },
      ],
    },
  ],
});

async function commit(it: KafkaClient, version: number, more: Committed = {}, by: object = {}) {
  const { topics } = await it.ask("OffsetCommit", version, commitOf(more, by));
  return topics[0]?.partitions[0]?.errorCode;
}

async function fetched(it: KafkaClient, version: number) {
  const topics = [{ name: "orders", partitionIndexes: [0, 1] }];
  const answer = await it.ask("OffsetFetch", version, {
    groupId: GROUP,
    topics,
    groups: [{ groupId: GROUP, topics }],
  });
  const told = version >= 8 ? answer.groups[0] : answer;
  expect(told?.errorCode).toBeUndefined();
  return told?.topics[0]?.partitions;
}

const versions = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => [first + i]);

test.each(versions(2, 9))("OffsetCommit %p keeps what OffsetFetch tells", async (version) => {
  const { world, client } = await kafkaGroups();
  const it = client();
  const value = { committedOffset: 42, committedLeaderEpoch: 3, committedMetadata: "note" };

  expect(await commit(it, version, value)).toBeUndefined();

  expect(world.groups.committed(GROUP, "orders", 0)).toMatchObject({ offset: 42 });
  expect(await fetched(it, version)).toMatchObject([
    {
      partitionIndex: 0,
      committedOffset: 42,
      committedLeaderEpoch: version >= 6 ? 3 : undefined,
      metadata: "note",
      errorCode: undefined,
    },
    { partitionIndex: 1, committedOffset: undefined, metadata: "", errorCode: undefined },
  ]);
});

describe("gotcha 49: who is in no generation", () => {
  test("commits while the group is empty, and not while somebody is in it", async () => {
    const { client } = await kafkaGroups();
    const it = client();

    const before = await commit(it, 7);
    const member = await joinAlone(it);
    const meanwhile = await commit(it, 7);
    const asMember = await commit(it, 7, {}, { ...member, generationIdOrMemberEpoch: 1 });
    await it.ask("LeaveGroup", 2, { groupId: GROUP, ...member });
    const after = await commit(it, 7, {}, { memberId: member.memberId });

    expect(before).toBeUndefined();
    expect(meanwhile).toBe("UNKNOWN_MEMBER_ID");
    expect(asMember).toBeUndefined();
    expect(after).toBeUndefined();
  });

  test("makes a group that only has offsets, and is told so", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    await commit(it, 2);

    const { groups } = await it.ask("ListGroups", 4, { statesFilter: [] });

    expect(groups).toMatchObject([{ groupId: GROUP, protocolType: "", groupState: "Empty" }]);
  });
});

test("gotcha 49: commits of the past, of strangers, and before the assignment are refused", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  const { memberId, generationId: generationIdOrMemberEpoch } = await joinAlone(it);
  const errorOf = (by: object) => commit(it, 7, {}, { memberId, generationIdOrMemberEpoch, ...by });

  expect(await errorOf({})).toBeUndefined();
  expect(await errorOf({ generationIdOrMemberEpoch: 0 })).toBe("ILLEGAL_GENERATION");
  expect(await errorOf({ memberId: "x" })).toBe("UNKNOWN_MEMBER_ID");
  await it.ask("LeaveGroup", 2, { groupId: GROUP, memberId });
  const { memberId: next, generationId } = await it.ask("JoinGroup", 3, {
    groupId: GROUP,
    sessionTimeoutMs: 10_000,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: Buffer.alloc(0) }],
  });
  const unassigned = { memberId: next, generationIdOrMemberEpoch: generationId };
  expect(await errorOf(unassigned)).toBe("REBALANCE_IN_PROGRESS");
});

test("gotcha 49: notes have a limit in bytes, and a null one is none", async () => {
  const { client } = await kafkaGroups();
  const it = client();

  expect(await commit(it, 7, { committedMetadata: "ü".repeat(2_049) })).toBe(
    "OFFSET_METADATA_TOO_LARGE",
  );
  expect(await commit(it, 7, { committedMetadata: undefined })).toBeUndefined();
  expect(await fetched(it, 7)).toMatchObject([{ committedOffset: 42, metadata: "" }, {}]);
});

test("gotcha 49: offsets stay, whatever retention an old client asks for", async () => {
  const { world, client } = await kafkaGroups();
  const it = client();
  await commit(it, 3, {}, { retentionTimeMs: 1_000 });

  await world.time.advanceAndSettle(30 * 24 * 3_600_000);

  expect(await fetched(it, 3)).toMatchObject([{ committedOffset: 42 }, {}]);
});

test("partitions that are not there are refused one by one", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  const unknown = "UNKNOWN_TOPIC_OR_PARTITION";

  expect(await commit(it, 7, { partitionIndex: 2 })).toBe(unknown);
  expect(await commit(it, 7, { partitionIndex: -1 })).toBe(unknown);
  const partitions = [{ partitionIndex: 0, committedOffset: 1 }];
  const topics = ["orders", "../orders", ""].map((name) => ({ name, partitions }));
  const answer = await it.ask("OffsetCommit", 7, { groupId: GROUP, topics });
  expect(answer.topics).toMatchObject([
    { name: "orders", partitions: [{ errorCode: undefined }] },
    { name: "../orders", partitions: [{ errorCode: unknown }] },
    { name: "", partitions: [{ errorCode: unknown }] },
  ]);
});

test("numbers that can be no offset or epoch do no harm", async () => {
  const { client } = await kafkaGroups();
  const it = client();

  expect(await commit(it, 7, { committedOffset: 2 ** 62 })).toBeUndefined();
  expect(await commit(it, 7, { committedLeaderEpoch: -2 })).toBeUndefined();
  expect(await commit(it, 7, {}, { generationIdOrMemberEpoch: -7 })).toBeUndefined();
});

test.each([[-1], [-2]])("a commit of %p forgets, as kafkajs resets a group", async (offset) => {
  const { client } = await kafkaGroups();
  const it = client();
  const { memberId } = await joinAlone(it);
  const member = { memberId, generationIdOrMemberEpoch: 1 };
  await commit(it, 5, {}, member);

  expect(await commit(it, 5, { committedOffset: offset }, member)).toBeUndefined();

  expect(await fetched(it, 5)).toMatchObject([{ committedOffset: undefined }, {}]);
});

describe("gotcha 50: OffsetFetch", () => {
  test.each(versions(2, 7))("%p of null topics tells all that there are", async (version) => {
    const { client } = await kafkaGroups();
    const it = client();
    await commit(it, 7, { partitionIndex: 1 });

    const { topics } = await it.ask("OffsetFetch", version, { groupId: GROUP, topics: undefined });

    expect(topics).toMatchObject([{ name: "orders", partitions: [{ partitionIndex: 1 }] }]);
    expect(topics[0]?.partitions).toHaveLength(1);
  });

  test("of what nobody has committed finds nothing, which is no error", async () => {
    const { client } = await kafkaGroups();
    const topics = [{ name: "nowhere", partitionIndexes: [-1, 0] }];

    const told = await client().ask("OffsetFetch", 1, { groupId: "unknown", topics });

    const none = { committedOffset: undefined, metadata: "", errorCode: undefined };
    expect(told.topics).toMatchObject([{ name: "nowhere", partitions: [none, none] }]);
  });

  test("8 asks for several groups, each with its own outcome", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    await commit(it, 7);

    const { groups } = await it.ask("OffsetFetch", 8, {
      groups: ["", "other", GROUP].map((groupId) => ({ groupId, topics: undefined })),
      requireStable: true,
    });

    expect(groups).toMatchObject([
      { groupId: "", errorCode: "INVALID_GROUP_ID", topics: [] },
      { groupId: "other", errorCode: undefined, topics: [] },
      { groupId: GROUP, errorCode: undefined, topics: [{ name: "orders" }] },
    ]);
  });

  test("1 has no error of the group, so each partition has it", async () => {
    const { client } = await kafkaGroups({ owner: 2 });
    const topics = [{ name: "orders", partitionIndexes: [0, 1] }];
    const it = client();

    const old = await it.ask("OffsetFetch", 1, { groupId: GROUP, topics });
    const newer = await it.ask("OffsetFetch", 2, { groupId: GROUP, topics });

    const refused = { errorCode: "NOT_COORDINATOR", committedOffset: undefined, metadata: "" };
    expect(old.topics).toMatchObject([{ name: "orders", partitions: [refused, refused] }]);
    expect(newer).toMatchObject({ errorCode: "NOT_COORDINATOR", topics: [] });
  });

  test("that asks for too many groups has its connection closed", async () => {
    const { client } = await kafkaGroups();
    const it = client();
    const groups = Array.from({ length: 10_001 }, () => ({ groupId: GROUP, topics: undefined }));

    await expect(it.ask("OffsetFetch", 8, { groups })).rejects.toThrow("not answered");

    expect(it.connection.isClosed).toBe(true);
  });
});

test("gotcha 52: offsets of a topic go while nobody subscribes to it", async () => {
  const { client } = await kafkaGroups();
  const it = client();
  await commit(it, 7);
  const member = await joinAlone(it);
  const request = {
    groupId: GROUP,
    topics: [{ name: "orders", partitions: [{ partitionIndex: 0 }, { partitionIndex: -1 }] }],
  };

  const subscribed = await it.ask("OffsetDelete", 0, request);
  await it.ask("LeaveGroup", 2, { groupId: GROUP, ...member });
  const free = await it.ask("OffsetDelete", 0, request);
  const nobody = await it.ask("OffsetDelete", 0, { ...request, groupId: "nobody's" });

  const outcomes = ({ topics }: typeof free) =>
    topics[0]?.partitions.map(({ errorCode }) => errorCode);
  expect(outcomes(subscribed)).toEqual(["GROUP_SUBSCRIBED_TO_TOPIC", "GROUP_SUBSCRIBED_TO_TOPIC"]);
  expect(outcomes(free)).toEqual([undefined, "UNKNOWN_TOPIC_OR_PARTITION"]);
  expect(nobody).toMatchObject({ errorCode: "GROUP_ID_NOT_FOUND", topics: [] });
  expect(await fetched(it, 7)).toMatchObject([{ committedOffset: undefined }, {}]);
});
