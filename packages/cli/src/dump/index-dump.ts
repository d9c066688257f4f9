import { readFile } from "node:fs/promises";
import type { Offset } from "@zoolog/base";
import { OffsetIndex, TimeIndex } from "@zoolog/log";
import type { DumpSink } from "./dump-sink.ts";

/**
 * Prints the entries of an index file, and the first one that does not rise. Zeros behind the sound
 * entries are what Kafka preallocates: they end the dump, and are no fault.
 */
export async function dumpIndex(
  file: {
    readonly path: string;
    readonly kind: "offsetIndex" | "timeIndex";
    readonly baseOffset: Offset;
  },
  sink: DumpSink,
): Promise<void> {
  const bytes = await readFile(file.path);
  const isOffsets = file.kind === "offsetIndex";
  const { entryBytes } = isOffsets ? OffsetIndex : TimeIndex;
  const index = isOffsets
    ? new OffsetIndex(file.baseOffset, bytes)
    : new TimeIndex(file.baseOffset, bytes);
  const sound = index.soundCount();
  const isPreallocated = bytes.subarray(sound * entryBytes).every((byte) => byte === 0);
  const shown = isPreallocated ? sound : index.count;
  for (let i = 0; i < shown; i++) {
    const { lastOffset: offset, ...rest } = index.entry(i);
    await sink.print({ kind: "entry", ...(isOffsets ? { offset, ...rest } : { ...rest, offset }) });
    if (i !== sound) continue;
    await sink.fault({ kind: "fault", position: i * entryBytes, fault: "entries do not rise" });
  }
  const spare = bytes.length % entryBytes;
  if (spare === 0 || isPreallocated) return;
  const fault = `${spare} bytes at the end are no whole entry`;
  await sink.fault({ kind: "fault", position: bytes.length - spare, fault });
}
