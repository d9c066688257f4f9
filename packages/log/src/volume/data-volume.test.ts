import { type FileHandle, silentLogger } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { DataVolume } from "./data-volume.ts";

/** A volume that keeps one file open, two files, and what it went offline for. */
async function setUp() {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const fileSystem = disk.mount();
  await fileSystem.makeDirectory("/data");
  const offline: unknown[] = [];
  const volume = new DataVolume(
    { path: "/data", openFilesMax: 1, reservedBytes: 0 },
    { fileSystem, logger: silentLogger, onOffline: ({ code }) => offline.push(code) },
  );
  const synced: string[] = [];
  disk.onLostPagesSynced = (path) => synced.push(path);
  const append = async (file: FileHandle) => void (await file.write([Buffer.from("x")], 0));
  await volume.files.use("/data/a", "write", append);
  return { disk, volume, offline, synced };
}

test("a file whose sync failed is closed without another one: it would succeed, and mean nothing", async () => {
  const { disk, volume, synced } = await setUp();
  disk.inject({ effect: "EIO", operations: ["datasync"] });
  await volume.files
    .use("/data/a", "write", (file) => volume.datasync(file))
    .catch((error: unknown) => expect(error).toMatchObject({ code: "KAFKA_STORAGE_ERROR" }));

  await volume.files.use("/data/b", "write", async () => {});

  expect([synced, disk.openFiles]).toEqual([[], ["/data/b"]]);
});

test("a sync that fails as a file loses its place takes the folder offline", async () => {
  const { disk, volume, offline } = await setUp();
  disk.inject({ effect: "EIO", operations: ["datasync"] });

  await volume.files.use("/data/b", "write", async () => {});

  expect(offline).toEqual(["KAFKA_STORAGE_ERROR"]);
});
