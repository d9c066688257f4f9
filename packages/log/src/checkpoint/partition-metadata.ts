import type { TopicId } from "@zoolog/base";
import { corruptFile, isMissing } from "../errors.ts";
import type { DataVolume } from "../volume/data-volume.ts";
import { PARTITION_METADATA } from "../volume/file-names.ts";

/**
 * The topic id in a partition folder's `partition.metadata`: it tells a topic from an older one of
 * the same name. `undefined` when the file is missing.
 *
 * @throws ZoologError CORRUPT_FILE
 */
export async function readTopicId(
  folder: string,
  volume: DataVolume,
): Promise<TopicId | undefined> {
  const path = `${folder}/${PARTITION_METADATA}`;
  let text: string;
  try {
    text = Buffer.from(await volume.fileSystem.readFile(path)).toString("utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  const match = /^version: 0\ntopic_id: ([A-Za-z0-9_-]{22})\n$/.exec(text);
  if (match?.[1] === undefined) throw corruptFile(path, "it names no topic id");
  return match[1] as TopicId;
}

export async function writeTopicId(
  folder: string,
  topicId: TopicId,
  volume: DataVolume,
): Promise<void> {
  const contents = Buffer.from(`version: 0\ntopic_id: ${topicId}\n`);
  await volume.writeFile(folder, PARTITION_METADATA, contents);
}
