import {
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { Log } from "../log.ts";

/** Logs that are opened, closed or flushed at a time: enough to keep a disk busy. */
export const LOGS_AT_ONCE_MAX = 8;

/** What has become of a partition of the data folder. */
export type LogCondition =
  | {
      /** Has a folder. Will be opened, or could not be for a reason that passes (a full disk). */
      readonly is: "unopened";
      /** Its records are from an earlier start, which may have ended in a power cut. */
      readonly foundAtStart: boolean;
    }
  | { readonly is: "opening"; readonly opening: Promise<Log> }
  | { readonly is: "open"; readonly log: Log }
  /** Could not be opened, or went offline since; then `log` is what was open. */
  | { readonly is: "offline"; readonly error: ZoologError; readonly log: Log | undefined }
  /** Listed in a checkpoint, without a folder. Offline as well. */
  | { readonly is: "missing"; readonly error: ZoologError };

export type HostedLog = {
  readonly topicPartition: TopicPartition;
  /** The one in the folder; `undefined` while none stands there. */
  topicId: TopicId | undefined;
  condition: LogCondition;
};

type HostedLogsDependencies = {
  /** A partition stopped serving; once for each. */
  readonly onOffline: (topicPartition: TopicPartition, error: ZoologError) => void;
};

/** The partitions of a data folder, by `topicPartitionKey`. */
export class HostedLogs {
  readonly #hosted = new Map<string, HostedLog>();
  readonly #onOffline: HostedLogsDependencies["onOffline"];

  constructor({ onOffline }: HostedLogsDependencies) {
    this.#onOffline = onOffline;
  }

  get(topicPartition: TopicPartition): HostedLog | undefined {
    return this.#hosted.get(topicPartitionKey(topicPartition));
  }

  set(hosted: HostedLog): HostedLog {
    this.#hosted.set(topicPartitionKey(hosted.topicPartition), hosted);
    return hosted;
  }

  delete(topicPartition: TopicPartition): void {
    this.#hosted.delete(topicPartitionKey(topicPartition));
  }

  wentOffline(
    hosted: HostedLog,
    condition: Extract<LogCondition, { readonly error: ZoologError }>,
  ): void {
    // Of what the partition is now, not of what it was before it was deleted.
    const isCurrent = this.get(hosted.topicPartition) === hosted;
    if (failureOf(hosted) !== undefined || !isCurrent) return;
    hosted.condition = condition;
    this.#onOffline(hosted.topicPartition, condition.error);
  }

  /** The whole data folder serves no more. */
  allWentOffline(error: ZoologError): void {
    for (const hosted of this.#hosted.values()) {
      const log = logOf(hosted);
      if (log !== undefined) this.wentOffline(hosted, { is: "offline", error, log });
    }
  }

  values(): IterableIterator<HostedLog> {
    return this.#hosted.values();
  }

  /** By `topicPartitionKey`. */
  get keys(): readonly string[] {
    return [...this.#hosted.keys()];
  }

  *logs(): Generator<Log> {
    for (const hosted of this.#hosted.values()) {
      const log = logOf(hosted);
      if (log !== undefined) yield log;
    }
  }

  /** By `topicPartitionKey`: why a partition does not serve. */
  get failures(): ReadonlyMap<string, ZoologError> {
    const failures = new Map<string, ZoologError>();
    for (const [key, hosted] of this.#hosted) {
      const failure = failureOf(hosted);
      if (failure !== undefined) failures.set(key, failure);
    }
    return failures;
  }

  /** By `topicPartitionKey`: those that the last start found and nobody could open yet. */
  get unrecovered(): string[] {
    return [...this.#hosted].flatMap(([key, hosted]) => {
      const { condition } = hosted;
      const isUnopened = condition.is === "unopened" && condition.foundAtStart;
      return isUnopened || failureOf(hosted) !== undefined ? [key] : [];
    });
  }
}

/** The open log, also when it went offline since it was opened. */
export function logOf(hosted: HostedLog | undefined): Log | undefined {
  const condition = hosted?.condition;
  return condition?.is === "open" || condition?.is === "offline" ? condition.log : undefined;
}

export function failureOf(hosted: HostedLog | undefined): ZoologError | undefined {
  const condition = hosted?.condition;
  return condition?.is === "offline" || condition?.is === "missing" ? condition.error : undefined;
}

/** Whether the folder has the records of another topic of that name. */
export function isOfAnother(hosted: HostedLog | undefined, topicId: TopicId): boolean {
  return hosted?.topicId !== undefined && hosted.topicId !== topicId;
}

/** Its records are not wanted any more: nor whether they could be brought to the disk. */
export async function closeUnwanted(hosted: HostedLog | undefined): Promise<void> {
  await logOf(hosted)
    ?.close()
    .catch(() => {});
}
