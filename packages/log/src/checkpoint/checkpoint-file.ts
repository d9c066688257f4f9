/**
 * Kafka's checkpoint files: a version, a count, then that many lines, all text
 * (docs/formats/checkpoints.md). Written as a whole, atomically and with fsync (KAFKA-16541), by
 * `LogDirectory.writeFile`.
 */
import {
  type FileSystem,
  type LeaderEpoch,
  leaderEpoch,
  type Offset,
  offset,
  type TopicPartition,
  topicNameFault,
  topicPartitionKey,
} from "@zoolog/base";
import { corruptFile, isMissing } from "../errors.ts";

const CHECKPOINT_VERSION = "0";

/** One partition's entry in an offset checkpoint. */
export type OffsetEntry = { readonly topicPartition: TopicPartition; readonly offset: Offset };

/** Where an epoch began: its first record's offset, or the log's end when it has none yet. */
export type EpochEntry = { readonly epoch: LeaderEpoch; readonly startOffset: Offset };

type Place = { readonly fileSystem: FileSystem; readonly folder: string; readonly name: string };

/**
 * @returns entries by `topicPartitionKey`; none when the file is missing.
 * @throws ZoologError CORRUPT_FILE
 */
export async function readOffsetCheckpoint(place: Place): Promise<Map<string, OffsetEntry>> {
  const entries = new Map<string, OffsetEntry>();
  for (const line of await readLines(place)) {
    const [topic = "", partition, value, ...rest] = line.split(" ");
    const number = numberOf(partition);
    const position = numberOf(value);
    const isEntry = number !== undefined && position !== undefined && rest.length === 0;
    if (!isEntry || topicNameFault(topic) !== undefined) {
      throw corruptFile(`${place.folder}/${place.name}`, `no offset entry: "${line}"`);
    }
    const topicPartition = { topic, partition: number };
    entries.set(topicPartitionKey(topicPartition), { topicPartition, offset: offset(position) });
  }
  return entries;
}

/** The file's contents. */
export function offsetCheckpointText(entries: Iterable<OffsetEntry>): Buffer {
  const lines: string[] = [];
  for (const { topicPartition, offset: value } of entries) {
    lines.push(`${topicPartition.topic} ${topicPartition.partition} ${value}`);
  }
  return textOf(lines);
}

/**
 * @returns entries as they stand in the file; none when it is missing.
 * @throws ZoologError CORRUPT_FILE, also for epochs or offsets that do not rise.
 */
export async function readEpochCheckpoint(place: Place): Promise<EpochEntry[]> {
  const entries: EpochEntry[] = [];
  for (const line of await readLines(place)) {
    const [epoch, start, ...rest] = line.split(" ").map(numberOf);
    const last = entries.at(-1);
    const rising =
      epoch !== undefined &&
      start !== undefined &&
      rest.length === 0 &&
      (last === undefined || (epoch > last.epoch && start > last.startOffset));
    if (!rising) throw corruptFile(`${place.folder}/${place.name}`, `no rising entry: "${line}"`);
    entries.push({ epoch: leaderEpoch(epoch), startOffset: offset(start) });
  }
  return entries;
}

/** The file's contents. */
export function epochCheckpointText(entries: readonly EpochEntry[]): Buffer {
  return textOf(entries.map(({ epoch, startOffset }) => `${epoch} ${startOffset}`));
}

async function readLines(place: Place): Promise<string[]> {
  const path = `${place.folder}/${place.name}`;
  const text = await readText(place);
  if (text === undefined) return [];
  const [version, count, ...lines] = text.split("\n");
  if (version !== CHECKPOINT_VERSION) throw corruptFile(path, `unknown version "${version}"`);
  if (!text.endsWith("\n")) throw corruptFile(path, "the last line is cut off");
  lines.pop();
  if (numberOf(count) !== lines.length) {
    throw corruptFile(path, `${lines.length} entries where "${count}" were promised`);
  }
  return lines;
}

async function readText(place: Place): Promise<string | undefined> {
  try {
    const bytes = await place.fileSystem.readFile(`${place.folder}/${place.name}`);
    return Buffer.from(bytes).toString("utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function textOf(lines: readonly string[]): Buffer {
  return Buffer.from(`${[CHECKPOINT_VERSION, lines.length, ...lines].join("\n")}\n`);
}

/** A decimal number without sign or leading zeros, within the safe integers. */
function numberOf(text: string | undefined): number | undefined {
  if (text === undefined || !/^(0|[1-9]\d{0,15})$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}
