import { RecordBatch } from "@zoolog/protocol";
import { batchOf, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { scanBatches } from "./batch-scan.ts";

async function scan(bytes: Buffer, chunkBytes: number, to = bytes.length) {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const file = await disk.mount().open("/log", "create");
  if (bytes.length > 0) await file.write([bytes], 0);
  const positions: number[] = [];
  const range = { from: 0, to, checksums: "verify", chunkBytes } as const;
  const end = await scanBatches(file, range, (_, position) => {
    positions.push(position);
    return true;
  });
  return { positions, end };
}

/** Where the longest beginning of sound batches ends, found the slow way. */
function soundPrefix(bytes: Buffer): number {
  let position = 0;
  for (;;) {
    try {
      const batch = RecordBatch.parse(bytes, position);
      if (!batch.hasValidChecksum()) return position;
      position += batch.sizeInBytes;
    } catch {
      return position;
    }
  }
}

const log = Buffer.concat(
  [["a"], ["b", "c"], ["d".repeat(400)], ["e", "f", "g"], ["h".repeat(90)]].map(
    (values) => batchOf(values).bytes,
  ),
);
const chunks = fc.constantFrom(1, 13, 61, 100, 700, 1 << 20);

test.each([1, 13, 61, 100, 1 << 20])("pieces of %i bytes make no difference", async (size) => {
  const { positions, end } = await scan(log, size);

  expect(positions).toHaveLength(5);
  expect(end).toEqual({ position: log.length, fault: undefined });
});

type Damage = (bytes: Buffer) => Buffer;
const place = fc.nat(log.length - 1);
const damage: fc.Arbitrary<Damage> = fc.oneof(
  fc.tuple(place, fc.nat(7)).map(
    ([at, bit]): Damage =>
      (bytes) => {
        if (at < bytes.length) bytes[at]! ^= 1 << bit;
        return bytes;
      },
  ),
  place.map(
    (at): Damage =>
      (bytes) =>
        bytes.subarray(0, at),
  ),
  fc.tuple(place, fc.nat(300)).map(
    ([at, length]): Damage =>
      (bytes) =>
        bytes.fill(0, Math.min(at, bytes.length), Math.min(at + length, bytes.length)),
  ),
  fc.tuple(place, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(
    ([at, noise]): Damage =>
      (bytes) => {
        bytes.set(noise.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
        return bytes;
      },
  ),
  fc.tuple(place, fc.uint8Array({ maxLength: 100 })).map(
    ([at, more]): Damage =>
      (bytes) =>
        Buffer.concat([bytes.subarray(0, at), more, bytes.subarray(at)]),
  ),
);

test("damage of any kind ends the scan behind the last sound batch", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { maxLength: 3 }), chunks, async (damages, size) => {
      const bytes = damages.reduce<Buffer>((damaged, each) => each(damaged), Buffer.from(log));

      const { end } = await scan(bytes, size);

      expect(end.position).toBe(soundPrefix(bytes));
      expect(end.fault === undefined).toBe(end.position === bytes.length);
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 300 },
  );
});

test("a damaged length does not make the scan allocate what it claims", async () => {
  const bytes = Buffer.from(log);
  bytes.writeInt32BE(90 * 1024 * 1024, 8);
  const before = process.memoryUsage().arrayBuffers;

  const { end } = await scan(bytes, 1 << 20);

  expect(end).toEqual({ position: 0, fault: "the batch is incomplete" });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(8 * 1024 * 1024);
});

test("a file shorter than it should be is told from a torn batch", async () => {
  const { end } = await scan(log, 1 << 20, log.length + 500);

  expect(end).toEqual({ position: log.length, fault: "the file ends early" });
});
