import { leaderEpoch, offset, writeFileAtomically } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import {
  epochCheckpointText,
  offsetCheckpointText,
  readEpochCheckpoint,
  readOffsetCheckpoint,
} from "./checkpoint-file.ts";

async function placeWith(contents?: Buffer) {
  const fileSystem = new SimulatedDisk({}, { random: seededRandom(1) }).mount();
  await fileSystem.makeDirectory("/data");
  const place = { fileSystem, folder: "/data", name: "checkpoint" };
  if (contents !== undefined)
    await writeFileAtomically(fileSystem, "/data", "checkpoint", contents);
  return place;
}

test("offsets are read as they were written, in Kafka's words", async () => {
  const entries = [
    { topicPartition: { topic: "orders", partition: 0 }, offset: offset(42) },
    { topicPartition: { topic: "a-b_c.d", partition: 12 }, offset: offset(2 ** 52) },
  ];
  const text = offsetCheckpointText(entries);

  expect(text.toString()).toBe(`0\n2\norders 0 42\na-b_c.d 12 ${2 ** 52}\n`);
  expect([...(await readOffsetCheckpoint(await placeWith(text))).values()]).toEqual(entries);
});

test("epochs are read as they were written", async () => {
  const entries = [
    { epoch: leaderEpoch(0), startOffset: offset(0) },
    { epoch: leaderEpoch(7), startOffset: offset(40) },
  ];
  const text = epochCheckpointText(entries);

  expect(text.toString()).toBe("0\n2\n0 0\n7 40\n");
  expect(await readEpochCheckpoint(await placeWith(text))).toEqual(entries);
});

test("a missing file has no entries", async () => {
  expect((await readOffsetCheckpoint(await placeWith())).size).toBe(0);
  expect(await readEpochCheckpoint(await placeWith())).toEqual([]);
});

test.each([
  ["empty", ""],
  ["of another version", "1\n0\n"],
  ["with fewer entries than promised", "0\n2\norders 0 1\n"],
  ["with more entries than promised", "0\n0\norders 0 1\n"],
  ["cut in its last line", "0\n1\norders 0 1"],
  ["with a negative offset", "0\n1\norders 0 -1\n"],
  ["with an offset beyond 2^53", "0\n1\norders 0 99999999999999999\n"],
  ["with a word too many", "0\n1\norders 0 1 1\n"],
  ["with a word too few", "0\n1\norders 0\n"],
  ["with a name that no topic has", "0\n1\n../orders 0 1\n"],
  ["of zeros", "\0\0\0\0\0\0\0\0"],
])("an offset checkpoint %s is damaged", async (_, text) => {
  await expect(readOffsetCheckpoint(await placeWith(Buffer.from(text)))).rejects.toMatchObject({
    code: "CORRUPT_FILE",
    message: expect.stringContaining("/data/checkpoint"),
  });
});

test.each([
  ["epochs that do not rise", "0\n2\n3 0\n3 9\n"],
  ["offsets that do not rise", "0\n2\n3 9\n4 9\n"],
  ["a word that is no number", "0\n1\n3 x\n"],
])("an epoch checkpoint with %s is damaged", async (_, text) => {
  await expect(readEpochCheckpoint(await placeWith(Buffer.from(text)))).rejects.toMatchObject({
    code: "CORRUPT_FILE",
  });
});
