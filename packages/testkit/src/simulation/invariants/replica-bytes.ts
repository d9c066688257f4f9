import type { SimulatedHost } from "../world/simulated-host.ts";

/** Of a batch: first offset, and how many bytes follow its length. */
const BASE_OFFSET_AT = 0;
const LENGTH_AT = 8;
const HEAD_BYTES = 12;

/** The whole batches that begin below an offset, as they lie in the files of a replica. */
export function bytesBelow(host: SimulatedHost, partition: string, offset: number): Buffer {
  const folder = `/data/${partition}/`;
  const files = host.disk.paths().filter((p) => p.startsWith(folder) && p.endsWith(".log"));
  const batches = files.flatMap((path) => batchesBelow(host.disk.contents(path), offset));
  return Buffer.concat(batches);
}

function batchesBelow(bytes: Buffer, offset: number): Buffer[] {
  const batches: Buffer[] = [];
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const baseOffset = Number(bytes.readBigInt64BE(at + BASE_OFFSET_AT));
    const size = HEAD_BYTES + bytes.readInt32BE(at + LENGTH_AT);
    // The rest was not written yet, or is room that was reserved.
    if (baseOffset >= offset || size <= HEAD_BYTES || at + size > bytes.length) break;
    batches.push(bytes.subarray(at, at + size));
    at += size;
  }
  return batches;
}
