import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { offset, timestamp } from "@zoolog/base";
import { OffsetIndex, TimeIndex } from "@zoolog/log";
import type { DumpLine } from "./dump-sink.ts";
import { dumpIndex } from "./index-dump.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "zoolog-dump-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function dump(kind: "offsetIndex" | "timeIndex", bytes: Buffer): Promise<DumpLine[]> {
  const path = join(folder, "index");
  await writeFile(path, bytes);
  const lines: DumpLine[] = [];
  const keep = async (line: DumpLine): Promise<void> => void lines.push(line);
  await dumpIndex({ path, kind, baseOffset: offset(100) }, { print: keep, fault: keep });
  return lines;
}

function offsetsFile(): Buffer {
  const index = new OffsetIndex(offset(100));
  index.append(offset(109), 900);
  index.append(offset(114), 1_800);
  return index.table.bytes.subarray(0, 2 * OffsetIndex.entryBytes);
}

const OFFSETS = [
  { kind: "entry", offset: 109, position: 900 },
  { kind: "entry", offset: 114, position: 1_800 },
];

test("the entries of both indexes are shown as the log engine reads them", async () => {
  const times = new TimeIndex(offset(100));
  times.appendIfNewer({ timestamp: timestamp(1_700_000_000_000), lastOffset: offset(109) });

  expect(await dump("offsetIndex", offsetsFile())).toEqual(OFFSETS);
  expect(await dump("timeIndex", times.table.bytes.subarray(0, TimeIndex.entryBytes))).toEqual([
    { kind: "entry", timestamp: 1_700_000_000_000, offset: 109 },
  ]);
});

test("zeros that Kafka preallocated end the index, and are no fault", async () => {
  const preallocated = Buffer.concat([offsetsFile(), Buffer.alloc(8 * 5 + 3)]);

  expect(await dump("offsetIndex", preallocated)).toEqual(OFFSETS);
});

test("an entry that does not rise and a piece of one are faults at their places", async () => {
  const [first, second] = [offsetsFile().subarray(0, 8), offsetsFile().subarray(8)];
  const bytes = Buffer.concat([second, first, Buffer.from([1, 2, 3])]);

  expect(await dump("offsetIndex", bytes)).toEqual([
    OFFSETS[1],
    OFFSETS[0],
    { kind: "fault", position: 8, fault: "entries do not rise" },
    { kind: "fault", position: 16, fault: "3 bytes at the end are no whole entry" },
  ]);
});
