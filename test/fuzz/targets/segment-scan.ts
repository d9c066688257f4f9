import type { FileHandle } from "@zoolog/base";
import { RecordBatch } from "@zoolog/protocol";
import { scanBatches } from "../../../packages/log/src/segment/batch-scan.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome, shapeOf } from "../fuzz-target.ts";
import { repairBatches } from "./batch-repair.ts";
import { sampleBatches } from "./record-batch.ts";

/** In front of the file: how much is read at a time, so that batches lie across the seams. */
const PREFIX_BYTES = 1;

export const segmentScan: FuzzTarget = {
  name: "segment-scan",
  row: "F-01",
  about: "the scanner of segment files: it ends behind the longest valid beginning, no sooner",
  inputBytesMax: 8_192,
  smokeExecutions: 3_000,
  // An empty window.
  allocationSlackBytes: 64,
  async open(): Promise<Door> {
    const batches = await sampleBatches();
    const segment = Buffer.concat(batches);
    const seeds = [1, 13, 60, 255].map((chunk) => Buffer.concat([Buffer.of(chunk), segment]));
    const few = Buffer.concat([Buffer.of(7), ...batches.slice(0, 2), Buffer.alloc(100)]);
    const repaired = (input: Buffer) => repairBatches(input, PREFIX_BYTES);
    return { seeds: [...seeds, few], repaired, execute };
  },
};

async function execute(input: Buffer): Promise<Outcome> {
  const chunkBytes = 1 + 4 * (input[0] ?? 0);
  const bytes = input.subarray(PREFIX_BYTES);
  const positions: number[] = [];
  const range = { from: 0, to: bytes.length, checksums: "verify", chunkBytes } as const;
  const end = await scanBatches(fileOf(bytes), range, (batch, position) => {
    mustHold(position === (positions.at(-1) ?? 0), "batches follow each other");
    positions.push(position + batch.sizeInBytes);
    return true;
  });
  const expected = longestValidPrefix(bytes);
  mustHold(end.position === expected, () => `it ends at ${end.position}, not at ${expected}`);
  const isWhole = expected === bytes.length;
  mustHold(isWhole === (end.fault === undefined), () => `at ${expected}: ${end.fault}`);
  return `${shapeOf(end.fault ?? "whole")} ${Math.min(12, positions.length)}`;
}

/** Batch by batch, by the parser that clients use. */
function longestValidPrefix(bytes: Buffer): number {
  for (let at = 0; ; ) {
    try {
      const batch = RecordBatch.parse(bytes, at);
      if (!batch.hasValidChecksum()) return at;
      at += batch.sizeInBytes;
    } catch {
      return at;
    }
  }
}

/** A file of these bytes; for reading. */
function fileOf(bytes: Buffer): FileHandle {
  const read: FileHandle["read"] = async (target, position) => {
    const length = Math.max(0, Math.min(target.length, bytes.length - position));
    target.set(bytes.subarray(position, position + length));
    return length;
  };
  return { read } as FileHandle;
}
