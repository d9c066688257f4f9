import type { SimulatedHost } from "../../world/simulated-host.ts";

/** Of a batch's header: first offset, length of what follows it, last offset against the first. */
const LENGTH_AT = 8;
const HEAD_BYTES = 12;
const LAST_OFFSET_DELTA_AT = 23;
const HEADER_BYTES = 61;

/** In both of these a line is a claim that so much is there. */
const CLAIMS = ["recovery-point-offset-checkpoint", "replication-offset-checkpoint"];

export type BatchPlace = {
  readonly position: number;
  readonly size: number;
  readonly lastOffset: number;
};

/** The whole batches of a segment, up to the first thing that is none. */
export function batchesOf(bytes: Buffer): BatchPlace[] {
  const batches: BatchPlace[] = [];
  for (let position = 0; position + HEADER_BYTES <= bytes.length; ) {
    const size = HEAD_BYTES + bytes.readInt32BE(position + LENGTH_AT);
    if (size < HEADER_BYTES || position + size > bytes.length) break;
    const baseOffset = Number(bytes.readBigInt64BE(position));
    const lastOffset = baseOffset + bytes.readInt32BE(position + LAST_OFFSET_DELTA_AT);
    batches.push({ position, size, lastOffset });
    position += size;
  }
  return batches;
}

/** Up to where the checkpoints say that there are records: a start would miss these. */
export function claimedEnd(host: SimulatedHost, partition: string): number {
  const at = partition.lastIndexOf("-");
  const line = `${partition.slice(0, at)} ${partition.slice(at + 1)} `;
  const claims = CLAIMS.map((name) => {
    const path = `/data/${name}`;
    if (!host.disk.paths().includes(path)) return 0;
    const lines = host.disk.contents(path).toString().split("\n");
    return Number(lines.find((one) => one.startsWith(line))?.slice(line.length) ?? 0);
  });
  return Math.max(...claims);
}
