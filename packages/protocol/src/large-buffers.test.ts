import { LargeBuffers } from "./large-buffers.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

test("memory that was given back is taken again, for any body of its class", () => {
  const memory = new LargeBuffers();
  const first = memory.take(700 * KIB);

  memory.giveBack(first.subarray(0, 700 * KIB));

  expect(memory.take(1000 * KIB).buffer).toBe(first.buffer);
});

test("memory in use is not handed out twice", () => {
  const memory = new LargeBuffers();
  const first = memory.take(MIB);
  memory.giveBack(first);
  memory.giveBack(first);

  expect(memory.take(MIB).buffer).not.toBe(memory.take(MIB).buffer);
});

test("small and very large bodies have memory of exactly their size", () => {
  const memory = new LargeBuffers();

  expect(memory.take(1_000).buffer.byteLength).toBe(1_000);
  expect(memory.take(17 * MIB).buffer.byteLength).toBe(17 * MIB);
});

test("memory of others is not taken over", () => {
  const memory = new LargeBuffers();
  const foreign = Buffer.allocUnsafeSlow(MIB);

  memory.giveBack(foreign);

  expect(memory.take(MIB).buffer).not.toBe(foreign.buffer);
});

test("no more is kept than its limit", () => {
  const memory = new LargeBuffers();
  const taken = Array.from({ length: 40 }, () => memory.take(MIB));

  for (const body of taken) memory.giveBack(body);

  const kept = new Set(taken.map(({ buffer }) => buffer));
  const again = Array.from({ length: 40 }, () => memory.take(MIB));
  expect(again.filter(({ buffer }) => kept.has(buffer))).toHaveLength(32);
});
