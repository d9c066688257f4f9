import { leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import type { Log } from "../log.ts";

const FOLDER = "/data/orders-0";
const BATCH_BYTES = batchOf(["0"]).sizeInBytes;
const segment = (base: number) => `${FOLDER}/${String(base).padStart(20, "0")}.log`;
const append = (log: Log, value: string) =>
  log.append([batchOf([value])], { leaderEpoch: leaderEpoch(0) });

/** Records "0" to "9" in segments of three: 0, 3, 6 and 9. */
async function fourSegments() {
  const fixture = new LogFixture({
    limits: { tailCacheBytesMax: 0 },
    config: { segmentBytes: 3 * BATCH_BYTES, indexIntervalBytes: 1, retentionMs: undefined },
  });
  const log = await fixture.open();
  for (let i = 0; i < 10; i++) await append(log, `${i}`);
  return { fixture, log };
}

async function synced() {
  const { fixture, log } = await fourSegments();
  await log.flush();
  log.updateHighWatermark(log.logEndOffset);
  await fixture.saveCheckpoints(log);
  return { fixture, log };
}

/** Nothing but the high watermark says how long the log was. */
async function committedOnly() {
  const { fixture, log } = await fourSegments();
  log.updateHighWatermark(log.logEndOffset);
  log.noteCheckpoints();
  fixture.directory.recoveryPoints.set(fixture.topicPartition, 0 as Offset);
  await fixture.directory.saveCheckpoints();
  return { fixture, log };
}

function everything(fixture: LogFixture) {
  return fixture.disk.paths().map((path) => [path, fixture.disk.contents(path)]);
}

const remove = (fixture: LogFixture, path: string) => fixture.disk.mount().remove(path);

describe.each(["inOrder", "processDied", "unclean"] as const)("after a %s shutdown", (shutdown) => {
  test.each([
    ["the last segment", 9, "lacks offset 9:"],
    ["a middle segment", 3, "lacks offsets 3 to 5:"],
    ["the first segment", 0, "lacks offsets 0 to 2:"],
  ])("%s that is missing is missed, and nothing is changed", async (_, base, what) => {
    const { fixture } = await synced();
    fixture.disk.crash("process");
    await remove(fixture, segment(base));
    const before = everything(fixture);

    const opening = fixture.open(shutdown);

    await expect(opening).rejects.toMatchObject({
      code: "RECORDS_MISSING",
      message: expect.stringContaining(`${FOLDER} ${what}`),
      hint: expect.stringContaining("bring the missing files back"),
    });
    expect(everything(fixture)).toEqual(before);
  });

  test("a folder without its segments is missed", async () => {
    const { fixture } = await synced();
    fixture.disk.crash("process");
    for (const base of [0, 3, 6, 9]) await remove(fixture, segment(base));
    const before = everything(fixture);

    await expect(fixture.open(shutdown)).rejects.toMatchObject({
      code: "RECORDS_MISSING",
      message: expect.stringContaining("lacks offsets 0 to 9: no .log file is left"),
    });
    expect(everything(fixture)).toEqual(before);
  });

  test("the only segment of an empty log is missed, for it may have held records", async () => {
    const fixture = new LogFixture();
    await fixture.open();
    fixture.disk.crash("process");
    await remove(fixture, segment(0));

    await expect(fixture.open(shutdown)).rejects.toMatchObject({ code: "RECORDS_MISSING" });
  });
});

test("a closed segment that was cut at the end of a batch is missed", async () => {
  const { fixture } = await synced();
  fixture.disk.crash("process");
  fixture.disk.corrupt(segment(3), (bytes) => bytes.subarray(0, 2 * BATCH_BYTES));

  await expect(fixture.open("inOrder")).rejects.toMatchObject({
    code: "RECORDS_MISSING",
    message: expect.stringContaining("lacks offset 5:"),
  });
});

test.each([
  ["is missing", undefined],
  ["is too short", (bytes: Buffer) => bytes.subarray(0, 7)],
  ["leads nowhere", (bytes: Buffer) => bytes.fill(0x11)],
])("an index that %s does not make a segment look incomplete", async (_, damage) => {
  const { fixture } = await synced();
  fixture.disk.crash("process");
  const index = segment(3).replace(".log", ".index");
  if (damage === undefined) await remove(fixture, index);
  else fixture.disk.corrupt(index, damage);

  const log = await fixture.open("inOrder");

  expect(await readAll(log)).toHaveLength(10);
});

describe("what was acknowledged, and not synced", () => {
  test("is missed when only the process died", async () => {
    const { fixture } = await committedOnly();
    fixture.disk.crash("process");
    await remove(fixture, segment(9));

    await expect(fixture.open("processDied")).rejects.toMatchObject({
      code: "RECORDS_MISSING",
      message: expect.stringContaining("committed up to it (replication-offset-checkpoint)"),
    });
  });

  test("may be gone after a power cut, which is not held against the next start", async () => {
    const { fixture } = await committedOnly();
    fixture.disk.crash("process");
    await remove(fixture, segment(9));

    const recovered = await fixture.open("unclean");
    expect(recovered.logEndOffset).toBe(9);
    fixture.disk.crash("process");

    expect((await fixture.open("processDied")).logEndOffset).toBe(9);
  });
});

test("a closed segment is missed although no regular flush came after it", async () => {
  const { fixture } = await fourSegments();
  await fixture.time.advanceAndSettle(1);
  fixture.disk.crash("process");
  await remove(fixture, segment(6));

  await expect(fixture.open("unclean")).rejects.toMatchObject({ code: "RECORDS_MISSING" });
});

describe("nothing is missed", () => {
  test("of a log that was cut on purpose, whenever the process died", async () => {
    const { fixture, log } = await synced();
    await log.truncateTo(4 as Offset);

    fixture.disk.crash("process");

    expect((await fixture.open("processDied")).logEndOffset).toBe(4);
  });

  test("of segments that retention removed just before the process died", async () => {
    const { fixture, log } = await synced();
    log.configure({ ...log.config, retentionBytes: 1 });
    expect(await log.applyRetention()).toBe(3);

    fixture.disk.crash("process");

    const again = await fixture.open("processDied");
    expect([again.logStartOffset, again.logEndOffset]).toEqual([9, 10]);
  });

  test("when the operator has given the records up as the error says", async () => {
    const { fixture } = await synced();
    fixture.disk.crash("process");
    await remove(fixture, segment(9));
    for (const name of ["recovery-point", "replication"]) {
      const text = () => Buffer.from("0\n1\norders 0 9\n");
      fixture.disk.corrupt(`/data/${name}-offset-checkpoint`, text);
    }

    expect((await fixture.open("processDied")).logEndOffset).toBe(9);
  });
});

test("retention makes room on a full disk, where its checkpoint has none", async () => {
  const { fixture, log } = await synced();
  log.configure({ ...log.config, retentionBytes: 1 });
  const path = /log-start-offset-checkpoint/;
  fixture.disk.inject({ effect: "ENOSPC", operations: ["write"], path });

  expect(await log.applyRetention()).toBe(3);

  const checkpoint = fixture.disk.contents("/data/log-start-offset-checkpoint").toString();
  expect(checkpoint).toBe("0\n1\norders 0 9\n");
});
