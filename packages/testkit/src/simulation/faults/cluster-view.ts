import type { Operation } from "@zoolog/zookeeper";
import type { World } from "../world/world.ts";

export type SeenPartition = {
  readonly topic: string;
  readonly partition: number;
  /** `undefined`: nobody leads. */
  readonly leader: number | undefined;
  readonly isr: readonly number[];
  /** Of each of the ISR: the registration under which it is known to be in sync. */
  readonly isrBrokerEpochs: readonly number[];
};

const STATE = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/;
const SLOT = /^\/coordinators\/(\d+)$/;
const TOPIC_CONFIG = /^\/config\/topics\/([^/]+)$/;

/** The cluster as ZooKeeper's transactions tell it, whoever may be reachable. */
export class ClusterView {
  /** By `<topic>-<partition>`, as their folders are called. */
  readonly partitions = new Map<string, SeenPartition>();
  readonly #replicationFactors = new Map<string, number>();
  readonly #coordinators = new Map<string, number>();
  readonly #lazyTopics = new Set<string>();
  #controller: number | undefined;

  constructor(world: World) {
    world.writeListeners.push((operations) => {
      for (const operation of operations) this.#written(operation);
    });
  }

  get controller(): number | undefined {
    return this.#controller;
  }

  leads(brokerId: number): boolean {
    return [...this.partitions.values()].some(({ leader }) => leader === brokerId);
  }

  follows(brokerId: number): boolean {
    return [...this.partitions.values()].some(
      ({ leader, isr }) => leader !== brokerId && isr.includes(brokerId),
    );
  }

  coordinates(brokerId: number): boolean {
    return [...this.#coordinators.values()].includes(brokerId);
  }

  get hasShrunkenIsr(): boolean {
    return [...this.partitions.values()].some(
      ({ topic, isr }) => isr.length < (this.#replicationFactors.get(topic) ?? 0),
    );
  }

  get isLeaderless(): boolean {
    return [...this.partitions.values()].some(({ leader }) => leader === undefined);
  }

  /** Some topic acknowledges what is not on a disk yet, whatever the brokers' setting is. */
  get hasLazyTopic(): boolean {
    return this.#lazyTopics.size > 0;
  }

  #written(operation: Operation): void {
    const { path } = operation;
    const data = "data" in operation ? Buffer.from(operation.data).toString() : undefined;
    const [, topic, partition] = STATE.exec(path) ?? [];
    if (topic !== undefined) this.#stateWritten({ topic, partition: Number(partition) }, operation);
    else if (path === "/controller") this.#controllerWritten(operation.type, data);
    else if (SLOT.test(path) && data !== undefined) {
      this.#coordinators.set(path, (JSON.parse(data) as { readonly broker: number }).broker);
    } else if (TOPIC_CONFIG.test(path)) this.#configWritten(path, data);
    else if (data !== undefined && path.startsWith(TOPICS)) this.#topicWritten(path, data);
  }

  #stateWritten(
    of: { readonly topic: string; readonly partition: number },
    operation: Operation,
  ): void {
    const key = `${of.topic}-${of.partition}`;
    if (operation.type === "remove") this.partitions.delete(key);
    if (!("data" in operation)) return;
    const state = JSON.parse(Buffer.from(operation.data).toString()) as {
      readonly leader: number;
      readonly isr: readonly number[];
      readonly isr_broker_epochs?: readonly number[];
    };
    this.partitions.set(key, {
      ...of,
      leader: state.leader < 0 ? undefined : state.leader,
      isr: state.isr,
      isrBrokerEpochs: state.isr_broker_epochs ?? [],
    });
  }

  #controllerWritten(type: Operation["type"], data: string | undefined): void {
    if (type === "remove") this.#controller = undefined;
    if (data === undefined) return;
    this.#controller = (JSON.parse(data) as { readonly brokerid: number }).brokerid;
  }

  #configWritten(path: string, data: string | undefined): void {
    this.#lazyTopics.delete(path);
    if (data === undefined) return;
    const { config } = JSON.parse(data) as { readonly config?: Readonly<Record<string, string>> };
    if (config?.["flush"] === "os") this.#lazyTopics.add(path);
  }

  #topicWritten(path: string, data: string): void {
    const topic = path.slice(TOPICS.length);
    if (topic.includes("/")) return;
    const { partitions } = JSON.parse(data) as {
      readonly partitions?: Readonly<Record<string, readonly number[]>>;
    };
    const [replicas] = Object.values(partitions ?? {});
    if (replicas !== undefined) this.#replicationFactors.set(topic, replicas.length);
  }
}

const TOPICS = "/brokers/topics/";
