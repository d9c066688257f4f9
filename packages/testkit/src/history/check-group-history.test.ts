import { checkGroupHistory, type GroupVerdict } from "./check-group-history.ts";
import type { GroupEntry } from "./group-history.ts";

const LOG = ["h0", "h1", "h2", "h3"];

function assigned(member: string, at: number): GroupEntry {
  return { f: "assigned", member, at, partitions: [0] };
}

function ended(f: "revoked" | "lost", member: string, at: number): GroupEntry {
  return { f, member, at, partitions: [0] };
}

function processed(member: string, at: number, offset: number, hash = `h${offset}`): GroupEntry {
  return { f: "processed", member, at, partition: 0, offset, epoch: 1, hash };
}

function committed(at: number, offset: number, zxid = at): GroupEntry {
  return { f: "committed", at, partition: 0, offset, zxid };
}

/** The rest of the log from `offset` on, processed and committed by a member. */
function rest(member: string, at: number, offset: number): GroupEntry[] {
  const offsets = [0, 1, 2, 3].filter((other) => other >= offset);
  return [...offsets.map((other) => processed(member, at + other, other)), committed(at + 10, 4)];
}

function judge(...entries: GroupEntry[]): GroupVerdict {
  return checkGroupHistory(entries, [{ partition: 0, hashes: LOG }]);
}

function kinds(...entries: GroupEntry[]): string[] {
  return judge(...entries).violations.map(({ kind }) => kind);
}

test("a group that processes and commits everything once is clean", () => {
  const verdict = judge(assigned("a", 1), ...rest("a", 2, 0));
  expect(verdict).toMatchObject({ violations: [], processed: 4, afterFreeze: 0, commitsSeen: 1 });
  expect(verdict.duplicates.size).toBe(0);
});

test("a record that nobody processed is skipped", () => {
  const found = kinds(assigned("a", 1), processed("a", 2, 0), assigned("b", 5), ...rest("b", 6, 2));
  expect(found).toEqual(["skipped", "committed-before-processed"]);
});

test("a record that is not the one in the log was changed", () => {
  expect(kinds(assigned("a", 1), processed("a", 2, 0, "x"), ...rest("a", 3, 1))).toEqual([
    "changed-record",
  ]);
});

test("a member that goes on behind a hole, or goes back, is out of order", () => {
  const [begin, first] = [assigned("a", 1), processed("a", 2, 1)];
  expect(kinds(begin, first, ...rest("a", 3, 0))).toContain("out-of-order");
});

test("a committed offset that goes back is found, a look at an older state is none", () => {
  const begin = [assigned("a", 1), processed("a", 2, 0), processed("a", 3, 1)];
  const done = [processed("a", 12, 2), processed("a", 13, 3), committed(14, 4)];
  expect(kinds(...begin, committed(10, 2), committed(11, 1), ...done)).toEqual([
    "commit-went-back",
  ]);
  expect(kinds(...begin, committed(10, 2), committed(11, 1, 9), ...done)).toEqual([]);
});

test("what is committed before it is processed is found, whatever comes of it", () => {
  expect(kinds(assigned("a", 1), committed(2, 1), ...rest("a", 3, 0))).toEqual([
    "committed-before-processed",
  ]);
});

test("a commit short of the end of the log is found", () => {
  const all = rest("a", 2, 0).filter(({ f }) => f === "processed");
  expect(kinds(assigned("a", 1), ...all, committed(20, 3))).toEqual(["commit-short-of-the-end"]);
});

test.each([
  ["crash", { f: "killed", member: "a", at: 4 }],
  ["left", { f: "left", member: "a", at: 4 }],
  ["revocation", ended("revoked", "a", 4)],
  ["lost", ended("lost", "a", 4)],
] as const)("a record processed again after a %s is explained and counted", (cause, end) => {
  const verdict = judge(
    assigned("a", 1),
    processed("a", 2, 0),
    end as GroupEntry,
    assigned("b", 5),
    ...rest("b", 6, 0),
  );
  expect(verdict.violations).toEqual([]);
  expect([...verdict.duplicates]).toEqual([[cause, 1]]);
});

test("a record processed again although the new owner could see it committed is found", () => {
  const found = kinds(
    assigned("a", 1),
    processed("a", 2, 0),
    committed(3, 1),
    ended("revoked", "a", 4),
    assigned("b", 5),
    ...rest("b", 6, 0),
  );
  expect(found).toEqual(["processed-after-commit"]);
});

test("a commit that was acknowledged and then lost is found by what is processed again", () => {
  const found = kinds(
    assigned("a", 1),
    processed("a", 2, 0),
    { f: "acknowledged", member: "a", at: 3, partition: 0, offset: 1 },
    { f: "left", member: "a", at: 4 },
    assigned("b", 5),
    ...rest("b", 6, 0),
  );
  expect(found).toEqual(["processed-after-commit"]);
});

test("a record processed again while nothing has happened is unexplained", () => {
  const found = kinds(assigned("a", 1), processed("a", 2, 0), ...rest("a", 3, 0));
  expect(found).toContain("unexplained-duplicate");
});

test("a former owner that goes on is a second one, unless it had been frozen", () => {
  const history = [
    assigned("a", 1),
    processed("a", 2, 0),
    assigned("b", 5),
    processed("b", 6, 0),
    processed("a", 9, 1),
    ended("lost", "a", 10),
    ...rest("b", 11, 1),
  ];
  expect(kinds(...history)).toEqual(["two-owners", "unexplained-duplicate"]);
  const verdict = judge(...history, { f: "frozen", member: "a", at: 3, until: 8 });
  expect(verdict).toMatchObject({ violations: [], afterFreeze: 1 });
  expect(Object.fromEntries(verdict.duplicates)).toEqual({ freeze: 1, lost: 1 });
});

test("a record processed by somebody who was never given the partition is found", () => {
  expect(kinds(assigned("a", 1), processed("b", 2, 0), ...rest("a", 3, 0))).toContain("not-owned");
});
