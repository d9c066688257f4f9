import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { encodeRecordBatch } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import type { Authority } from "../leader/authority.ts";
import type { LiveBroker } from "../leader/isr-rules.ts";
import type { PartitionEvent } from "../partition-event.ts";
import { Purgatory } from "../purgatory.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { Partition } from "./partition.ts";
import type { PartitionConfig } from "./partition-options.ts";

export const ME = brokerId(1);
export const OTHER = brokerId(2);
export const LAG_MS = 30_000;

export const config = (given: Partial<PartitionConfig> = {}): PartitionConfig => ({
  minInsyncReplicas: 1,
  messageBytesMax: 1_000,
  stampOnAppend: false,
  log: DEFAULT_LOG_CONFIG,
  ...given,
});

export type AssignmentGiven = {
  leader?: number | undefined;
  epoch?: number;
  partitionEpoch?: number;
  replicas?: number[];
  isr?: number[];
};

export function assignment(given: AssignmentGiven = {}): ReplicaAssignment {
  const replicas = (given.replicas ?? [1]).map(brokerId);
  const leader = "leader" in given ? given.leader : 1;
  return {
    leader: leader === undefined ? undefined : brokerId(leader),
    leaderEpoch: leaderEpoch(given.epoch ?? 0),
    partitionEpoch: partitionEpoch(given.partitionEpoch ?? given.epoch ?? 0),
    replicas,
    isr: (given.isr ?? given.replicas ?? [1]).map(brokerId),
  };
}

export async function setUp(given: { config?: Partial<PartitionConfig>; openError?: Error } = {}) {
  const time = new ManualTime();
  const log = new MemoryPartitionLog();
  const commits = new Purgatory({ operationsMax: 10 }, time);
  const events: PartitionEvent[] = [];
  const startedOver: string[] = [];
  const held: { authority: Authority } = { authority: "lease" };
  const brokers = new Map<BrokerId, LiveBroker>();
  const partition = await Partition.open(
    {
      topicPartition: { topic: "t", partition: 0 },
      topicId: "A".repeat(22) as TopicId,
      brokerId: ME,
      config: config(given.config),
      lagTimeMaxMs: LAG_MS,
    },
    {
      openLog: async () => {
        if (given.openError !== undefined) throw given.openError;
        return log;
      },
      startLogOver: async () => {
        startedOver.push("t-0");
        return log;
      },
      clock: time.clock,
      logger: silentLogger,
      commits,
      emit: (event) => {
        events.push(event);
        commits.check("t-0");
      },
      authority: () => held.authority,
      brokers: () => brokers,
    },
  );
  return { time, log, commits, events, held, brokers, startedOver, partition };
}

export const batchOf = (...values: string[]): Buffer =>
  encodeRecordBatch(values.map((value) => ({ timestamp: 1_000, value })));

export const all = { requiredAcks: "all", deadline: 1_000 } as const;
export const leader = { requiredAcks: "leader", deadline: 1_000 } as const;

/** A follower's fetch that the leader has checked. */
export function fetches(
  partition: Partition,
  follower: number,
  fetchOffset: number,
  logStartOffset = 0,
): void {
  const { state } = partition;
  if (state.role !== "leader") throw new Error("nobody leads");
  state.followerFetched(
    { brokerId: brokerId(follower), brokerEpoch: brokerEpoch(0) },
    { fetchOffset: offset(fetchOffset), logStartOffset: offset(logStartOffset) },
  );
}

export const advances = (events: readonly PartitionEvent[]): number[] =>
  events.flatMap((event) => (event.type === "highWatermarkAdvanced" ? [event.to] : []));
