import { readInt64 } from "@zoolog/protocol";
import type { SimulatedHost } from "../world/simulated-host.ts";

/** Of a batch: first offset, bytes behind its length, number of its last record. */
const BASE_OFFSET_AT = 0;
const LENGTH_AT = 8;
const LAST_OFFSET_DELTA_AT = 23;
const HEAD_BYTES = 27;
const FRAME_BYTES = 12;

export type ReplicaBatch = {
  readonly baseOffset: number;
  readonly nextOffset: number;
  readonly bytes: Buffer;
};

/** The log of a replica as it lies in its files, whoever may be reading or writing them. */
export type ReplicaLog = { readonly batches: readonly ReplicaBatch[]; readonly endOffset: number };

/** `undefined` where there are no files of it. */
export function replicaLog(
  disk: Pick<SimulatedHost["disk"], "paths" | "contents">,
  partition: string,
): ReplicaLog | undefined {
  const folder = `/data/${partition}/`;
  const files = disk.paths().filter((path) => path.startsWith(folder) && path.endsWith(".log"));
  if (files.length === 0) return undefined;
  const batches: ReplicaBatch[] = [];
  for (const path of files) addBatches(batches, disk.contents(path));
  const base = Number(files.at(-1)?.slice(folder.length, -".log".length));
  return { batches, endOffset: Math.max(base, batches.at(-1)?.nextOffset ?? 0) };
}

function addBatches(batches: ReplicaBatch[], bytes: Buffer): void {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const baseOffset = readInt64(bytes, at + BASE_OFFSET_AT);
    const size = FRAME_BYTES + bytes.readInt32BE(at + LENGTH_AT);
    // The rest was not written yet, or is room that was reserved.
    if (size <= HEAD_BYTES || at + size > bytes.length) break;
    const nextOffset = baseOffset + bytes.readInt32BE(at + LAST_OFFSET_DELTA_AT) + 1;
    batches.push({ baseOffset, nextOffset, bytes: bytes.subarray(at, at + size) });
    at += size;
  }
}
