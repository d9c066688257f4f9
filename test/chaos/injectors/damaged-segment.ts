import { closeSync, openSync, readdirSync, readSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";

/** Segments of a partition, the oldest first; the last one is being written to. */
export function segmentsOf(partitionFolder: string): readonly string[] {
  return readdirSync(partitionFolder)
    .filter((name) => name.endsWith(".log"))
    .sort()
    .map((name) => join(partitionFolder, name));
}

/** Turns one bit around in the middle of a file, as a disk may that has kept it for years. */
export function flipBit(file: string): void {
  const position = Math.floor(statSync(file).size / 2);
  const handle = openSync(file, "r+");
  try {
    const byte = Buffer.alloc(1);
    readSync(handle, byte, 0, 1, position);
    byte[0] = (byte[0] ?? 0) ^ 1;
    writeSync(handle, byte, 0, 1, position);
  } finally {
    closeSync(handle);
  }
}
