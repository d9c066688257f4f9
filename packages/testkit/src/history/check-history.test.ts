import { checkHistory } from "./check-history.ts";
import type { HistoryEntry, PollEntry, SendEntry } from "./history.ts";

type Log = readonly (readonly [number, string])[];

let order = 0;

beforeEach(() => {
  order = 0;
});

function send(value: string, offset: number | undefined, more: Partial<SendEntry> = {}): SendEntry {
  order += 1;
  const outcome = offset === undefined ? "info" : "ok";
  const times = { sentAt: order, settledAt: order };
  return { f: "send", process: 1, order, key: "t-0", value, outcome, offset, ...times, ...more };
}

function poll(records: Log, more: Partial<PollEntry> = {}): PollEntry {
  return { f: "poll", process: 9, key: "t-0", position: 0, records, at: 0, ...more };
}

function kinds(entries: readonly HistoryEntry[], final: Log): string[] {
  const verdict = checkHistory(entries, [{ key: "t-0", records: final }]);
  return verdict.anomalies.map(({ kind }) => kind).sort();
}

const AB: Log = [
  [0, "a"],
  [1, "b"],
];

test("a history in which everything acknowledged is kept in order is clean", () => {
  const entries = [send("a", 0), send("b", 1), poll(AB)];
  expect(kinds(entries, AB)).toEqual([]);
});

test("a send of unknown fate may be there or not", () => {
  expect(kinds([send("a", 0), send("b", undefined)], AB)).toEqual([]);
  expect(kinds([send("a", 0), send("b", undefined)], [[0, "a"]])).toEqual([]);
});

test("an acknowledged record that is gone from the middle is lost", () => {
  const final: Log = [
    [0, "a"],
    [1, "c"],
  ];
  const entries = [send("a", 0), send("b", 1), send("c", undefined)];
  expect(kinds(entries, final)).toEqual(["inconsistent-offset", "lost-write"]);
});

test("an acknowledged record that is gone from the end is unseen", () => {
  expect(kinds([send("a", 0), send("b", 1)], [[0, "a"]])).toEqual(["unseen"]);
});

test("what somebody has read must not go away", () => {
  const entries = [send("a", 0), send("b", undefined), poll(AB)];
  expect(kinds(entries, [[0, "a"]])).toEqual(["vanished-read"]);
});

test("two values at one offset are found, whoever saw them", () => {
  const entries = [send("a", 0), send("b", undefined), poll([[0, "b"]])];
  expect(kinds(entries, [[0, "a"]])).toEqual(["inconsistent-offset", "vanished-read"]);
});

test("one value at two offsets is a duplicate", () => {
  const final: Log = [
    [0, "a"],
    [1, "a"],
  ];
  expect(kinds([send("a", 0)], final)).toEqual(["duplicate"]);
});

test("a record acknowledged at another offset than it stands at is a duplicate", () => {
  const entries = [send("a", 1), send("b", undefined)];
  const found = kinds(entries, [
    [0, "a"],
    [1, "b"],
  ]);
  expect(found).toEqual(["duplicate", "inconsistent-offset"]);
});

test("a send that provably failed must not be read", () => {
  const entries = [send("a", undefined, { outcome: "fail" })];
  expect(kinds(entries, [[0, "a"]])).toEqual(["aborted-read"]);
});

test("a value that nobody sent was changed on the way", () => {
  expect(kinds([send("a", 0)], AB)).toEqual(["changed-record"]);
});

test("a reader that goes back or skips is found, unless it was moved", () => {
  const sent = [send("a", 0), send("b", 1), send("c", 2)];
  const final: Log = [...AB, [2, "c"]];
  expect(kinds([...sent, poll([[1, "b"]]), poll([[0, "a"]])], final)).toEqual([
    "nonmonotonic-poll",
  ]);
  expect(kinds([...sent, poll([[0, "a"]]), poll([[2, "c"]])], final)).toEqual(["poll-skip"]);
  expect(kinds([...sent, poll([[0, "a"]]), poll([[2, "c"]], { position: 1 })], final)).toEqual([]);
});

test("a hole in the final log is found", () => {
  const final: Log = [
    [0, "a"],
    [2, "b"],
  ];
  expect(kinds([send("a", 0), send("b", 2)], final)).toEqual(["offset-gap"]);
});

test("records of one producer in another order than they were sent are found, of two not", () => {
  const first = send("b", 1);
  const second = send("a", 0);
  expect(kinds([first, second], AB)).toEqual(["reordered-send"]);
  expect(kinds([first, { ...second, process: 2 }], AB)).toEqual([]);
});

test("keys are judged apart, and the verdict counts", () => {
  const other = { key: "t-1" };
  const entries = [
    send("a", 0),
    send("b", 0, other),
    send("c", undefined, other),
    poll([[0, "a"]]),
  ];
  const verdict = checkHistory(entries, [
    { key: "t-0", records: [[0, "a"]] },
    { key: "t-1", records: [[0, "b"]] },
  ]);
  expect(verdict).toMatchObject({ anomalies: [], acknowledged: 2, unknown: 1, failed: 0, read: 1 });
});

test("what was deleted on purpose is not lost, and what comes behind it has no hole", () => {
  const entries = [send("a", 0), send("b", 1), poll(AB)];
  const log = { key: "t-0", records: [[1, "b"]] as Log, logStartOffset: 1 };
  expect(checkHistory(entries, [log]).anomalies).toEqual([]);
  const late = { ...log, records: [[1, "b"]] as Log, logStartOffset: 0 };
  const found = checkHistory(entries, [late]).anomalies.map(({ kind }) => kind);
  expect(found.sort()).toEqual(["lost-write", "offset-gap", "vanished-read"]);
});

test("of a log that nobody could read at the end only what was read is judged", () => {
  const entries = [send("a", 0), send("b", 1), poll([[0, "a"]])];
  expect(checkHistory(entries, []).anomalies).toEqual([]);
  const strange = checkHistory([...entries, poll([[1, "z"]])], []).anomalies;
  expect(strange.map(({ kind }) => kind).sort()).toEqual(["changed-record", "inconsistent-offset"]);
});
