import { type Deferred, deferred, type LeaderEpoch, SerialQueue } from "@zoolog/base";
import type { RecordBatch } from "@zoolog/protocol";
import { appendQueueFull } from "../errors.ts";
import type { AppendInfo } from "./append-info.ts";

/** Batches of one caller that are to follow each other in the log. */
export type QueuedAppend = {
  readonly batches: readonly RecordBatch[];
  readonly sizeInBytes: number;
  /** A leader gives offsets and epoch, a follower keeps those that the batches have. */
  readonly origin: "leader" | "follower";
  readonly leaderEpoch: LeaderEpoch;
  readonly appended: Deferred<AppendInfo>;
};

/**
 * One vectored write: large enough to make the call cheap, small enough that a busy partition has
 * another group to write while the callers of this one prepare their next appends.
 */
const GROUP_BYTES_MAX = 2 * 1024 * 1024;
/** `writev` takes 1024 chunks at a time on Linux; more would be several calls. */
const GROUP_BATCHES_MAX = 1024;
/** Batches held for one partition whose disk does not keep up. More are refused. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;
/** Tasks, of which a group of appends is one. The bytes are the limit that matters. */
const WAITING_TASKS_MAX = 4096;

type Group = { readonly appends: QueuedAppend[]; bytes: number; batches: number };

/** Tells the callers of a group that their batches are written. */
export type Tell = () => void;

/**
 * The one queue of a partition. Appends that wait together are written together; whatever else
 * changes the log (`exclusive`) keeps its place among them.
 *
 * When another group waits, its write is given to the disk before the callers of the last one hear
 * of theirs: what they do next (checking and appending more) then runs while the disk works.
 */
export class AppendQueue {
  readonly #name: string;
  readonly #write: (appends: readonly QueuedAppend[]) => Promise<Tell>;
  readonly #queue = new SerialQueue({ waitingMax: WAITING_TASKS_MAX });
  /** The group that still takes appends: the last task of the queue, and not yet begun. */
  #open: Group | undefined;
  #waitingBytes = 0;
  #untold: Tell | undefined;

  /**
   * @param dependencies.write writes a group, begins at once, and does not reject: each append that
   *   it does not reject by itself is answered by the function that it resolves with.
   */
  constructor(
    options: { readonly name: string },
    dependencies: { readonly write: (appends: readonly QueuedAppend[]) => Promise<Tell> },
  ) {
    this.#name = options.name;
    this.#write = dependencies.write;
  }

  /** @throws ZoologError QUEUE_FULL */
  append(what: Omit<QueuedAppend, "appended">): Promise<AppendInfo> {
    const { batches, sizeInBytes, origin, leaderEpoch } = what;
    if (this.#waitingBytes > 0 && this.#waitingBytes + sizeInBytes > WAITING_BYTES_MAX) {
      return Promise.reject(appendQueueFull(this.#name, this.#waitingBytes));
    }
    const appended = deferred<AppendInfo>();
    const pending: QueuedAppend = { batches, sizeInBytes, origin, leaderEpoch, appended };
    this.#waitingBytes += sizeInBytes;
    const group = this.#open;
    if (group !== undefined && hasRoom(group, what)) {
      group.appends.push(pending);
      group.bytes += sizeInBytes;
      group.batches += batches.length;
    } else {
      this.#enqueue({ appends: [pending], bytes: sizeInBytes, batches: batches.length });
    }
    return appended.promise;
  }

  /** Runs `task` after what was given before and before what is given later. */
  exclusive<T>(task: () => Promise<T>): Promise<T> {
    this.#open = undefined;
    return this.#queue.run(() => {
      this.#tellUntold();
      return task();
    });
  }

  #enqueue(group: Group): void {
    this.#open = group;
    const ended = (): void => {
      if (this.#open === group) this.#open = undefined;
      this.#waitingBytes -= group.bytes;
    };
    const write = async (): Promise<void> => {
      if (this.#open === group) this.#open = undefined;
      const writing = this.#write(group.appends);
      this.#tellUntold();
      const tell = await writing;
      this.#untold = tell;
      if (this.#queue.size === 1) this.#tellUntold();
    };
    this.#queue.run(write).then(ended, (error: unknown) => {
      // The queue was full.
      ended();
      for (const append of group.appends) append.appended.reject(error);
    });
  }

  #tellUntold(): void {
    const tell = this.#untold;
    this.#untold = undefined;
    tell?.();
  }
}

function hasRoom(group: Group, what: Pick<QueuedAppend, "sizeInBytes" | "batches">): boolean {
  return (
    group.bytes + what.sizeInBytes <= GROUP_BYTES_MAX &&
    group.batches + what.batches.length <= GROUP_BATCHES_MAX
  );
}
