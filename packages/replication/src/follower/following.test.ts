import {
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import { encodeRecordBatch, RecordBatch, splitBatches } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import { CommittedBytes } from "../committed-bytes.ts";
import { Following, type LeaderAnswer } from "./following.ts";

/** One batch of one record, as a leader of that epoch sends it. */
function batchAt(at: number, epoch: number): Buffer {
  const bytes = encodeRecordBatch([{ timestamp: 0, value: `${at} of ${epoch}` }]);
  for (const batch of splitBatches(bytes)) {
    if (batch instanceof RecordBatch) {
      batch.assign({ baseOffset: offset(at), leaderEpoch: leaderEpoch(epoch) });
    }
  }
  return bytes;
}

async function follow(given: { epochs?: number[]; committed?: number } = {}) {
  const time = new ManualTime();
  const log = new MemoryPartitionLog();
  for (const [at, epoch] of (given.epochs ?? []).entries()) {
    await log.appendAsFollower(batchAt(at, epoch));
  }
  log.updateHighWatermark(offset(given.committed ?? 0));
  const owner = { isCurrent: true };
  const errors: unknown[] = [];
  const following = new Following(
    {
      key: "t-0",
      topicId: "A".repeat(22) as TopicId,
      partition: 0,
      log,
      assignment: {
        leader: brokerId(1),
        leaderEpoch: leaderEpoch(9),
        partitionEpoch: partitionEpoch(9),
        replicas: [1, 2].map(brokerId),
        isr: [1, 2].map(brokerId),
      },
    },
    {
      clock: time.clock,
      logger: silentLogger,
      isCurrent: () => owner.isCurrent,
      onLogError: (error) => void errors.push(error),
      committedBytes: new CommittedBytes(),
      emit: () => {},
    },
  );
  const apply = (answer: Partial<LeaderAnswer>) =>
    following.apply(following.position, {
      partition: 0,
      highWatermark: offset(0),
      logStartOffset: offset(0),
      records: Buffer.alloc(0),
      ...answer,
    } as LeaderAnswer);
  const delayMs = () => following.delayedUntil - time.clock.monotonic();
  return { time, log, owner, errors, following, apply, delayMs };
}

const refused = (code: string, more: Partial<LeaderAnswer> = {}) =>
  ({ error: { code, message: "" }, ...more }) as Partial<LeaderAnswer>;

test("records are appended, then the high watermark follows, within the log", async () => {
  const { log, following, apply } = await follow();

  await apply({ records: batchAt(0, 9), highWatermark: offset(7) });

  expect(log.logEndOffset).toBe(1);
  expect(log.highWatermark).toBe(1);
  expect(following.phase).toBe("fetching");
  expect(following.lag).toBe(6);
});

test("it asks with the epochs of its log and of its leader", async () => {
  const { following } = await follow({ epochs: [3, 3, 5] });

  expect(following.position).toMatchObject({
    currentLeaderEpoch: 9,
    fetchOffset: 3,
    lastFetchedEpoch: 5,
  });
});

test("what diverges is cut, and the high watermark of that answer is not taken", async () => {
  const { log, following, apply } = await follow({ epochs: [1, 1, 2, 2] });

  await apply({
    highWatermark: offset(4),
    divergingEpoch: { leaderEpoch: leaderEpoch(1), endOffset: offset(2) },
  });

  expect(log.logEndOffset).toBe(2);
  expect(log.highWatermark).toBe(0);
  expect(following.phase).toBe("reconciling");
  expect(following.position.lastFetchedEpoch).toBe(1);
});

test("a leader that knows less of what is committed takes nothing back", async () => {
  const { log, apply } = await follow({ epochs: [1, 1, 1], committed: 3 });

  await apply({ highWatermark: offset(1) });

  expect(log.highWatermark).toBe(3);
});

test("an answer that comes when another epoch has begun changes nothing", async () => {
  const { log, owner, apply } = await follow({ epochs: [1] });

  owner.isCurrent = false;
  await apply({ records: batchAt(1, 9), highWatermark: offset(2) });

  expect(log.logEndOffset).toBe(1);
  expect(log.highWatermark).toBe(0);
});

test("an epoch that begins while records are appended keeps the high watermark from moving", async () => {
  const { log, owner, apply } = await follow();
  const letGo = log.holdBack();

  const applied = apply({
    records: batchAt(0, 9),
    highWatermark: offset(1),
    logStartOffset: offset(1),
  });
  owner.isCurrent = false;
  letGo();
  await applied;

  expect(log.highWatermark).toBe(0);
  expect(log.logStartOffset).toBe(0);
});

test("an answer to a question of another place in the log is dropped", async () => {
  const { log, following, apply } = await follow({ epochs: [1] });
  const { position } = following;
  await apply({ records: batchAt(1, 9) });

  await following.apply(position, {
    partition: 0,
    highWatermark: offset(2),
    logStartOffset: offset(0),
    records: batchAt(1, 9),
  });

  expect(log.logEndOffset).toBe(2);
  expect(log.highWatermark).toBe(0);
});

test("bytes that arrive damaged are asked for again, later each time, and are no failure", async () => {
  const { log, errors, apply, delayMs } = await follow();
  const records = batchAt(0, 9);
  records.writeUInt8(records.readUInt8(70) ^ 1, 70);

  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    await apply({ records: Buffer.from(records) });
    delays.push(delayMs());
  }

  expect(log.logEndOffset).toBe(0);
  expect(errors).toEqual([]);
  expect(delays.slice(0, 3)).toEqual([10, 20, 40]);
  expect(delays.at(-1)).toBe(1_000);
});

test.each(["FENCED_LEADER_EPOCH", "UNKNOWN_LEADER_EPOCH", "NOT_LEADER_OR_FOLLOWER"])(
  "after %s it waits for the image, and its log stays as it is",
  async (code) => {
    const { log, apply, delayMs } = await follow({ epochs: [1, 2] });

    await apply(refused(code));

    expect(log.logEndOffset).toBe(2);
    expect(delayMs()).toBe(10);
  },
);

test("a success makes the next obstacle the first one again", async () => {
  const { apply, delayMs, time } = await follow();
  await apply(refused("NOT_LEADER_OR_FOLLOWER"));
  await apply(refused("NOT_LEADER_OR_FOLLOWER"));
  time.advance(20);
  await apply({ records: batchAt(0, 9) });

  await apply(refused("NOT_LEADER_OR_FOLLOWER"));

  expect(delayMs()).toBe(10);
});

test("behind the leader's log start it starts over there", async () => {
  const { log, following, apply } = await follow({ epochs: [1, 1], committed: 2 });

  await apply(refused("OFFSET_OUT_OF_RANGE", { logStartOffset: offset(30) }));

  expect(log.logStartOffset).toBe(30);
  expect(log.logEndOffset).toBe(30);
  expect(following.position).toMatchObject({ fetchOffset: 30 });
});

test("out of range inside the leader's log it waits, and gives up nothing", async () => {
  const { log, apply, delayMs } = await follow({ epochs: [1, 1] });

  await apply(refused("OFFSET_OUT_OF_RANGE", { logStartOffset: offset(0) }));

  expect(log.logEndOffset).toBe(2);
  expect(delayMs()).toBe(10);
});

test("the log start follows the leader's, within the log", async () => {
  const { log, apply } = await follow({ epochs: [1, 1, 1], committed: 3 });

  await apply({ highWatermark: offset(3), logStartOffset: offset(2) });

  expect(log.logStartOffset).toBe(2);
});

test("a log that fails is told to its partition", async () => {
  const { log, errors, apply, delayMs } = await follow();
  log.failWith(new Error("the disk is gone"));

  await apply({ records: batchAt(0, 9) });

  expect(errors).toMatchObject([{ message: "the disk is gone" }]);
  expect(delayMs()).toBe(10);
});
