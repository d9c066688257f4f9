import { type Offset, offset, type TopicPartition, topicNameFault } from "@zoolog/base";

/** Names in a data folder and in a partition folder. They are Kafka's; see docs/formats. */

export const LOG_SUFFIX = ".log";
/** Of a segment that retention took away where no checkpoint could be saved first. */
export const DELETED_LOG_SUFFIX = ".log.deleted";
export const OFFSET_INDEX_SUFFIX = ".index";
export const TIME_INDEX_SUFFIX = ".timeindex";
export const PRODUCER_SNAPSHOT_SUFFIX = ".snapshot";

export const LEADER_EPOCH_CHECKPOINT = "leader-epoch-checkpoint";
export const PARTITION_METADATA = "partition.metadata";
export const RECOVERY_POINT_CHECKPOINT = "recovery-point-offset-checkpoint";
export const LOG_START_CHECKPOINT = "log-start-offset-checkpoint";
export const HIGH_WATERMARK_CHECKPOINT = "replication-offset-checkpoint";
export const SYNCED_SINCE_CHECKPOINT = "synced-since-checkpoint";
export const CLEAN_SHUTDOWN_MARKER = ".kafka_cleanshutdown";
/** Left by a process whose sync failed; see `DataVolume`. */
export const SYNC_FAILED_MARKER = ".sync-failed";
export const META_PROPERTIES = "meta.properties";

/** What a power cut may have torn and no start has looked at since; see `UnrecoveredLogs`. */
export const UNRECOVERED_MARKER = ".unrecovered";

/** Folders with this ending are leftovers of a deletion; the next start removes them. */
const DELETE_SUFFIX = "-delete";
/** Folders with this ending were put aside for an operator; nobody here touches them again. */
const STRAY_SUFFIX = "-stray";
/** No usual file system takes longer names. */
const FILE_NAME_BYTES_MAX = 255;

/** `00000000000000000042`: the base offset in 20 digits, so that names sort as offsets do. */
export function segmentName(baseOffset: Offset): string {
  return String(baseOffset).padStart(20, "0");
}

/** The base offset in a segment file's name, or `undefined` when it is none. */
export function segmentBaseOffset(fileName: string, suffix: string): Offset | undefined {
  if (!fileName.endsWith(suffix)) return undefined;
  const digits = fileName.slice(0, -suffix.length);
  if (!/^\d{20}$/.test(digits)) return undefined;
  const value = Number(digits);
  return Number.isSafeInteger(value) ? offset(value) : undefined;
}

/** The partition that a folder name says, or `undefined` when it is no partition folder. */
export function partitionOfFolder(name: string): TopicPartition | undefined {
  // Without leading zeros: `orders-00` is nobody's, lest one partition has two folders.
  const match = /^(.+)-(0|[1-9]\d{0,9})$/.exec(name);
  const [topic, digits] = [match?.[1], match?.[2]];
  if (topic === undefined || digits === undefined) return undefined;
  if (topicNameFault(topic) !== undefined) return undefined;
  return { topic, partition: Number(digits) };
}

/**
 * `<topic>-<partition>.<uuid>-delete`: what a partition folder is renamed to before its files go.
 * The topic is shortened where the name would be too long.
 */
export function pendingDeletionName(topicPartition: TopicPartition, uuid: string): string {
  return setAsideName(topicPartition, uuid, DELETE_SUFFIX);
}

/** `<topic>-<partition>.<uuid>-stray`: a folder that belongs to another topic than its name's. */
export function strayName(topicPartition: TopicPartition, uuid: string): string {
  return setAsideName(topicPartition, uuid, STRAY_SUFFIX);
}

export function isStray(folderName: string): boolean {
  return /\.[0-9a-f]{32}-stray$/.test(folderName);
}

export function isPendingDeletion(folderName: string): boolean {
  return /\.[0-9a-f]{32}-delete$/.test(folderName);
}

function setAsideName({ topic, partition }: TopicPartition, uuid: string, ending: string): string {
  const suffix = `-${partition}.${uuid.replaceAll("-", "")}${ending}`;
  return `${topic.slice(0, FILE_NAME_BYTES_MAX - suffix.length)}${suffix}`;
}
