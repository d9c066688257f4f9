import { type LeaderEpoch, offset, type Timestamp, timestamp } from "@zoolog/base";
import type { AppendInfo } from "@zoolog/log";
import { type ProducedBatchRules, type RecordBatch, validateProducedBatch } from "@zoolog/protocol";
import { withheld } from "../leader/authority.ts";
import type { Leadership } from "../leader/leadership.ts";
import {
  type AppendOptions,
  type AppendOutcome,
  awaitCommit,
  type PendingAppend,
  type RequiredAcks,
  refused,
} from "../pending-append.ts";
import { replicaError } from "../replica-error.ts";
import type { PartitionConfig, PartitionDependencies } from "./partition-options.ts";
import type { PartitionRole } from "./partition-role.ts";

export type LeaderAppendsDependencies = Pick<
  PartitionDependencies,
  "clock" | "commits" | "emit" | "authority" | "trace"
> & {
  readonly role: PartitionRole;
  readonly config: () => PartitionConfig;
};

/** Nobody could end one: readers would take the batch for committed. */
const NO_TRANSACTION = replicaError("INVALID_TXN_STATE", "transactions are not served here");

/** What a producer sends, through the fences into the log, until it may be acknowledged. */
export class LeaderAppends {
  readonly #key: string;
  readonly #dependencies: LeaderAppendsDependencies;

  constructor(options: { readonly key: string }, dependencies: LeaderAppendsDependencies) {
    this.#key = options.key;
    this.#dependencies = dependencies;
  }

  /** See `Partition.appendAsLeader`. */
  append(bytes: Buffer, options: AppendOptions): PendingAppend {
    const { role, clock, commits, trace } = this.#dependencies;
    const leader = role.leaderAt(options.leaderEpoch);
    if ("error" in leader) return refused(leader);
    const tooFew = options.requiredAcks === "all" ? leader.missingReplicas() : undefined;
    if (tooFew !== undefined) return refused(replicaError("NOT_ENOUGH_REPLICAS", tooFew));
    const config = this.#dependencies.config();
    const checked = validateProducedBatch(bytes, {
      ...timestampBounds(config, clock.now()),
      batchBytesMax: config.messageBytesMax,
      walk: "all",
      inflation: options.inflation,
    });
    if (checked.error !== undefined) return refused(checked);
    if (checked.batch.isTransactional) return refused(NO_TRANSACTION);
    if (config.stampOnAppend) checked.batch.stampLogAppendTime(clock.now());
    trace?.("append accepted", { topicPartition: this.#key });
    const appended = this.#append(leader, checked.batch, options.requiredAcks);
    if (options.requiredAcks !== "all") return { appended, committed: appended };
    const verdict = (info: AppendInfo) => this.#commitVerdict(info, leader.leaderEpoch);
    const wait = { appended, verdict, key: this.#key, deadline: options.deadline };
    return { appended, committed: awaitCommit(wait, commits) };
  }

  async #append(
    leader: Leadership,
    batch: RecordBatch,
    requiredAcks: RequiredAcks,
  ): Promise<AppendOutcome> {
    const { role, emit, authority, trace } = this.#dependencies;
    const { sizeInBytes, recordCount } = batch;
    let info: AppendInfo;
    try {
      info = await leader.log.append([batch], { leaderEpoch: leader.leaderEpoch });
    } catch (error) {
      return role.logFailed(error);
    }
    trace?.("batch appended", { topicPartition: this.#key, ...info });
    const state = role.stillLeading(leader.leaderEpoch);
    if ("error" in state) return state;
    // A duplicate was counted when it came first; with acks=all it waits for the same commit.
    if (info.duplicate !== true) {
      emit({ type: "batchAppended", recordCount, sizeInBytes });
      state.appended(offset(info.lastOffset + 1), sizeInBytes);
    }
    const { length: replicas } = state.replicas;
    if (requiredAcks === "all") return info;
    return withheld(authority(), { requiredAcks, replicas }) ?? info;
  }

  /** What became of an append, or nothing as long as that is open. */
  #commitVerdict(info: AppendInfo, leaderEpoch: LeaderEpoch): AppendOutcome | undefined {
    const { role, authority } = this.#dependencies;
    const state = role.stillLeading(leaderEpoch);
    if ("error" in state) return state;
    if (state.log.highWatermark > info.lastOffset) {
      const { length: replicas } = state.replicas;
      return withheld(authority(), { requiredAcks: "all", replicas }) ?? info;
    }
    const tooFew = state.missingReplicas();
    if (tooFew === undefined) return undefined;
    return replicaError("NOT_ENOUGH_REPLICAS_AFTER_APPEND", tooFew);
  }
}

type TimestampBounds = Pick<ProducedBatchRules, "earliestTimestamp" | "latestTimestamp">;

/** Which times a producer may give. None is kept of those that the broker replaces. */
function timestampBounds(config: PartitionConfig, now: Timestamp): TimestampBounds {
  const { stampOnAppend, timestampBeforeMaxMs, timestampAfterMaxMs } = config;
  const isBounded = timestampBeforeMaxMs !== undefined || timestampAfterMaxMs !== undefined;
  if (stampOnAppend || !isBounded) return {};
  // Sums beyond what a timestamp can be are no bounds.
  const earliest = now - (timestampBeforeMaxMs ?? now);
  const latest = now + (timestampAfterMaxMs ?? Number.MAX_SAFE_INTEGER);
  return {
    ...(earliest > 0 && { earliestTimestamp: timestamp(earliest) }),
    ...(Number.isSafeInteger(latest) && { latestTimestamp: timestamp(latest) }),
  };
}
