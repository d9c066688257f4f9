import {
  type BrokerId,
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
  timestamp,
  ZoologError,
} from "@zoolog/base";
import { DEFAULT_LOG_CONFIG } from "@zoolog/log";
import { crc32c, encodeRecordBatch } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import type { Authority } from "../leader/authority.ts";
import type { LiveBroker } from "../leader/isr-rules.ts";
import type { PartitionEvent } from "../partition-event.ts";
import { Purgatory } from "../purgatory.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import { Partition } from "./partition.ts";
import type { PartitionConfig } from "./partition-options.ts";

const ME = brokerId(1);
const OTHER = brokerId(2);
const LAG_MS = 30_000;

const config = (given: Partial<PartitionConfig> = {}): PartitionConfig => ({
  minInsyncReplicas: 1,
  messageBytesMax: 1_000,
  stampOnAppend: false,
  log: DEFAULT_LOG_CONFIG,
  ...given,
});

type AssignmentGiven = {
  leader?: number | undefined;
  epoch?: number;
  partitionEpoch?: number;
  replicas?: number[];
  isr?: number[];
};

function assignment(given: AssignmentGiven = {}): ReplicaAssignment {
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

async function setUp(given: { config?: Partial<PartitionConfig>; openError?: Error } = {}) {
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

const batchOf = (...values: string[]): Buffer =>
  encodeRecordBatch(values.map((value) => ({ timestamp: 1_000, value })));

const all = { requiredAcks: "all", deadline: 1_000 } as const;
const leader = { requiredAcks: "leader", deadline: 1_000 } as const;

/** A follower's fetch that the leader has checked. */
function fetches(
  partition: Partition,
  follower: number,
  fetchOffset: number,
  logStartOffset = 0,
): void {
  const { state } = partition;
  if (state.role !== "leader") throw new Error("nobody leads");
  const fetch = {
    fetchOffset: offset(fetchOffset),
    logStartOffset: offset(logStartOffset),
    brokerEpoch: undefined,
  };
  state.followerFetched(brokerId(follower), fetch);
}

const advances = (events: readonly PartitionEvent[]): number[] =>
  events.flatMap((event) => (event.type === "highWatermarkAdvanced" ? [event.to] : []));

describe("appending", () => {
  test("the only replica commits what it appends, without parking anything", async () => {
    const { partition, log, commits, events } = await setUp();
    await partition.assign(assignment({ epoch: 3 }));

    const { appended, committed } = partition.appendAsLeader(batchOf("a", "b"), all);

    expect(await appended).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    expect(await committed).toMatchObject({ baseOffset: 0, lastOffset: 1 });
    expect(log.highWatermark).toBe(2);
    expect(advances(events)).toEqual([2]);
    expect(commits.size).toBe(0);
    expect(log.batches[0]).toMatchObject({ baseOffset: 0, partitionLeaderEpoch: 3 });
  });

  test("a compressed batch that no reader could inflate takes no offset", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    const records = encodeRecordBatch([{ timestamp: 0, value: "a" }], { compression: "gzip" });
    records.fill(0, 70);
    records.writeUInt32BE(crc32c(records.subarray(21)), 17);

    const { committed } = partition.appendAsLeader(records, all);

    expect(await committed).toMatchObject({ error: "INVALID_RECORD" });
    expect(log.logEndOffset).toBe(0);
  });

  test("nothing is acknowledged or shown before the log has answered", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    const letGo = log.holdBack();

    const settled: string[] = [];
    const { appended, committed } = partition.appendAsLeader(batchOf("a"), all);
    const both = [
      appended.then(() => settled.push("appended")),
      committed.then(() => settled.push("committed")),
    ];
    await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));

    expect(settled).toEqual([]);
    expect(log.highWatermark).toBe(0);
    letGo();
    await Promise.all(both);
    expect(log.highWatermark).toBe(1);
  });

  test("with other replicas in sync, acks=all waits for them and times out by name", async () => {
    const { partition, time, commits } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));

    const { appended, committed } = partition.appendAsLeader(batchOf("a"), all);
    expect(await appended).toMatchObject({ lastOffset: 0 });
    await new Promise((resolve) => setImmediate(resolve));
    expect(commits.size).toBe(1);
    time.advance(1_000);

    expect(await committed).toMatchObject({ error: "REQUEST_TIMED_OUT" });
  });

  test("a smaller ISR commits what waited for the one who left", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const { committed, appended } = partition.appendAsLeader(batchOf("a"), all);
    await appended;

    await partition.assign(assignment({ replicas: [1, 2], isr: [1], partitionEpoch: 1 }));

    expect(await committed).toMatchObject({ lastOffset: 0 });
  });

  test("acks=all is refused before the append when too few replicas are in sync", async () => {
    const { partition, log } = await setUp({ config: { minInsyncReplicas: 2 } });
    await partition.assign(assignment({ replicas: [1, 2, 3], isr: [1] }));

    const { committed } = partition.appendAsLeader(batchOf("a"), all);

    expect(await committed).toMatchObject({ error: "NOT_ENOUGH_REPLICAS" });
    expect(log.batches).toEqual([]);
    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      lastOffset: 0,
    });
    expect(log.highWatermark).toBe(0);
  });

  test("an ISR that falls below the minimum after the append is told by its own name", async () => {
    const { partition, log } = await setUp({ config: { minInsyncReplicas: 2 } });
    await partition.assign(assignment({ replicas: [1, 2], isr: [1, 2] }));
    const { committed, appended } = partition.appendAsLeader(batchOf("a"), all);
    await appended;

    await partition.assign(assignment({ replicas: [1, 2], isr: [1], partitionEpoch: 1 }));

    expect(await committed).toMatchObject({ error: "NOT_ENOUGH_REPLICAS_AFTER_APPEND" });
    expect(log.highWatermark).toBe(0);
  });

  test.each([
    [4, "FENCED_LEADER_EPOCH"],
    [6, "UNKNOWN_LEADER_EPOCH"],
  ])("a producer that believes in epoch %i while it is 5 gets %s", async (epoch, error) => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ epoch: 5 }));

    const { appended } = partition.appendAsLeader(batchOf("a"), {
      ...leader,
      leaderEpoch: leaderEpoch(epoch),
    });

    expect(await appended).toMatchObject({ error });
    expect(log.batches).toEqual([]);
  });

  test("epoch 0 is an epoch: it is checked like any other", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 1 }));

    const { appended } = partition.appendAsLeader(batchOf("a"), {
      ...leader,
      leaderEpoch: leaderEpoch(0),
    });

    expect(await appended).toMatchObject({ error: "FENCED_LEADER_EPOCH" });
  });

  test("a damaged batch and one over max.message.bytes never reach the log", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    const damaged = batchOf("abc");
    damaged[damaged.length - 2]! ^= 1;

    const answers = await Promise.all([
      partition.appendAsLeader(damaged, leader).appended,
      partition.appendAsLeader(batchOf("x".repeat(1_000)), leader).appended,
    ]);

    expect(answers).toMatchObject([{ error: "CORRUPT_MESSAGE" }, { error: "MESSAGE_TOO_LARGE" }]);
    expect(log.batches).toEqual([]);
  });

  test("records that do not add up are refused though the checksum over them is right", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    const bytes = batchOf("a");
    const [crcAt, attributesAt, recordsAt] = [17, 21, 61];
    bytes[recordsAt] = 0x7e;
    bytes.writeUInt32BE(crc32c(bytes.subarray(attributesAt)), crcAt);

    const answer = await partition.appendAsLeader(bytes, leader).appended;

    expect(answer).toMatchObject({
      error: expect.stringMatching(/CORRUPT_MESSAGE|INVALID_RECORD/),
    });
    expect(log.batches).toEqual([]);
  });

  test("a topic that stamps records on append gives them the broker's time, checksum included", async () => {
    const { partition, log, time } = await setUp({ config: { stampOnAppend: true } });
    await partition.assign(assignment());

    await partition.appendAsLeader(batchOf("a"), leader).appended;

    const [batch] = log.batches;
    expect(batch?.timestampType).toBe("logAppendTime");
    expect(batch?.maxTimestamp).toBe(time.clock.now());
    expect(batch?.hasValidChecksum()).toBe(true);
  });

  test("past its lease a leader with peers acknowledges nothing that only it has seen", async () => {
    const { partition, held } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    held.authority = "epochsOnly";

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
    });
  });

  test("past its lease the only replica goes on: nobody else can lead", async () => {
    const { partition, held } = await setUp();
    await partition.assign(assignment({ replicas: [1] }));
    held.authority = "epochsOnly";

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      lastOffset: 0,
    });
  });
});

describe("authority", () => {
  test("past its lease acks=all goes on: followers refuse a leader of the past", async () => {
    const { partition, held } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    held.authority = "epochsOnly";

    const { committed } = partition.appendAsLeader(batchOf("a"), all);
    await new Promise((resolve) => setImmediate(resolve));
    fetches(partition, 2, 1);

    expect(await committed).toMatchObject({ lastOffset: 0 });
  });

  test("a process that stood still acknowledges nothing, whoever else has it", async () => {
    const { partition, held } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const { committed } = partition.appendAsLeader(batchOf("a"), all);
    await new Promise((resolve) => setImmediate(resolve));

    held.authority = "none";
    fetches(partition, 2, 1);

    expect(await committed).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });

  test("nor does the only replica", async () => {
    const { partition, held } = await setUp();
    await partition.assign(assignment());
    held.authority = "none";

    expect(await partition.appendAsLeader(batchOf("a"), all).committed).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
    });
  });
});

describe("roles", () => {
  test("before any assignment nothing is served", async () => {
    const { partition } = await setUp();

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
    });
    expect(
      await partition.readForConsumer({ fetchOffset: offset(0), maxBytes: 1, minOneBatch: true }),
    ).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });

  test("the epoch is written down before it is entered, and nothing is appended meanwhile", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ epoch: 0 }));
    const letGo = log.holdBack();

    const elected = partition.assign(assignment({ epoch: 1 }));
    await new Promise((resolve) => setImmediate(resolve));
    const during = partition.appendAsLeader(batchOf("a"), leader).appended;

    expect(await during).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
    expect(partition.state).toMatchObject({ leaderEpoch: 0 });
    letGo();
    await elected;
    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 1 });
    expect(log.epochs.map(({ epoch }) => epoch)).toEqual([1]);
  });

  test("a transition that failed half-way is not taken for done", async () => {
    const { partition, log } = await setUp();
    log.failWith(new ZoologError({ code: "DISK_FULL", message: "full", retriable: true }));
    await expect(partition.assign(assignment({ epoch: 2 }))).rejects.toThrow("full");
    expect(partition.state.role).toBe("unassigned");

    log.failWith(undefined);
    await partition.assign(assignment({ epoch: 2 }));

    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 2 });
  });

  test("an epoch older than the log's is not led under: the error names both, and a later one heals", async () => {
    const { partition, log, events } = await setUp();
    log.epochs.push({ epoch: leaderEpoch(7), startOffset: offset(0) });

    await expect(partition.assign(assignment({ epoch: 3 }))).rejects.toMatchObject({
      code: "LEADER_EPOCH_BEHIND_LOG",
      retriable: true,
      message: expect.stringMatching(
        /leader epoch 3 for t-0.* under 7.*t\/partitions\/0\/state to 8/,
      ),
    });
    expect(partition.state.role).toBe("unassigned");
    expect(events.filter(({ type }) => type === "replicaFailed")).toEqual([]);

    await partition.assign(assignment({ epoch: 8 }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      baseOffset: 0,
    });
  });

  test("stale assignments are ignored, in any role", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 5, partitionEpoch: 9, replicas: [1, 2] }));

    await partition.assign(assignment({ epoch: 4, partitionEpoch: 10, leader: 2 }));
    await partition.assign(assignment({ epoch: 5, partitionEpoch: 8, replicas: [1, 2], isr: [1] }));

    expect(partition.state).toMatchObject({ role: "leader", leaderEpoch: 5, isr: [1, 2] });
  });

  test("a change of the ISR alone begins no epoch", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ epoch: 5, replicas: [1, 2], isr: [1] }));

    await partition.assign(
      assignment({ epoch: 5, partitionEpoch: 6, replicas: [1, 2], isr: [1, 2] }),
    );

    expect(log.epochs).toHaveLength(1);
    expect(partition.state).toMatchObject({ isr: [1, 2], partitionEpoch: 6 });
  });

  test("who stops leading answers what waits and names the new leader", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const { appended, committed } = partition.appendAsLeader(batchOf("a"), all);
    await appended;

    await partition.assign(assignment({ epoch: 1, leader: 2, replicas: [1, 2] }));

    expect(await committed).toMatchObject({
      error: "NOT_LEADER_OR_FOLLOWER",
      currentLeader: { brokerId: OTHER, leaderEpoch: 1 },
    });
  });

  test("an append that was under way when the leadership ended is not acknowledged", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    const letGo = log.holdBack();
    const { appended } = partition.appendAsLeader(batchOf("a"), leader);

    await partition.assign(assignment({ epoch: 1, leader: 2, replicas: [1, 2] }));
    letGo();

    expect(await appended).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  });

  test("a partition without a leader says so", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 1, leader: undefined, replicas: [1, 2] }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "LEADER_NOT_AVAILABLE",
    });
  });

  test("a leader that flushes first shows nothing that a power cut could take back", async () => {
    const { partition, log } = await setUp({
      config: { log: { ...DEFAULT_LOG_CONFIG, flush: "fsync" } },
    });

    await partition.assign(assignment());

    expect(log.calls).toEqual(["epoch 0", "sync"]);
  });
});

describe("a failing log", () => {
  test("a log that cannot be opened makes an offline replica with the reason", async () => {
    const { partition } = await setUp({ openError: new Error("segment is corrupt") });

    await partition.assign(assignment());

    expect(partition.state).toMatchObject({
      role: "offline",
      error: { code: "KAFKA_STORAGE_ERROR", message: "segment is corrupt" },
    });
    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      error: "KAFKA_STORAGE_ERROR",
      message: "segment is corrupt",
    });
  });

  test("a log that cannot be opened now, but may be later, is an error and no offline replica", async () => {
    const openError = new ZoologError({ code: "DISK_FULL", message: "full", retriable: true });

    await expect(setUp({ openError })).rejects.toThrow("full");
  });

  test("a failed append takes the replica offline, once, and fences what comes later", async () => {
    const { partition, log, events } = await setUp();
    await partition.assign(assignment());
    log.failWith(new Error("EIO"));
    const first = partition.appendAsLeader(batchOf("a"), leader).appended;
    const second = partition.appendAsLeader(batchOf("b"), leader).appended;
    expect(await first).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });
    expect(await second).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });

    log.failWith(undefined);

    expect(await partition.appendAsLeader(batchOf("c"), leader).appended).toMatchObject({
      error: "KAFKA_STORAGE_ERROR",
    });
    expect(events.filter(({ type }) => type === "replicaFailed")).toHaveLength(1);
    await partition.assign(assignment({ epoch: 7 }));
    expect(partition.state.role).toBe("offline");
  });

  test.each([
    ["DISK_FULL", "KAFKA_STORAGE_ERROR"],
    ["QUEUE_FULL", "THROTTLING_QUOTA_EXCEEDED"],
    ["RECORD_LIST_TOO_LARGE", "RECORD_LIST_TOO_LARGE"],
  ])("%s refuses the append and leaves the replica online", async (code, error) => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    log.failWith(new ZoologError({ code, message: "not now", retriable: true }));

    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({ error });

    log.failWith(undefined);
    expect(await partition.appendAsLeader(batchOf("a"), leader).appended).toMatchObject({
      lastOffset: 0,
    });
  });

  test("a read that fails takes the replica offline: what cannot be read is not served", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    log.failWith(new Error("EIO"));

    const read = await partition.readForConsumer({
      fetchOffset: offset(0),
      maxBytes: 1_000,
      minOneBatch: true,
    });

    expect(read).toMatchObject({ error: "KAFKA_STORAGE_ERROR" });
    expect(partition.state.role).toBe("offline");
  });
});

describe("a replica whose records are damaged", () => {
  const failedBy = (code: string) =>
    new ZoologError({
      code: "KAFKA_STORAGE_ERROR",
      message: "partition t-0 is offline",
      cause: new ZoologError({ code, message: "what happened" }),
    });
  const followed = { leader: 2, replicas: [1, 2], isr: [2], epoch: 3 };

  test.each(["CORRUPT_MESSAGE", "CORRUPT_FILE", "RECORDS_MISSING", "PARTITION_FOLDER_MISSING"])(
    "by %s begins anew as a follower when it is out of the ISR",
    async (code) => {
      const { partition, startedOver } = await setUp({ openError: failedBy(code) });
      expect(partition.state.role).toBe("offline");

      await partition.assign(assignment(followed));

      expect(startedOver).toEqual(["t-0"]);
      expect(partition.state).toMatchObject({ role: "follower", leader: 2, leaderEpoch: 3 });
    },
  );

  test.each<[string, AssignmentGiven]>([
    ["it is in the ISR: the others may lack what it has", { isr: [1, 2] }],
    ["nobody leads", { leader: undefined }],
    ["it is to lead itself", { leader: 1 }],
  ])("stays offline, untouched, while %s", async (_, given) => {
    const { partition, startedOver } = await setUp({ openError: failedBy("CORRUPT_MESSAGE") });

    await partition.assign(assignment({ ...followed, ...given }));

    expect(startedOver).toEqual([]);
    expect(partition.state.role).toBe("offline");
  });

  test("stays offline when it is the disk that failed", async () => {
    const { partition, startedOver } = await setUp({ openError: failedBy("EIO") });

    await partition.assign(assignment(followed));

    expect(startedOver).toEqual([]);
  });
});

test("what a former epoch still applies does not touch the log of the next", async () => {
  const { partition, log } = await setUp();
  await partition.assign(assignment({ leader: 2, replicas: [1, 2], epoch: 1 }));
  const { state } = partition;
  if (state.role !== "follower") throw new Error("it follows");
  const { position } = state;
  await partition.assign(assignment({ leader: 2, replicas: [1, 2], epoch: 2 }));

  const divergingEpoch = { leaderEpoch: leaderEpoch(0), endOffset: offset(0) };
  const records = Buffer.alloc(0);
  const nothing = { partition: 0, highWatermark: offset(0), logStartOffset: offset(0), records };
  await state.apply(position, { ...nothing, divergingEpoch });

  expect(log.calls).not.toContain("truncate to 0");
});

describe("reading", () => {
  test("consumers see nothing at or above the high watermark", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    await partition.appendAsLeader(batchOf("a"), leader).appended;

    const read = (at: number) =>
      partition.readForConsumer({ fetchOffset: offset(at), maxBytes: 1_000, minOneBatch: true });

    expect(await read(0)).toMatchObject({ batches: [], highWatermark: 0 });
    expect(await read(1)).toMatchObject({ batches: [] });
    expect(await read(2)).toMatchObject({ error: "OFFSET_OUT_OF_RANGE", logStartOffset: 0 });
  });

  test("of a log with a tail that is not committed, consumers get what is before it", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2], isr: [1] }));
    await partition.appendAsLeader(batchOf("committed"), leader).appended;
    await partition.assign(assignment({ replicas: [1, 2], isr: [1, 2], partitionEpoch: 1 }));
    await partition.appendAsLeader(batchOf("not yet"), leader).appended;

    const read = await partition.readForConsumer({
      fetchOffset: offset(0),
      maxBytes: 1_000,
      minOneBatch: true,
    });

    expect(read).toMatchObject({ batches: [expect.any(Buffer)], highWatermark: 1 });
  });

  test("at the tail and without room nothing is read from the log", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    log.calls.length = 0;

    await partition.readForConsumer({ fetchOffset: offset(1), maxBytes: 9, minOneBatch: true });
    await partition.readForConsumer({ fetchOffset: offset(0), maxBytes: 0, minOneBatch: false });

    expect(log.calls).toEqual([]);
  });

  test("offsets are found by place and by time, never above the high watermark", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ epoch: 4 }));
    await partition.appendAsLeader(batchOf("a", "b"), leader).appended;

    expect(await partition.findOffset({ at: "earliest" })).toMatchObject({ offset: 0 });
    expect(await partition.findOffset({ at: "latest" })).toMatchObject({
      offset: 2,
      leaderEpoch: 4,
    });
    expect(await partition.findOffset({ at: "maxTimestamp" })).toMatchObject({ timestamp: 1_000 });
    expect(await partition.findOffset({ at: { timestamp: timestamp(1_000) } })).toMatchObject({
      offset: 0,
    });
    const none = await partition.findOffset({ at: { timestamp: timestamp(1_001) } });
    expect(none).toEqual({ offset: undefined, timestamp: undefined, leaderEpoch: undefined });
  });

  test("a new leader whose high watermark lags does not say where the end is", async () => {
    const { partition } = await setUp();
    await partition.assign(assignment({ replicas: [1, 2] }));
    await partition.appendAsLeader(batchOf("a"), leader).appended;
    await partition.assign(assignment({ epoch: 1, replicas: [1, 2] }));

    expect(await partition.findOffset({ at: "latest" })).toMatchObject({
      error: "OFFSET_NOT_AVAILABLE",
    });
    expect(await partition.findOffset({ at: "earliest" })).toMatchObject({ offset: 0 });
    const seen = await partition.findOffset({ at: { timestamp: timestamp(0) } });
    expect(seen).toMatchObject({ error: "OFFSET_NOT_AVAILABLE" });
  });
});
