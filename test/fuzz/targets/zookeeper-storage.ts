import { type FileSystem, silentLogger } from "@zoolog/base";
import { SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { crc32 } from "../../../packages/zookeeper/src/server/storage/crc32.ts";
import { FOLDER, Store } from "../../../packages/zookeeper/src/server/storage/recovery.fixture.ts";
import {
  type Recovered,
  recover,
} from "../../../packages/zookeeper/src/server/storage/recovery.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";

const [HEADER_BYTES, SALT_AT, SALT_BYTES, BATCH_HEADER_BYTES] = [56, 28, 24, 16];
const ZNODES = 12;

export const zookeeperStorage: FuzzTarget = {
  name: "zookeeper-storage",
  row: "F-01",
  about: "the embedded ZooKeeper's log and snapshot: a beginning of what was written, or a refusal",
  inputBytesMax: 4_096,
  smokeExecutions: 500,
  // The window through which a log is read.
  allocationSlackBytes: 1024 * 1024,
  async open(): Promise<Door> {
    const files = await sampleFiles();
    const fileSystem = newDisk().mount();
    await write(fileSystem, files);
    const { lastZxid } = await recover(FOLDER, { fileSystem, logger: silentLogger });
    const written = { files, newestZxid: lastZxid };
    const execute = (input: Buffer): Promise<Outcome> => executeWith(written, input);
    const seeds = files.map(({ contents }, i) => Buffer.concat([Buffer.of(i), contents]));
    return { seeds, repaired: repairBatches, execute };
  },
};

type Written = { readonly files: readonly DataFile[]; readonly newestZxid: number };

type DataFile = { readonly path: string; readonly contents: Buffer };

/** Two logs and a snapshot between them. */
async function sampleFiles(): Promise<DataFile[]> {
  const disk = newDisk();
  const fileSystem = disk.mount();
  let store = await Store.open(fileSystem, { snapshotEvery: 5 });
  for (let i = 1; i <= ZNODES / 2; i++) await store.create(`n${String(i).padStart(2, "0")}`);
  await store.journal.close();
  store = await Store.open(fileSystem);
  for (let i = ZNODES / 2 + 1; i <= ZNODES; i++) {
    await store.create(`n${String(i).padStart(2, "0")}`);
  }
  await store.journal.close();
  const names = (await fileSystem.readDirectory(FOLDER)).filter((name) => !name.endsWith(".tmp"));
  return await Promise.all(
    names.map(async (name) => {
      const path = `${FOLDER}/${name}`;
      return { path, contents: Buffer.from(await fileSystem.readFile(path)) };
    }),
  );
}

/** One file is replaced by the input, the one that its first byte says. */
async function executeWith({ files, newestZxid }: Written, input: Buffer): Promise<Outcome> {
  const chosen = (input[0] ?? 0) % files.length;
  const damaged = files.map(({ path, contents }, i) => ({
    path,
    contents: i === chosen ? input.subarray(1) : contents,
  }));
  const fileSystem = newDisk().mount();
  await write(fileSystem, damaged);
  let recovered: Recovered;
  try {
    recovered = await recover(FOLDER, { fileSystem, logger: silentLogger });
  } catch (error) {
    return `${chosen} ${refusal(error)}`;
  }
  const { lastZxid } = recovered;
  const isLastThere = holdsLastBatch(files.at(-1), damaged.at(-1)?.contents);
  mustHold(!isLastThere || lastZxid === newestZxid, "what was durable is there, or it refuses");
  mustHold(Number.isSafeInteger(lastZxid) && recovered.epoch > 0, "numbers are numbers");
  const children = [...(recovered.tree.get("/")?.children ?? [])].filter((name) => name[0] === "n");
  // What is recovered once is recovered again: the torn tail is cut off by now.
  const again = await recover(FOLDER, { fileSystem, logger: silentLogger });
  mustHold(again.lastZxid === lastZxid, "it ends where it ended");
  mustHold(again.tree.get("/")?.children?.size === recovered.tree.get("/")?.children?.size, "same");
  return `${chosen} recovered ${children.length} ${recovered.replayed}`;
}

/** The newest batch stands intact where it was written. */
function holdsLastBatch(file: DataFile | undefined, contents: Buffer | undefined): boolean {
  if (file === undefined || contents === undefined) return false;
  const header = file.contents.subarray(0, HEADER_BYTES);
  const at = file.contents.lastIndexOf("ZLBT");
  const last = file.contents.subarray(at);
  const isThere = contents.subarray(at, at + last.length).equals(last);
  return isThere && contents.subarray(0, HEADER_BYTES).equals(header);
}

function newDisk(): SimulatedDisk {
  return new SimulatedDisk({}, { random: seededRandom(1) });
}

async function write(fileSystem: FileSystem, files: readonly DataFile[]): Promise<void> {
  await fileSystem.makeDirectory(FOLDER);
  for (const { path, contents } of files) {
    const file = await fileSystem.open(path, "create");
    await file.write([contents], 0);
    await file.close();
  }
}

/** Checksums of a transaction log's header and batches; a snapshot's blocks have none of these. */
function repairBatches(input: Buffer): Buffer {
  const file = input.subarray(1);
  if (file.length < HEADER_BYTES || file.toString("latin1", 0, 8) !== "ZOOLOGZT") return input;
  file.writeUInt32BE(crc32(file.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4);
  const salt = file.subarray(SALT_AT, SALT_AT + SALT_BYTES);
  for (let at = HEADER_BYTES; at + BATCH_HEADER_BYTES <= file.length; ) {
    const length = file.readInt32BE(at + 8);
    const end = at + BATCH_HEADER_BYTES + length;
    if (length < 0 || end > file.length) break;
    const covered = [salt, file.subarray(at, at + 12), file.subarray(at + BATCH_HEADER_BYTES, end)];
    file.writeUInt32BE(crc32(Buffer.concat(covered)), at + 12);
    at = end;
  }
  return input;
}
