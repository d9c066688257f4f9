import type { BrokerId, Clock, Logger, TopicId, TopicPartition } from "@zoolog/base";
import type { LogConfig } from "@zoolog/log";
import type { Authority } from "../leader/authority.ts";
import type { LiveBrokers } from "../leader/isr-rules.ts";
import type { PartitionEvent } from "../partition-event.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { Purgatory } from "../purgatory.ts";

/** Settings of the topic that the partition and its log obey. */
export type PartitionConfig = {
  readonly minInsyncReplicas: number;
  /** `max.message.bytes`: the largest batch, as it travels. */
  readonly messageBytesMax: number;
  /** `message.timestamp.type=LogAppendTime`: records get the time of their append. */
  readonly stampOnAppend: boolean;
  /**
   * `message.timestamp.before.max.ms`, `.after.max.ms`: how far the times that producers give may lie
   * behind and ahead of the broker's (KIP-937). Absent: no limit. Not asked for with `stampOnAppend`.
   */
  readonly timestampBeforeMaxMs?: number | undefined;
  readonly timestampAfterMaxMs?: number | undefined;
  readonly log: LogConfig;
};

export type PartitionOptions = {
  readonly topicPartition: TopicPartition;
  readonly topicId: TopicId;
  readonly brokerId: BrokerId;
  readonly config: PartitionConfig;
  /** `replica.lag.time.max.ms`: who was not caught up for longer is not in sync. */
  readonly lagTimeMaxMs: number;
};

export type PartitionDependencies = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly openLog: () => Promise<PartitionLog>;
  /** An empty log in place of the one that failed, which is put aside. */
  readonly startLogOver: () => Promise<PartitionLog>;
  /** Where `acks=all` appends wait for the high watermark. */
  readonly commits: Purgatory;
  readonly emit: (event: PartitionEvent) => void;
  /** Asked before each acknowledgement. */
  readonly authority: () => Authority;
  /** The brokers of the cluster image. */
  readonly brokers: () => LiveBrokers;
  readonly trace?: ProduceTrace | undefined;
};

/** Names each hop of a produce as it happens (ARCHITECTURE.md, "The produce walk"). */
export type ProduceTrace = (hop: string, fields: Readonly<Record<string, unknown>>) => void;
