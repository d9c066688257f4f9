import { brokerId, type TopicId } from "@zoolog/base";
import { repliesAfterConflicts } from "./conflicts.ts";
import type { Reply } from "./decision.ts";

test("what could not be persisted is refused, the rest of the reply stays", () => {
  const replies: Reply[] = [
    {
      requestId: 1,
      response: {
        type: "electLeaders",
        partitions: [
          { topic: "a", partition: 0, leader: brokerId(1) },
          { topic: "a", partition: 1, leader: brokerId(2) },
        ],
      },
    },
    { requestId: 2, response: { type: "replicasDeleted" } },
  ];

  const after = repliesAfterConflicts(replies, [
    { kind: "partition", topic: "a", topicId: "A" as TopicId, partition: 1 },
  ]);

  expect(after[0]?.response).toMatchObject({
    partitions: [
      { topic: "a", partition: 0, leader: 1 },
      { topic: "a", partition: 1, error: { code: "INVALID_UPDATE_VERSION" } },
    ],
  });
  expect(after[1]).toEqual(replies[1]);
});

test("a topic that somebody else created first exists already", () => {
  const created = {
    name: "a",
    topicId: "A" as TopicId,
    partitions: 1,
    replicationFactor: 1,
    configs: {},
  };
  const replies: Reply[] = [
    { requestId: 1, response: { type: "createTopics", topics: [created] } },
  ];

  const after = repliesAfterConflicts(replies, [{ kind: "topic", topic: "a" }]);

  expect(after[0]?.response).toMatchObject({
    topics: [{ name: "a", error: { code: "TOPIC_ALREADY_EXISTS" } }],
  });
});

test("partitions of a topic that somebody else changed were not added", () => {
  const topics = [
    { name: "a", partitions: 2, added: [[brokerId(1)]] },
    { name: "b", partitions: 3, added: [[brokerId(1)]] },
  ];
  const replies: Reply[] = [{ requestId: 1, response: { type: "createPartitions", topics } }];

  const after = repliesAfterConflicts(replies, [
    { kind: "assignment", topic: "a", isReadable: true },
  ]);

  expect(after[0]?.response).toMatchObject({
    topics: [{ name: "a", error: { code: "INVALID_UPDATE_VERSION" } }, topics[1]],
  });
});
