import { seededRandom } from "../seeded-random.ts";
import { SimulatedDisk } from "./simulated-disk.ts";

async function diskWith(path: string, text: string): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  await write(disk, path, text);
  return disk;
}

async function write(disk: SimulatedDisk, path: string, text: string, at = 0): Promise<void> {
  const file = await disk.mount().open(path, "write");
  await file.write([Buffer.from(text)], at);
  await file.close();
}

test("a flipped bit is damage until somebody writes these bytes again", async () => {
  const disk = await diskWith("/file", "records");
  disk.flipBit("/file", 3, 0);

  await write(disk, "/file", "re");
  expect(disk.damage.paths()).toEqual(["/file"]);

  await write(disk, "/file", "records");
  expect(disk.damage.paths()).toEqual([]);
});

test("a file that was cut is damaged, also with a hole where its end was", async () => {
  const disk = await diskWith("/file", "records");
  disk.corrupt("/file", (bytes) => bytes.subarray(0, 3));

  await write(disk, "/file", "more", 7);

  expect(disk.damage.paths()).toEqual(["/file"]);
});

test("damage goes with its file, and moves with it", async () => {
  const disk = await diskWith("/file", "records");
  disk.flipBit("/file", 0, 7);

  await disk.mount().rename("/file", "/put-aside");
  expect(disk.damage.paths()).toEqual(["/put-aside"]);

  await disk.mount().remove("/put-aside");
  expect(disk.damage.paths()).toEqual([]);
});
