import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import type { DumpSink } from "./dump-sink.ts";

/**
 * Kafka's index files: `.index` has pairs of 32-bit numbers (offset relative to the file's name,
 * position in the segment), `.timeindex` a 64-bit timestamp and a relative offset. Both rise
 * strictly; a zero entry after the first ends them (a preallocated tail).
 */
const ENTRY_BYTES = { offsetIndex: 8, timeIndex: 12 } as const;

export async function dumpIndex(
  path: string,
  kind: "offsetIndex" | "timeIndex",
  sink: DumpSink,
): Promise<void> {
  const bytes = await readFile(path);
  const entryBytes = ENTRY_BYTES[kind];
  const baseOffset = Number(basename(path).split(".")[0]);
  const spare = bytes.length % entryBytes;
  let before = -1;
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    const rank = kind === "offsetIndex" ? bytes.readInt32BE(at) : readTimestamp(bytes, at);
    const second = bytes.readInt32BE(at + entryBytes - 4);
    if (at > 0 && rank === 0 && second === 0) return;
    if (kind === "offsetIndex") {
      await sink.print({ kind: "entry", offset: baseOffset + rank, position: second });
    } else {
      await sink.print({ kind: "entry", timestamp: rank, offset: baseOffset + second });
    }
    if (rank <= before) {
      await sink.fault({ kind: "fault", position: at, fault: "entries do not rise" });
    }
    before = rank;
  }
  if (spare > 0) {
    const fault = `${spare} bytes at the end are no whole entry`;
    await sink.fault({ kind: "fault", position: bytes.length - spare, fault });
  }
}

function readTimestamp(bytes: Buffer, at: number): number {
  return bytes.readInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
}
