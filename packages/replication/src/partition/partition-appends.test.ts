import { leaderEpoch } from "@zoolog/base";
import { crc32c, encodeRecordBatch } from "@zoolog/protocol";
import { advances, all, assignment, batchOf, fetches, leader, setUp } from "./partition.fixture.ts";

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

  test("a batch of a transaction takes no offset, as nobody could end it", async () => {
    const { partition, log } = await setUp();
    await partition.assign(assignment());
    const producer = { producerId: 7, producerEpoch: 0, baseSequence: 0 };
    const records = [{ timestamp: 0, value: "a" }];

    const { committed } = partition.appendAsLeader(
      encodeRecordBatch(records, { producer, isTransactional: true }),
      all,
    );

    expect(await committed).toMatchObject({ error: "INVALID_TXN_STATE" });
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

  describe("the times that producers give", () => {
    const at = (timestamp: number) => encodeRecordBatch([{ timestamp, value: "a" }]);

    test.each([
      ["as old as may be", -60_000, undefined],
      ["older", -60_001, "INVALID_TIMESTAMP"],
      ["as far ahead as may be", 5_000, undefined],
      ["further ahead", 5_001, "INVALID_TIMESTAMP"],
    ])("%s: %p ms from now gives %p", async (_what, distance, error) => {
      const bounds = { timestampBeforeMaxMs: 60_000, timestampAfterMaxMs: 5_000 };
      const { partition, log, time } = await setUp({ config: bounds });
      await partition.assign(assignment());

      const answer = await partition.appendAsLeader(at(time.clock.now() + distance), leader)
        .appended;

      expect(answer.error).toBe(error);
      expect(log.batches).toHaveLength(error === undefined ? 1 : 0);
    });

    test("have no bounds without a setting, nor where numbers are too large for one", async () => {
      const bounds = {
        timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
        timestampAfterMaxMs: Number.MAX_SAFE_INTEGER,
      };
      for (const config of [{}, bounds]) {
        const { partition, log } = await setUp({ config });
        await partition.assign(assignment());

        await partition.appendAsLeader(at(0), leader).appended;
        await partition.appendAsLeader(at(4_000_000_000_000_000), leader).appended;

        expect(log.batches).toHaveLength(2);
      }
    });

    test("do not matter where the broker stamps records", async () => {
      const config = { stampOnAppend: true, timestampBeforeMaxMs: 0, timestampAfterMaxMs: 0 };
      const { partition, log, time } = await setUp({ config });
      await partition.assign(assignment());

      const { error } = await partition.appendAsLeader(at(7), leader).appended;

      expect(error).toBeUndefined();
      expect(log.batches[0]?.maxTimestamp).toBe(time.clock.now());
    });
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
