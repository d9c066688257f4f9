import { isDeepStrictEqual } from "node:util";
import { brokerId, type FileSystem, leaderEpoch, offset, topicNameFault } from "@zoolog/base";
import {
  epochCheckpointText,
  offsetCheckpointText,
  readEpochCheckpoint,
  readOffsetCheckpoint,
} from "../../../packages/log/src/checkpoint/checkpoint-file.ts";
import {
  readMetaProperties,
  writeMetaProperties,
} from "../../../packages/log/src/checkpoint/meta-properties.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";

const PLACE = { folder: "/data", name: "checkpoint" };

export const checkpoints: FuzzTarget = {
  name: "checkpoints",
  row: "F-01",
  about: "offset and epoch checkpoints, meta.properties: read back as written, or CORRUPT_FILE",
  inputBytesMax: 1_024,
  smokeExecutions: 4_000,
  allocationSlackBytes: 8_192,
  async open(): Promise<Door> {
    return { seeds: await sampleFiles(), words: WORDS.map((word) => Buffer.from(word)), execute };
  },
};

const WORDS = [
  ...[
    "0\n",
    "1\n",
    "orders 0 1841\n",
    "3 40\n",
    " ",
    "\n",
    "-1",
    "+1",
    "00",
    "1e3",
    "9".repeat(16),
  ],
  ...["9007199254740991", "9007199254740992", "../x", "orders", "broker.id=", "cluster.id=", "="],
  ...["version=0\n", "gaps=12-41,97-\n", "loss.unclean=pending\n", "life.id=\n", "-", ",", "#"],
  ...["registered.epoch=", "incarnation.id=", "claims.version=1\n", "\r\n", "\0", "é"],
];

type Kind = (input: Buffer) => Promise<Outcome>;

/** By the first byte of the input. */
const KINDS: readonly Kind[] = [offsetsOutcome, epochsOutcome, metaOutcome];

async function execute(input: Buffer): Promise<Outcome> {
  const kind = (input[0] ?? 0) % KINDS.length;
  try {
    return `${kind} ${await KINDS[kind]?.(input.subarray(1))}`;
  } catch (error) {
    return `${kind} ${refusal(error)}`;
  }
}

async function offsetsOutcome(bytes: Buffer): Promise<Outcome> {
  const entries = await readOffsetCheckpoint({ ...PLACE, fileSystem: folderOf(bytes) });
  for (const { topicPartition } of entries.values()) {
    const fault = topicNameFault(topicPartition.topic);
    mustHold(fault === undefined, () => `an entry of no topic: ${fault}`);
  }
  const text = offsetCheckpointText(entries.values());
  const again = await readOffsetCheckpoint({ ...PLACE, fileSystem: folderOf(text) });
  mustHold(isDeepStrictEqual(again, entries), "entries are not what they were");
  return String(Math.min(entries.size, 4));
}

async function epochsOutcome(bytes: Buffer): Promise<Outcome> {
  const entries = await readEpochCheckpoint({ ...PLACE, fileSystem: folderOf(bytes) });
  const text = epochCheckpointText(entries);
  const again = await readEpochCheckpoint({ ...PLACE, fileSystem: folderOf(text) });
  mustHold(isDeepStrictEqual(again, entries), "entries are not what they were");
  return String(Math.min(entries.length, 4));
}

async function metaOutcome(bytes: Buffer): Promise<Outcome> {
  const properties = await readMetaProperties(folderOf(bytes), PLACE.folder);
  mustHold(properties !== undefined, "a file that is there is read");
  const written = await writtenBy((fileSystem) =>
    writeMetaProperties(fileSystem, PLACE.folder, properties),
  );
  const again = await readMetaProperties(folderOf(written), PLACE.folder);
  mustHold(isDeepStrictEqual(again, properties), "properties are not what they were");
  return `${properties.gaps.length} ${Object.keys(properties.losses).length}`;
}

async function sampleFiles(): Promise<Buffer[]> {
  const offsets = offsetCheckpointText([
    { topicPartition: { topic: "orders", partition: 0 }, offset: offset(1_841) },
    { topicPartition: { topic: "a.b_c-d", partition: 11 }, offset: offset(0) },
  ]);
  const epochs = epochCheckpointText([
    { epoch: leaderEpoch(3), startOffset: offset(0) },
    { epoch: leaderEpoch(5), startOffset: offset(40) },
  ]);
  const meta = await writtenBy((fileSystem) =>
    writeMetaProperties(fileSystem, PLACE.folder, {
      clusterId: "QyYmcNzBQTOWAKOjnPbn_w",
      brokerId: brokerId(3),
      incarnationId: "9a2b",
      areStartsClaimed: true,
      bootId: "9a2b",
      losses: { unclean: "pending" },
      lives: { current: "b", former: "a" },
      registeredEpoch: undefined,
      gaps: [{ after: undefined, before: undefined }],
    }),
  );
  return [offsets, epochs, meta].map((file, kind) => Buffer.concat([Buffer.of(kind), file]));
}

/** A file system with one file, whatever its name. */
function folderOf(contents: Buffer): FileSystem {
  const readFile = async (): Promise<Uint8Array> => contents;
  return { readFile } as Partial<FileSystem> as FileSystem;
}

/** What is written to the only file of a folder. */
async function writtenBy(write: (fileSystem: FileSystem) => Promise<void>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  const done = async (): Promise<void> => {};
  const file = {
    write: async (written: readonly Uint8Array[]) => {
      chunks.push(...written.map((chunk) => Uint8Array.from(chunk)));
      return written.reduce((sum, chunk) => sum + chunk.length, 0);
    },
    ...{ truncate: done, datasync: done, close: done },
  };
  const names = { rename: done, syncDirectory: done, remove: done };
  await write({ ...names, open: async () => file } as unknown as FileSystem);
  return Buffer.concat(chunks);
}
