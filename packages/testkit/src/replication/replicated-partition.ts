import {
  assert,
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  leaderEpoch,
  type Offset,
  partitionEpoch,
  type Random,
  silentLogger,
  sleep,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { encodeRecordBatch, type ReplicateRequest, type ReplicateResponse } from "@zoolog/protocol";
import {
  type IsrChangeAnswer,
  type IsrChangeRequest,
  type ReplicaAssignment,
  type ReplicaCaller,
  ReplicaManager,
} from "@zoolog/replication";
import type { ManualTime } from "../manual-time.ts";
import { MemoryPartitionLog } from "./memory-partition-log.ts";

/** Chances of what happens to one message, each from 0 to 1. */
export type NetworkFaults = {
  readonly lostRequest: number;
  readonly lostAnswer: number;
  /** A second copy comes up to `delayMsMax` after the first. */
  readonly duplicate: number;
  readonly delayMsMax: number;
};

const NO_FAULTS: NetworkFaults = { lostRequest: 0, lostAnswer: 0, duplicate: 0, delayMsMax: 0 };

export type ReplicatedPartitionOptions = {
  readonly brokers: readonly number[];
  readonly minInsyncReplicas: number;
  readonly lagTimeMaxMs?: number;
  readonly partitionMaxBytes?: number;
  /** By broker. */
  readonly racks?: Readonly<Record<number, string>>;
};

type Node = {
  readonly id: BrokerId;
  readonly log: MemoryPartitionLog;
  epoch: BrokerEpoch;
  /** `undefined` while it is down. */
  manager: ReplicaManager | undefined;
  /** It hears nothing of the controller. */
  isDeaf: boolean;
};

export type AcknowledgedRecord = {
  readonly value: string;
  readonly offset: Offset;
  /** Of the batch as it was produced. */
  readonly checksum: number;
};

const TOPIC = "t";
const TOPIC_ID = "A".repeat(22) as TopicId;
const LOST_AFTER_MS = 50;

/**
 * One partition on several brokers, wired in memory: real replica managers, a controller that knows
 * the rules of clean elections and nothing else, and a network that may do what networks do. A crash
 * loses what a process has in memory; its log stays, as the page cache does.
 */
export class ReplicatedPartition {
  readonly acknowledged: AcknowledgedRecord[] = [];
  faults: NetworkFaults = NO_FAULTS;
  readonly #options: ReplicatedPartitionOptions;
  readonly #time: ManualTime;
  readonly #random: Random;
  readonly #nodes = new Map<BrokerId, Node>();
  readonly #cut = new Set<string>();
  #assignment: ReplicaAssignment;
  #lastBrokerEpoch = 0;

  constructor(
    options: ReplicatedPartitionOptions,
    dependencies: { readonly time: ManualTime; readonly random: Random },
  ) {
    this.#options = options;
    this.#time = dependencies.time;
    this.#random = dependencies.random;
    const replicas = options.brokers.map(brokerId);
    this.#assignment = {
      leader: replicas[0],
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: partitionEpoch(0),
      replicas,
      isr: replicas,
    };
    for (const id of replicas) {
      const log = new MemoryPartitionLog();
      this.#nodes.set(id, {
        id,
        log,
        epoch: brokerEpoch(0),
        manager: undefined,
        isDeaf: false,
      });
    }
  }

  /** What the controller has decided; brokers may not know it yet. */
  get assignment(): ReplicaAssignment {
    return this.#assignment;
  }

  /** Starts what is down and tells everybody everything. */
  async startAll(): Promise<void> {
    this.faults = NO_FAULTS;
    this.#cut.clear();
    for (const node of this.#nodes.values()) {
      node.isDeaf = false;
      if (node.manager === undefined) this.#start(node);
    }
    if (this.#assignment.leader === undefined) this.#electFrom(this.#assignment.isr);
    await this.tellAll();
  }

  log(broker: number): MemoryPartitionLog {
    return this.#node(broker).log;
  }

  manager(broker: number): ReplicaManager | undefined {
    return this.#node(broker).manager;
  }

  state(broker: number) {
    return this.manager(broker)?.partitions.get(`${TOPIC}-0`)?.state;
  }

  isUp(broker: number): boolean {
    return this.manager(broker) !== undefined;
  }

  /** Produces one record with acks=all; what is acknowledged is remembered. */
  async produce(broker: number, value: string, timeoutMs = 500): Promise<string> {
    const manager = this.manager(broker);
    if (manager === undefined) return "down";
    const records = encodeRecordBatch([{ timestamp: 0, value }]);
    const checksum = records.readUInt32BE(17);
    const [outcome] = await manager.produce({
      requiredAcks: "all",
      timeoutMs,
      batches: [{ topic: TOPIC, partition: 0, records }],
    });
    assert(outcome !== undefined, "every batch has an outcome");
    if (outcome.error !== undefined) return outcome.error;
    this.acknowledged.push({ value, offset: outcome.baseOffset, checksum });
    return "acknowledged";
  }

  /** A clean election: of a live member of the ISR; false when the broker is none. */
  elect(broker: number): boolean {
    const id = brokerId(broker);
    if (!this.isUp(broker) || !this.#assignment.isr.includes(id)) return false;
    this.#assign({ leader: id, leaderEpoch: leaderEpoch(this.#assignment.leaderEpoch + 1) });
    return true;
  }

  /** An operator accepts the loss of records: whoever it is leads, alone in sync. */
  electUnclean(broker: number): void {
    const id = brokerId(broker);
    const next = leaderEpoch(this.#assignment.leaderEpoch + 1);
    this.#assign({ leader: id, leaderEpoch: next, isr: [id] });
  }

  /** The process dies; the controller sees it at once. */
  crash(broker: number): void {
    const node = this.#node(broker);
    node.manager?.close();
    node.manager = undefined;
    const others = this.#assignment.isr.filter((id) => id !== node.id);
    const isr = others.length === 0 ? this.#assignment.isr : others;
    if (this.#assignment.leader === node.id) this.#electFrom(isr);
    else if (isr.length < this.#assignment.isr.length) this.#assign({ isr });
  }

  restart(broker: number): void {
    const node = this.#node(broker);
    if (node.manager !== undefined) return;
    this.#start(node);
    if (this.#assignment.leader === undefined) this.#electFrom(this.#assignment.isr);
  }

  /** Whether the broker hears of the controller's decisions. */
  setDeaf(broker: number, isDeaf: boolean): void {
    this.#node(broker).isDeaf = isDeaf;
  }

  /** No message passes between the two, in neither direction. */
  cut(a: number, b: number): void {
    this.#cut.add(`${a} ${b}`).add(`${b} ${a}`);
  }

  heal(): void {
    this.#cut.clear();
  }

  async tellAll(): Promise<void> {
    for (const id of this.#nodes.keys()) await this.tell(id);
  }

  /** Brings the image to a broker that hears. */
  async tell(broker: number): Promise<void> {
    const { manager, isDeaf } = this.#node(broker);
    if (manager === undefined || isDeaf) return;
    const live = [...this.#nodes.values()].filter((node) => node.manager !== undefined);
    const { racks } = this.#options;
    manager.brokers(
      new Map(
        live.map(({ id, epoch }) => {
          return [id, { brokerEpoch: epoch, shuttingDown: false, rack: racks?.[id] }];
        }),
      ),
    );
    await manager.host({
      topic: TOPIC,
      partition: 0,
      topicId: TOPIC_ID,
      assignment: this.#assignment,
      config: {
        minInsyncReplicas: this.#options.minInsyncReplicas,
        messageBytesMax: 1_000,
        stampOnAppend: false,
        log: DEFAULT_LOG_CONFIG,
      },
    });
  }

  close(): void {
    for (const { manager } of this.#nodes.values()) manager?.close();
  }

  #start(node: Node): void {
    this.#lastBrokerEpoch += 1;
    node.epoch = brokerEpoch(this.#lastBrokerEpoch);
    const { lagTimeMaxMs = 1_000, partitionMaxBytes = 1_000 } = this.#options;
    const { epoch, id } = node;
    const manager: ReplicaManager = new ReplicaManager(
      {
        brokerId: id,
        parkedMax: 1_000,
        fetchBytesMax: 1_000_000,
        selectsByRack: true,
        lagTimeMaxMs,
        fetcher: { partitionMaxBytes, responseMaxBytes: 10_000, maxWaitMs: 100, minBytes: 1 },
      },
      {
        logs: {
          getOrCreate: async () => node.log,
          startOver: () => Promise.reject(new Error("no log fails here")),
        },
        clock: this.#time.clock,
        scheduler: this.#time.scheduler,
        logger: silentLogger,
        authority: () => "lease",
        isrChanges: { request: (change) => void this.#carry(id, epoch, change, manager) },
        peers: {
          replicate: (leader, request) =>
            this.#replicate(leader, request, { brokerId: id, brokerEpoch: epoch }),
        },
        whereIs: () => ({ error: "UNKNOWN_TOPIC_OR_PARTITION", message: "not here" }),
        onReplicaFailed: (_, error) => {
          throw error;
        },
      },
    );
    node.manager = manager;
  }

  async #replicate(
    leader: BrokerId,
    request: ReplicateRequest,
    caller: ReplicaCaller,
  ): Promise<ReplicateResponse> {
    const { lostRequest, lostAnswer, duplicate } = this.faults;
    await this.#delay();
    if (this.#random.next() < lostRequest) return await this.#lost();
    if (this.#random.next() < duplicate) {
      void this.#delay()
        .then(() => this.#ask(leader, request, caller))
        .catch(() => {});
    }
    const response = await this.#ask(leader, request, caller);
    await this.#delay();
    if (this.#random.next() < lostAnswer) return await this.#lost();
    this.#assertReachable(leader, caller.brokerId);
    return response;
  }

  async #ask(
    leader: BrokerId,
    request: ReplicateRequest,
    caller: ReplicaCaller,
  ): Promise<ReplicateResponse> {
    const { manager } = this.#assertReachable(leader, caller.brokerId);
    assert(manager !== undefined, "who is reached is up");
    const answer = await manager.replicate(request, caller);
    const topics = answer.topics.map(({ topicId, partitions }) => ({
      topicId,
      // As on a wire: copies, and none of a log's own buffers.
      partitions: partitions.map((partition) =>
        "error" in partition
          ? partition
          : { ...partition, records: Buffer.concat(partition.records) },
      ),
    }));
    return { ...answer, topics };
  }

  /** Carries a wish to the controller, whose answers may get lost, too. */
  async #carry(
    from: BrokerId,
    epoch: BrokerEpoch,
    change: IsrChangeRequest,
    manager: ReplicaManager,
  ): Promise<void> {
    const { lostRequest, lostAnswer, duplicate } = this.faults;
    await this.#delay();
    const isDeaf = this.#node(from).isDeaf;
    if (isDeaf || this.#random.next() < lostRequest) {
      manager.isrChangeAnswered(change, { error: "REQUEST_TIMED_OUT" });
      return;
    }
    const answer = this.#alter(from, epoch, change);
    if (this.#random.next() < duplicate) {
      await this.#delay();
      this.#alter(from, epoch, change);
    }
    await this.#delay();
    const isLost = this.#random.next() < lostAnswer;
    manager.isrChangeAnswered(change, isLost ? { error: "REQUEST_TIMED_OUT" } : answer);
  }

  /** The controller's rules, as far as one partition needs them. */
  #alter(from: BrokerId, epoch: BrokerEpoch, change: IsrChangeRequest): IsrChangeAnswer {
    const assignment = this.#assignment;
    if (this.#node(from).epoch !== epoch) return { error: "STALE_BROKER_EPOCH" };
    if (change.leaderEpoch !== assignment.leaderEpoch) return { error: "FENCED_LEADER_EPOCH" };
    if (assignment.leader !== from) return { error: "INVALID_REQUEST" };
    if (change.partitionEpoch !== assignment.partitionEpoch) {
      return { error: "INVALID_UPDATE_VERSION" };
    }
    for (const member of change.isr) {
      if (assignment.isr.includes(member.brokerId)) continue;
      const node = this.#node(member.brokerId);
      if (node.manager === undefined || node.epoch !== member.brokerEpoch) {
        return { error: "INELIGIBLE_REPLICA" };
      }
    }
    this.#assign({ isr: change.isr.map((member) => member.brokerId) });
    const { leaderEpoch: current, partitionEpoch: version, isr } = this.#assignment;
    return { leaderEpoch: current, partitionEpoch: version, isr };
  }

  #electFrom(isr: readonly BrokerId[]): void {
    const leader = isr.find((id) => this.isUp(id));
    this.#assign({ leader, leaderEpoch: leaderEpoch(this.#assignment.leaderEpoch + 1), isr });
  }

  #assign(change: Partial<ReplicaAssignment>): void {
    const next = partitionEpoch(this.#assignment.partitionEpoch + 1);
    this.#assignment = { ...this.#assignment, ...change, partitionEpoch: next };
  }

  async #delay(): Promise<void> {
    const ms = Math.floor(this.#random.next() * this.faults.delayMsMax);
    if (ms > 0) await sleep(this.#time.scheduler, ms);
  }

  async #lost(): Promise<never> {
    await sleep(this.#time.scheduler, LOST_AFTER_MS);
    throw new ZoologError({ code: "REQUEST_TIMED_OUT", message: "lost", retriable: true });
  }

  #assertReachable(to: BrokerId, from: BrokerId): Node {
    const node = this.#node(to);
    if (node.manager === undefined || this.#cut.has(`${from} ${to}`)) {
      throw new ZoologError({ code: "CONNECTION_REFUSED", message: "cut off", retriable: true });
    }
    return node;
  }

  #node(id: number): Node {
    const node = this.#nodes.get(brokerId(id));
    assert(node !== undefined, () => `there is no broker ${id}`);
    return node;
  }
}
