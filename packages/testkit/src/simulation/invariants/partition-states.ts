import type { Operation } from "@zoolog/zookeeper";
import type { World } from "../world/world.ts";

/** A partition as ZooKeeper has it. */
export type WrittenState = {
  /** `<topic>-<partition>` */
  readonly partition: string;
  readonly topic: string;
  readonly index: number;
  readonly controllerEpoch: number;
  readonly leader: number | undefined;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  /** True time. */
  readonly writtenAtMs: number;
};

/** Of a topic that was deleted; one that is made anew has nothing to do with it. */
export type StateListener = {
  readonly written: (state: WrittenState, before: WrittenState | undefined) => void;
  readonly removed?: (partition: string) => void;
};

/** What states are taken from. */
export type StateSource = {
  readonly writeListeners: World["writeListeners"];
  readonly schedule: { readonly nowMs: number };
};

const STATE = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/;
const TOPIC = /^\/brokers\/topics\/([^/]+)$/;

/** The states of all partitions, transaction by transaction. */
export class PartitionStates {
  readonly #source: StateSource;
  readonly #states = new Map<string, WrittenState>();
  readonly #topicIds = new Map<string, string>();
  readonly #listeners: StateListener[] = [];

  constructor(source: StateSource) {
    this.#source = source;
    source.writeListeners.push((operations) => {
      for (const operation of operations) this.#written(operation);
    });
  }

  get all(): IterableIterator<WrittenState> {
    return this.#states.values();
  }

  of(partition: string): WrittenState | undefined {
    return this.#states.get(partition);
  }

  /** Of the topic that has the name now. */
  topicId(topic: string): string | undefined {
    return this.#topicIds.get(topic);
  }

  listen(listener: StateListener): void {
    this.#listeners.push(listener);
  }

  #written(operation: Operation): void {
    const [, named] = TOPIC.exec(operation.path) ?? [];
    if (named !== undefined) this.#topicWritten(named, operation);
    const [, topic, index] = STATE.exec(operation.path) ?? [];
    if (topic === undefined) return;
    const partition = `${topic}-${index}`;
    if (operation.type === "remove") {
      this.#states.delete(partition);
      for (const { removed } of this.#listeners) removed?.(partition);
    }
    if (!("data" in operation)) return;
    const json = JSON.parse(Buffer.from(operation.data).toString()) as {
      readonly controller_epoch: number;
      readonly leader: number;
      readonly leader_epoch: number;
      readonly isr: readonly number[];
    };
    const before = this.#states.get(partition);
    const state: WrittenState = {
      ...{ partition, topic, index: Number(index) },
      controllerEpoch: json.controller_epoch,
      leader: json.leader < 0 ? undefined : json.leader,
      leaderEpoch: json.leader_epoch,
      isr: json.isr,
      writtenAtMs: this.#source.schedule.nowMs,
    };
    this.#states.set(partition, state);
    for (const { written } of this.#listeners) written(state, before);
  }

  #topicWritten(topic: string, operation: Operation): void {
    if (operation.type === "remove") this.#topicIds.delete(topic);
    if (!("data" in operation)) return;
    const { topic_id: id } = JSON.parse(Buffer.from(operation.data).toString()) as {
      readonly topic_id?: string;
    };
    if (id !== undefined) this.#topicIds.set(topic, id);
  }
}
