export { abortable, CallAbort, throwIfAborted } from "./abort.ts";
export { AssertionError, assert, unreachable } from "./assert.ts";
export { runInBackground } from "./background.ts";
export { type Deferred, deferred } from "./deferred.ts";
export { ENCODED_NAME_LENGTH_MAX, encodedNameFault } from "./encoded-name.ts";
export { errorCode, errorMessage, ZoologError } from "./errors.ts";
export { EventLoopTurns, TURNS_FOR_OTHERS, yieldTurns } from "./event-loop-turns.ts";
export { writeFileAtomically, writeFully } from "./file-writes.ts";
export { assertFolderUnlocked, lockFolder } from "./folder-lock.ts";
export {
  type Branded,
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  type ControllerEpoch,
  type CoordinatorEpoch,
  controllerEpoch,
  coordinatorEpoch,
  type LeaderEpoch,
  leaderEpoch,
  type Offset,
  offset,
  type PartitionEpoch,
  partitionEpoch,
  type Timestamp,
  type TopicId,
  timestamp,
} from "./ids.ts";
export { inParallel } from "./in-parallel.ts";
export { nearestName } from "./nearest-name.ts";
export type {
  FileHandle,
  FileStat,
  FileSystem,
  OpenMode,
  VolumeSpace,
} from "./ports/file-system.ts";
export { type LogFields, type Logger, silentLogger } from "./ports/logger.ts";
export type { Machine, ProcessUsage } from "./ports/machine.ts";
export type {
  Connection,
  Listener,
  ListenOptions,
  Network,
  ProbeOutcome,
  ProbeTarget,
} from "./ports/network.ts";
export type { Random } from "./ports/random.ts";
export {
  type AbortSignalLike,
  type Clock,
  type Scheduler,
  sleep,
  type Timer,
} from "./ports/time.ts";
export { SerialQueue } from "./serial-queue.ts";
export {
  TOPIC_PARTITIONS_MAX,
  type TopicPartition,
  topicIdFromBytes,
  topicNameFault,
  topicPartitionKey,
} from "./topic.ts";
export { makeUsableFolder } from "./usable-folder.ts";
