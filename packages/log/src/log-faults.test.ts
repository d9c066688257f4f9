/**
 * One life of a log, again and again, with the n-th disk operation failing, for every n: once or
 * from then on, by refusal, error or short write. Afterwards the disk is well again and the log is
 * opened anew; then what was acknowledged must be there, and what was refused must not.
 */
import { errorCode, leaderEpoch, type Offset } from "@zoolog/base";
import { batchOf, type DiskFaultEffect, LogFixture, readAll } from "@zoolog/testkit";
import type { Log } from "./log.ts";
import type { FlushPolicy } from "./log-config.ts";

/** What a caller may be told. Anything else is an error that escaped. */
const KNOWN_CODES = new Set([
  "KAFKA_STORAGE_ERROR",
  "DISK_FULL",
  "TOO_MANY_OPEN_FILES",
  "LOG_CLOSED",
  "CORRUPT_MESSAGE",
]);
/** After these nothing of the append may be in the log. */
const REFUSALS = new Set(["DISK_FULL", "TOO_MANY_OPEN_FILES", "LOG_CLOSED"]);

class Witness {
  readonly acked = new Map<number, string>();
  readonly refused = new Set<string>();
  readonly sent = new Set<string>();
  readonly fixture: LogFixture;
  #counter = 0;

  constructor(fixture: LogFixture) {
    this.fixture = fixture;
  }

  /** Appends `count` batches at once. */
  async append(log: Log, count: number, epoch = 0): Promise<void> {
    const values = Array.from({ length: count }, () => `${this.#counter++}`.padEnd(120, "."));
    await Promise.all(
      values.map(async (value) => {
        this.sent.add(value);
        try {
          const options = { leaderEpoch: leaderEpoch(epoch) };
          const { baseOffset } = await log.append([batchOf([value])], options);
          this.acked.set(baseOffset, value);
        } catch (error) {
          if (REFUSALS.has(known(error))) this.refused.add(value);
        }
      }),
    );
  }

  /** What the log holds agrees with what its callers were told. */
  async check(log: Log): Promise<void> {
    const found = new Map(await readAll(log, { from: log.logStartOffset }));
    const values = [...found.values()];
    const lost = [...this.acked].filter(
      ([at, value]) => at >= log.logStartOffset && found.get(at) !== value,
    );
    // One `expect` for all: thousands of lives go by here.
    expect({
      lost,
      refusedButThere: values.filter((value) => this.refused.has(value)),
      neverSent: values.filter((value) => !this.sent.has(value)),
      twice: values.length - new Set(values).size,
    }).toEqual({ lost: [], refusedButThere: [], neverSent: [], twice: 0 });
  }
}

function known(error: unknown): string {
  const code = errorCode(error) ?? `no code: ${String(error)}`;
  if (!KNOWN_CODES.has(code)) throw error;
  return code;
}

const attempt = async (task: () => Promise<unknown>): Promise<void> => {
  await task().catch(known);
};

/** Opens, appends, rolls, flushes, reads, deletes, closes, opens again. */
async function script(witness: Witness): Promise<void> {
  const { fixture } = witness;
  const log = await fixture.open();
  await witness.append(log, 3);
  await attempt(() => log.flush());
  await witness.append(log, 4);
  await attempt(() => log.assignLeaderEpoch(leaderEpoch(1)));
  await witness.append(log, 5, 1);
  await attempt(() => fixture.saveCheckpoints(log));
  await attempt(() => readAll(log));
  await attempt(() => log.roll());
  await witness.append(log, 2, 1);
  await attempt(() => log.deleteBefore(2 as Offset));
  await attempt(() => log.offsetForTimestamp(1_000 as never));
  await witness.append(log, 3, 1);
  await attempt(() => log.close());
  await attempt(() => fixture.saveCheckpoints(log));
  const again = await fixture.open();
  await attempt(() => readAll(again));
  await witness.append(again, 4, 1);
}

function setUp(flush: FlushPolicy, seed: number): Witness {
  return new Witness(
    new LogFixture({
      seed,
      config: { flush, segmentBytes: 700, indexIntervalBytes: 150, retentionMs: undefined },
      limits: { openFilesMax: 3, tailCacheBytesMax: 300 },
    }),
  );
}

async function countOperations(flush: FlushPolicy): Promise<number> {
  const witness = setUp(flush, 1);
  await script(witness);
  await witness.check(await witness.fixture.reopenAfter("process"));
  return witness.fixture.disk.faults.operationCount;
}

const cases: { effect: DiskFaultEffect; flush: FlushPolicy; sticky: boolean }[] = [
  { effect: "EIO", flush: "os", sticky: false },
  { effect: "EIO", flush: "os", sticky: true },
  { effect: "EIO", flush: "fsync", sticky: false },
  { effect: "EIO", flush: "fsync", sticky: true },
  { effect: "ENOSPC", flush: "os", sticky: true },
  { effect: "ENOSPC", flush: "fsync", sticky: false },
  { effect: "ENOSPC", flush: "fsync", sticky: true },
  { effect: "EMFILE", flush: "os", sticky: false },
  { effect: "EMFILE", flush: "fsync", sticky: true },
  { effect: "shortWrite", flush: "os", sticky: true },
  { effect: "shortWrite", flush: "fsync", sticky: false },
];

test.each(cases)(
  "$effect at any operation, flush $flush, sticky $sticky: acknowledged is kept, refused is not there",
  async ({ effect, flush, sticky }) => {
    const operations = await countOperations(flush);
    expect(operations).toBeGreaterThan(200);

    for (let at = 1; at <= operations; at++) {
      const witness = setUp(flush, at);
      const { fixture } = witness;
      const fault = fixture.disk.inject({ effect, at, sticky });
      await script(witness).catch(knownOrRaw);
      fault.remove();

      const crash = flush === "fsync" ? "power" : "process";
      const log = await fixture.reopenAfter(crash);
      await witness.check(log);
      const recovered = await readAll(log);
      // Recovery changes nothing the second time, and the log takes appends again.
      const again = await fixture.reopenAfter("process");
      expect(await readAll(again)).toEqual(recovered);
      await again.append([batchOf(["alive"])], { leaderEpoch: leaderEpoch(9) });
    }
  },
);

/** Opening a log reports the disk's own error when that is all there is to say. */
function knownOrRaw(error: unknown): void {
  const code = errorCode(error);
  if (code === "EIO" || code === "ENOSPC" || code === "EMFILE") return;
  known(error);
}

type CutName = "truncate" | "startOver" | "deleteBefore" | "retain";

async function cut(name: CutName, log: Log): Promise<unknown> {
  switch (name) {
    case "truncate":
      return await log.truncateTo(5 as Offset);
    case "startOver":
      return await log.truncateFullyAndStartAt(40 as Offset);
    case "deleteBefore":
      await log.deleteBefore(6 as Offset);
      // Resolves when the files are gone, too.
      return await log.applyRetention();
    case "retain":
      log.updateHighWatermark(log.logEndOffset);
      log.configure({ ...log.config, retentionBytes: 0 });
      return await log.applyRetention();
  }
}

test.each(["truncate", "startOver", "deleteBefore", "retain"] as const)(
  "an error at any operation of %s leaves a log that opens and lost nothing else",
  async (name) => {
    for (let at = 1; ; at++) {
      const witness = setUp("fsync", at);
      const { fixture } = witness;
      const log = await fixture.open();
      await witness.append(log, 12);
      await log.flush();
      await fixture.saveCheckpoints(log);
      const before = await readAll(log);
      const fault = fixture.disk.inject({ effect: "EIO", at });

      let failed = false;
      await cut(name, log).catch((error: unknown) => {
        known(error);
        failed = true;
      });
      if (failed) expect(log.failure).toMatchObject({ code: "KAFKA_STORAGE_ERROR" });
      const again = await fixture.reopenAfter("power");

      const [start, end] = [again.logStartOffset, again.logEndOffset];
      expect(await readAll(again)).toEqual(before.filter(([o]) => o >= start && o < end));
      if (fault.strikes() === 0) return;
    }
  },
);
