import { type Deferred, deferred, type LeaderEpoch, SerialQueue } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import type { AppendInfo } from "./border.ts";
import { appendQueueFull } from "./errors.ts";

/** Batches of one caller that are to follow each other in the log. */
export type PendingAppend = {
  readonly batches: readonly RecordBatch[];
  readonly sizeInBytes: number;
  /** A leader gives offsets and epoch, a follower keeps those that the batches have. */
  readonly origin: "leader" | "follower";
  readonly leaderEpoch: LeaderEpoch;
  readonly appended: Deferred<AppendInfo>;
};

/** One vectored write: large enough to make the call cheap, small enough not to delay the next. */
const GROUP_BYTES_MAX = 4 * 1024 * 1024;
/** `writev` takes 1024 chunks at a time on Linux; more would be several calls. */
const GROUP_BATCHES_MAX = 1024;
/** Batches held for one partition whose disk does not keep up. More are refused. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Tasks, of which a group of appends is one. The bytes are the limit that matters. */
const WAITING_TASKS_MAX = 4096;

type Group = { readonly appends: PendingAppend[]; bytes: number; batches: number };

/**
 * The one queue of a partition. Appends that wait together are written together; whatever else
 * changes the log (`exclusive`) keeps its place among them.
 */
export class AppendQueue {
  readonly #name: string;
  readonly #write: (appends: readonly PendingAppend[]) => Promise<void>;
  readonly #queue = new SerialQueue({ waitingMax: WAITING_TASKS_MAX });
  /** The group that still takes appends: the last task of the queue, and not yet begun. */
  #open: Group | undefined;
  #waitingBytes = 0;

  /** @param dependencies.write settles every append of the group, and does not reject. */
  constructor(
    options: { readonly name: string },
    dependencies: { readonly write: (appends: readonly PendingAppend[]) => Promise<void> },
  ) {
    this.#name = options.name;
    this.#write = dependencies.write;
  }

  /** Bytes that wait for the disk, those being written included. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** @throws ZoologError QUEUE_FULL */
  append(what: Omit<PendingAppend, "appended">): Promise<AppendInfo> {
    if (this.#waitingBytes > 0 && this.#waitingBytes + what.sizeInBytes > WAITING_BYTES_MAX) {
      return Promise.reject(appendQueueFull(this.#name, this.#waitingBytes));
    }
    const pending: PendingAppend = { ...what, appended: deferred<AppendInfo>() };
    this.#waitingBytes += what.sizeInBytes;
    const group = this.#open;
    if (group !== undefined && hasRoom(group, what)) {
      group.appends.push(pending);
      group.bytes += what.sizeInBytes;
      group.batches += what.batches.length;
    } else {
      this.#enqueue({
        appends: [pending],
        bytes: what.sizeInBytes,
        batches: what.batches.length,
      });
    }
    return pending.appended.promise;
  }

  /** Runs `task` after what was given before and before what is given later. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    this.#open = undefined;
    return this.#queue.run(task);
  }

  #enqueue(group: Group): void {
    this.#open = group;
    const ended = (): void => {
      if (this.#open === group) this.#open = undefined;
      this.#waitingBytes -= group.bytes;
    };
    const write = (): Promise<void> => {
      if (this.#open === group) this.#open = undefined;
      return this.#write(group.appends);
    };
    this.#queue.run(write).then(ended, (error: unknown) => {
      // The queue was full. (An append that `write` has settled ignores this.)
      ended();
      for (const append of group.appends) append.appended.reject(error);
    });
  }
}

function hasRoom(group: Group, what: Pick<PendingAppend, "sizeInBytes" | "batches">): boolean {
  return (
    group.bytes + what.sizeInBytes <= GROUP_BYTES_MAX &&
    group.batches + what.batches.length <= GROUP_BATCHES_MAX
  );
}
