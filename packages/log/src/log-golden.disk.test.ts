/**
 * A partition folder as it stood when the format was fixed: today's code opens it, and writes the
 * same bytes. `ZOOLOG_WRITE_GOLDEN=1` writes it anew; commit that only with a reason, and after
 * `scripts/kafka-dump-log.sh packages/log/testdata/v1/orders-0` found nothing wrong.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaderEpoch, type Offset, silentLogger, timestamp } from "@zoolog/base";
import { nodeFileSystem } from "@zoolog/host";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { ManualTime, readAll } from "@zoolog/testkit";
import { Log } from "./log.ts";
import { DEFAULT_LOG_CONFIG } from "./log-config.ts";
import { LogDirectory } from "./log-directory.ts";

const GOLDEN = join(__dirname, "../testdata/v1");
const FOLDER = "orders-0";
const START = 1_700_000_000_000;
const CONFIG = { ...DEFAULT_LOG_CONFIG, segmentBytes: 8_000, indexIntervalBytes: 500 };

let temporary: string;
beforeEach(() => {
  temporary = mkdtempSync(join(tmpdir(), "zoolog-golden-"));
});
afterEach(() => rmSync(temporary, { recursive: true, force: true }));

async function open(path: string): Promise<Log> {
  const directory = new LogDirectory(
    { path, limits: { reservedBytes: 0 } },
    { fileSystem: nodeFileSystem, logger: silentLogger },
  );
  await directory.loadCheckpoints();
  const topicPartition = { topic: "orders", partition: 0 };
  const { clock } = new ManualTime({ startAt: START });
  return await Log.open(
    { topicPartition, config: CONFIG, shutdown: "inOrder" },
    { directory, clock, logger: silentLogger },
  );
}

/** 60 batches of 1 to 5 records: null keys and values, headers, times that now and then fall. */
async function writeScript(log: Log): Promise<void> {
  let serial = 0;
  for (let i = 0; i < 60; i++) {
    const records = Array.from({ length: 1 + (i % 5) }, () => {
      const n = serial++;
      return {
        timestamp: START + n * 100 - (n % 7 === 0 ? 5_000 : 0),
        key: n % 3 === 0 ? null : `key-${n}`,
        value: n % 13 === 0 ? null : `value ${n} `.repeat(1 + (n % 20)),
        headers: n % 4 === 0 ? [{ key: "trace", value: `${n}` }] : [],
      };
    });
    const batch = RecordBatch.parse(encodeRecordBatch(records));
    await log.append([batch], { leaderEpoch: leaderEpoch(Math.floor(i / 25)) });
  }
}

const filesOf = (folder: string) =>
  readdirSync(folder)
    .sort()
    .map((name) => [name, readFileSync(join(folder, name)).toString("hex")]);

test("the same appends write the same bytes as ever", async () => {
  const log = await open(temporary);
  await writeScript(log);
  await log.close();

  if (process.env["ZOOLOG_WRITE_GOLDEN"] === "1") {
    rmSync(join(GOLDEN, FOLDER), { recursive: true, force: true });
    cpSync(join(temporary, FOLDER), join(GOLDEN, FOLDER), { recursive: true });
  }

  expect(filesOf(join(temporary, FOLDER))).toEqual(filesOf(join(GOLDEN, FOLDER)));
});

test("a folder of then is opened and read today", async () => {
  cpSync(join(GOLDEN, FOLDER), join(temporary, FOLDER), { recursive: true });

  const log = await open(temporary);

  expect(log.segmentCount).toBe(3);
  expect([log.logStartOffset, log.logEndOffset]).toEqual([0, 180]);
  const records = await readAll(log);
  expect(records).toHaveLength(180);
  expect(records[1]).toEqual([1, "value 1 value 1 "]);
  expect(log.leaderEpochs.latest).toBe(2);
  expect(log.leaderEpochs.endOffsetFor(leaderEpoch(0))).toEqual({ epoch: 0, endOffset: 75 });
  expect(await log.offsetForTimestamp(timestamp(START + 5_000))).toMatchObject({ offset: 50 });
  await log.close();
});

test("a folder of then recovers without its indexes, and they come out as they were", async () => {
  cpSync(join(GOLDEN, FOLDER), join(temporary, FOLDER), { recursive: true });
  const expected = filesOf(join(GOLDEN, FOLDER));
  for (const [name = ""] of expected) {
    if (/index$/.test(name)) rmSync(join(temporary, FOLDER, name));
  }

  const log = await open(temporary);
  for (let from = 0; from < 180; from += 30) {
    await log.read({ from: from as Offset, maxBytes: 100, minOneBatch: true });
  }
  await log.close();

  expect(filesOf(join(temporary, FOLDER))).toEqual(expected);
});
