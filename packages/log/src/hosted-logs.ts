import {
  type TopicId,
  type TopicPartition,
  topicPartitionKey,
  type ZoologError,
} from "@zoolog/base";
import type { Log } from "./log.ts";

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

/** The partitions of a data folder, by `topicPartitionKey`. */
export class HostedLogs {
  readonly #hosted = new Map<string, HostedLog>();

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

  /** Whether this is what the partition is now, not what it was before it was deleted. */
  isCurrent(hosted: HostedLog): boolean {
    return this.get(hosted.topicPartition) === hosted;
  }

  values(): IterableIterator<HostedLog> {
    return this.#hosted.values();
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
