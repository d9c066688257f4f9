import type { TopicId } from "./ids.ts";

/** Identity of a partition. */
export type TopicPartition = { readonly topic: string; readonly partition: number };

/** `"<topic>-<partition>"`: the key of maps, the name of the folder on disk. */
export function topicPartitionKey(tp: TopicPartition): string {
  return `${tp.topic}-${tp.partition}`;
}

/** Kafka's limit: a folder name of 249 characters plus `-<partition>` fits in 255. */
export const TOPIC_NAME_LENGTH_MAX = 249;
const TOPIC_NAME_CHARACTERS = /^[a-zA-Z0-9._-]+$/;

/**
 * Says what is wrong with a topic name, or nothing when it is legal. The rule is Kafka's, and it is
 * also what makes a name safe as a folder: no separators, no `.`/`..`, nothing to percent-encode.
 */
export function topicNameFault(name: string): string | undefined {
  if (name.length === 0) return "a topic name cannot be empty";
  if (name === "." || name === "..") return `a topic cannot be named "${name}"`;
  if (name.length > TOPIC_NAME_LENGTH_MAX) {
    return `a topic name has at most ${TOPIC_NAME_LENGTH_MAX} characters, this one ${name.length}`;
  }
  if (!TOPIC_NAME_CHARACTERS.test(name)) {
    return "a topic name has only letters, digits, '.', '_' and '-'";
  }
  return undefined;
}

/** Partitions per topic: bounds what one create request may ask the controller to do. */
export const TOPIC_PARTITIONS_MAX = 10_000;

/** 16 random bytes as a topic id. Bits of a version 4 UUID are set, as Kafka does. */
export function topicIdFromBytes(bytes: Uint8Array): TopicId {
  const uuid = Uint8Array.from(bytes.subarray(0, 16));
  uuid[6] = ((uuid[6] ?? 0) & 0x0f) | 0x40;
  uuid[8] = ((uuid[8] ?? 0) & 0x3f) | 0x80;
  return base64Url(uuid) as TopicId;
}

const BASE64_URL = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64Url(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 3) {
    const chunk = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const characters = Math.min(4, Math.ceil(((bytes.length - i) * 8) / 6));
    for (let c = 0; c < characters; c++) text += BASE64_URL[(chunk >> (18 - 6 * c)) & 63];
  }
  return text;
}
