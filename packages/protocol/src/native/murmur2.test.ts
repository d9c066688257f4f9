import fc from "fast-check";
import { murmur2, partitionOfKey } from "./murmur2.ts";

const oracle = javaCompatiblePartitioner();

/** kafkajs is the independent oracle: its default partitioner was checked against Java's. */
function javaCompatiblePartitioner(): (options: {
  topic: string;
  partitionMetadata: { partitionId: number; leader: number }[];
  message: { key: Buffer };
}) => number {
  return require("kafkajs").Partitioners.JavaCompatiblePartitioner();
}

test.each([
  ["21", -973932308],
  ["foobar", -790332482],
  ["a-little-bit-long-string", -985981536],
  ["a-little-bit-longer-string", -1486304829],
  ["lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971],
  ["abc", 479470107],
])("murmur2 of %j is what Kafka's Java client computes", (text, expected) => {
  expect(murmur2(Buffer.from(text))).toBe(expected);
});

test("a key lands on the partition that a Java-compatible producer chooses", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 1, maxLength: 70 }),
      fc.integer({ min: 1, max: 300 }),
      (key, partitionCount) => {
        const partitionMetadata = Array.from({ length: partitionCount }, (_, partitionId) => ({
          partitionId,
          leader: 0,
        }));

        const theirs = oracle({
          topic: "t",
          partitionMetadata,
          message: { key: Buffer.from(key) },
        });

        expect(partitionOfKey(key, partitionCount)).toBe(theirs);
      },
    ),
    { numRuns: 500 },
  );
});

test("an empty key has a partition as well", () => {
  expect(murmur2(new Uint8Array(0))).toBe(275646681);
  expect(partitionOfKey(new Uint8Array(0), 7)).toBe(275646681 % 7);
});
