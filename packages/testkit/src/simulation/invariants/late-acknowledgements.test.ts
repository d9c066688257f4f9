import { LateAcknowledgements } from "./late-acknowledgements.ts";
import type { WrittenState } from "./partition-states.ts";

function ledBy(leader: number, writtenAtMs: number): WrittenState {
  const of = { partition: "plain-0", topic: "plain", index: 0, controllerEpoch: 1 };
  return { ...of, leader, leaderEpoch: writtenAtMs, isr: [leader], writtenAtMs };
}

function sentAt(sentAt: number) {
  const about = { process: 1, order: 0, topic: "plain", partition: 0, value: "a", offset: 7 };
  return { ...about, outcome: "ok" as const, sentAt, settledAt: sentAt + 5 };
}

test("a record that was sent to a new leader and is lost was acknowledged by the one before", () => {
  const judge = new LateAcknowledgements();
  judge.written(ledBy(1, 0), undefined);
  judge.written(ledBy(2, 100), ledBy(1, 0));

  judge.judge([sentAt(90)], []);
  expect(judge.violations).toEqual([]);
  judge.judge([sentAt(110)], [{ key: "plain/0", records: [[7, "a"]] }]);
  expect(judge.violations).toEqual([]);
  judge.judge([sentAt(110)], []);
  expect(judge.violations).toHaveLength(1);
});
