/**
 * A partition folder of idempotent producers as it stood when the format was fixed.
 * `ZOOLOG_WRITE_GOLDEN=1` writes it anew; commit that only with a reason, and after
 * `scripts/kafka-dump-log.sh packages/log/testdata/v2/orders-0` found nothing wrong.
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leaderEpoch, silentLogger } from "@zoolog/base";
import { nodeFileSystem } from "@zoolog/host";
import { encodeRecordBatch, RecordBatch } from "@zoolog/protocol";
import { ManualTime } from "@zoolog/testkit";
import { Log } from "../log.ts";
import { DEFAULT_LOG_CONFIG } from "../log-config.ts";
import { LogDirectory } from "../log-directory.ts";

const GOLDEN = join(__dirname, "../../testdata/v2");
const FOLDER = "orders-0";
const START = 1_700_000_000_000;
const SEQUENCE_MAX = 2 ** 31 - 1;
const SNAPSHOTS = [`${"7".padStart(20, "0")}.snapshot`, `${"21".padStart(20, "0")}.snapshot`];

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
  const { clock } = new ManualTime({ startAt: START });
  return await Log.open(
    {
      topicPartition: { topic: "orders", partition: 0 },
      config: { ...DEFAULT_LOG_CONFIG, indexIntervalBytes: 100 },
      shutdown: "inOrder",
    },
    { directory, clock, logger: silentLogger },
  );
}

/** `[producer id, epoch, base sequence, records]`; `undefined`: a new segment. */
const SCRIPT: readonly ([number, number, number, number] | undefined)[] = [
  [4_000, 0, 0, 3],
  [4_001, 0, SEQUENCE_MAX - 1, 4],
  undefined,
  ...Array.from({ length: 7 }, (_, i): [number, number, number, number] => [4_000, 0, 3 + i, 1]),
  [4_002, 3, 0, 2],
  [4_001, 1, 0, 5],
];

async function writeScript(log: Log): Promise<void> {
  for (const step of SCRIPT) {
    if (step === undefined) {
      await log.roll();
      continue;
    }
    const [producerId, producerEpoch, baseSequence, count] = step;
    const records = Array.from({ length: count }, (_, i) => {
      return { timestamp: START, key: null, value: `${producerId} ${baseSequence} ${i}` };
    });
    const producer = { producerId, producerEpoch, baseSequence };
    const batch = RecordBatch.parse(encodeRecordBatch(records, { producer }));
    await log.append([batch], { leaderEpoch: leaderEpoch(0) });
  }
}

const snapshotsOf = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name.endsWith(".snapshot"))
    .sort()
    .map((name) => [name, readFileSync(join(folder, name)).toString("hex")]);

test("the same producers write the same snapshots as ever", async () => {
  const log = await open(temporary);
  await writeScript(log);
  await log.close();
  const folder = join(temporary, FOLDER);
  if (process.env["ZOOLOG_WRITE_GOLDEN"] === "1") {
    rmSync(join(GOLDEN, FOLDER), { recursive: true, force: true });
    cpSync(folder, join(GOLDEN, FOLDER), { recursive: true });
  }

  expect(snapshotsOf(folder).map(([name]) => name)).toEqual(SNAPSHOTS);
  expect(snapshotsOf(folder)).toEqual(snapshotsOf(join(GOLDEN, FOLDER)));
});

test.each(["with its snapshots", "without them"])("a folder of then is known %s", async (how) => {
  cpSync(GOLDEN, temporary, { recursive: true });
  if (how === "without them") {
    for (const name of SNAPSHOTS) rmSync(join(temporary, FOLDER, name));
  }

  const log = await open(temporary);
  const known = log.producers.map(({ producerId, producerEpoch, batches }) => {
    return [producerId, producerEpoch, ...batches.map(({ lastSequence }) => lastSequence)];
  });
  await log.close();

  expect(known.sort(([a = 0], [b = 0]) => a - b)).toEqual([
    [4_000, 0, 5, 6, 7, 8, 9],
    [4_001, 1, 4],
    [4_002, 3, 1],
  ]);
});
