import { checkHistory } from "../../history/check-history.ts";
import { WorldHistory } from "./world-history.ts";
import { type TopicLife, WorldTopics } from "./world-topics.ts";

function lifeOf(topicId: string, more: Partial<TopicLife> = {}): TopicLife {
  return {
    ...{ name: "again", topicId, promise: "all", isLasting: false, isTrimmed: false },
    ...{ partitions: 1, partitionsMax: 1, knownAt: undefined, deletedAt: undefined },
    ...more,
  };
}

function world(...lives: readonly TopicLife[]): WorldHistory {
  const topics = new WorldTopics();
  for (const life of lives) topics.add(life);
  return new WorldHistory({ topics });
}

function send(history: WorldHistory, value: string, sentAt: number, settledAt: number): void {
  const about = { process: 1, order: 0, topic: "again", partition: 0, value };
  history.sends.push({ ...about, outcome: "ok", offset: 0, sentAt, settledAt });
}

const OLD = lifeOf("old", { knownAt: 10, deletedAt: 50 });
const NEW = lifeOf("new", { knownAt: 70 });

test("a record that was acknowledged while everybody knew of the new topic must be in it", () => {
  const history = world(OLD, NEW);
  send(history, "a", 80, 90);
  const { anomalies } = checkHistory(history.entries(), [{ key: "new/0", records: [] }]);
  expect(anomalies).toMatchObject([{ kind: "unseen", key: "new/0" }]);
});

test("what was sent while the topic was made anew may be in either", () => {
  const history = world(OLD, NEW);
  send(history, "a", 45, 75);
  expect(checkHistory(history.entries(), [{ key: "new/0", records: [] }]).anomalies).toEqual([]);
  const found = [{ key: "new/0", records: [[0, "a"]] as const }];
  expect(checkHistory(history.entries(), found).anomalies).toEqual([]);
});

test("a record of the old topic in the new one is found", () => {
  const history = world(OLD, NEW);
  send(history, "a", 20, 30);
  const { anomalies } = checkHistory(history.entries(), [{ key: "new/0", records: [[0, "a"]] }]);
  expect(anomalies).toMatchObject([{ kind: "changed-record", key: "new/0" }]);
});

test("of topics that promise little an acknowledged record may be gone", () => {
  const history = world(lifeOf("plain", { promise: "counted", knownAt: 0 }));
  send(history, "a", 20, 30);
  expect(checkHistory(history.entries(), [{ key: "plain/0", records: [] }]).anomalies).toEqual([]);
});
