import { ManualTime, ReplicatedPartition, seededRandom } from "@zoolog/testkit";

/**
 * Whole partitions on three brokers. The first two are the cases of Kafka's
 * `EpochDrivenReplicationProtocolAcceptanceTest`.
 */

async function cluster(given: { minInsyncReplicas?: number; partitionMaxBytes?: number } = {}) {
  const time = new ManualTime();
  const partition = new ReplicatedPartition(
    { brokers: [1, 2, 3], minInsyncReplicas: 2, ...given },
    { time, random: seededRandom(1) },
  );
  await partition.startAll();
  running.push(partition);
  const settle = (ms: number) => time.advanceAndSettle(ms);
  return {
    time,
    partition,
    settle,
    /** Produces and waits for the outcome. */
    produce: async (broker: number, value: string, timeoutMs?: number) => {
      let isSettled = false;
      const outcome = partition.produce(broker, value, timeoutMs).finally(() => {
        isSettled = true;
      });
      while (!isSettled) await settle(20);
      return outcome;
    },
    bytes: (broker: number) => partition.log(broker).batches.map(({ bytes }) => bytes),
    elect: async (broker: number) => {
      partition.elect(broker);
      await partition.tellAll();
    },
  };
}

const running: ReplicatedPartition[] = [];

afterEach(() => {
  for (const partition of running.splice(0)) partition.close();
});

test("logs do not diverge when leaders go that had records of their own", async () => {
  const { partition, produce, settle, bytes } = await cluster({ minInsyncReplicas: 1 });
  expect(await produce(1, "both have it")).toBe("acknowledged");
  for (const broker of [2, 3]) partition.cut(1, broker);
  await produce(1, "only the first leader", 10);
  await produce(1, "and one more", 10);

  partition.crash(1);
  await partition.tellAll();
  await produce(partition.assignment.leader ?? 0, "of the second leader");
  partition.heal();
  partition.restart(1);
  await partition.tellAll();
  await settle(2_000);

  expect(bytes(1)).toEqual(bytes(2));
  expect(bytes(1)).toHaveLength(2);
  expect(partition.assignment.isr).toHaveLength(3);
});

test("fast changes of the leader leave no two histories", async () => {
  const { partition, settle, bytes, elect } = await cluster({ minInsyncReplicas: 1 });
  await settle(100);
  for (const [index, leader] of [2, 1, 3, 2, 1, 2, 3, 1].entries()) {
    partition.cut(1, 2);
    await elect(leader);
    void partition.produce(leader, `${index} of ${leader}`, 50);
    await settle(20);
    partition.heal();
  }
  await settle(3_000);

  expect(bytes(2)).toEqual(bytes(1));
  expect(bytes(3)).toEqual(bytes(1));
  expect(partition.log(1).highWatermark).toBe(partition.log(1).logEndOffset);
});

test("a leader without a follower waits: acks=all times out, and nothing is committed", async () => {
  const { partition, produce } = await cluster();
  for (const broker of [2, 3]) partition.cut(1, broker);

  expect(await produce(1, "alone", 100)).toBe("REQUEST_TIMED_OUT");
  expect(partition.log(1).highWatermark).toBe(0);
});

test("who stays away leaves the ISR after the lag time and joins when it has everything", async () => {
  const { partition, produce, settle, bytes } = await cluster();
  partition.cut(1, 3);
  const first = partition.produce(1, "without the third", 5_000);
  await settle(2_000);
  expect(await first).toBe("acknowledged");
  expect(partition.assignment.isr).toEqual([1, 2]);
  expect(partition.manager(1)?.underReplicated).toBe(1);
  expect(partition.manager(1)?.counters).toMatchObject({ isrShrinks: 1, isrExpands: 0 });

  partition.heal();
  await settle(2_000);

  expect(bytes(3)).toEqual(bytes(1));
  expect(partition.assignment.isr).toEqual([1, 2, 3]);
  expect(partition.manager(1)?.underReplicated).toBe(0);
  expect(partition.manager(1)?.counters).toMatchObject({ isrShrinks: 1, isrExpands: 1 });
  expect(await produce(1, "with all")).toBe("acknowledged");
});

test("an epoch that never wrote is given up by whoever follows the next one", async () => {
  const { partition, produce, settle, elect, bytes } = await cluster();
  await produce(1, "first");
  partition.setDeaf(1, true);
  partition.setDeaf(3, true);
  await elect(2);
  for (const broker of [1, 3]) partition.setDeaf(broker, false);

  await elect(3);
  expect(await produce(3, "second")).toBe("acknowledged");
  await settle(500);

  expect(bytes(2)).toEqual(bytes(3));
  expect(partition.log(2).leaderEpochs.latest).toBe(2);
});

test("after an unclean election the others give up what the new leader lacks, high watermark too", async () => {
  const { partition, produce, settle, bytes } = await cluster({ minInsyncReplicas: 1 });
  partition.crash(3);
  await partition.tellAll();
  await produce(1, "lost");
  partition.crash(1);
  partition.crash(2);
  partition.restart(3);
  partition.electUnclean(3);
  await partition.tellAll();
  expect(await produce(3, "kept")).toBe("acknowledged");

  partition.restart(1);
  partition.restart(2);
  await partition.tellAll();
  await settle(2_000);

  expect(bytes(1)).toEqual(bytes(3));
  expect(bytes(2)).toEqual(bytes(3));
  expect(bytes(3)).toHaveLength(1);
});

test("a replica that lacks what the leader has deleted starts over at the leader's log start", async () => {
  const { partition, produce, settle, bytes } = await cluster({ minInsyncReplicas: 1 });
  partition.crash(3);
  await partition.tellAll();
  for (const value of ["a", "b", "c"]) await produce(1, value);
  await partition.log(1).deleteBefore(partition.log(1).batches[2]?.baseOffset ?? (0 as never));
  await settle(1_500);
  expect(partition.log(2).logStartOffset).toBe(2);

  partition.restart(3);
  await partition.tellAll();
  await settle(2_000);

  expect(partition.log(3).logStartOffset).toBe(2);
  expect(bytes(3)).toEqual(bytes(1));
});

test("followers learn a high watermark without another record", async () => {
  const { partition, produce, settle } = await cluster();

  await produce(1, "one");
  await settle(50);

  expect([1, 2, 3].map((broker) => partition.log(broker).highWatermark)).toEqual([1, 1, 1]);
  expect([1, 2, 3].map((broker) => partition.manager(broker)?.isCaughtUp)).toEqual([
    true,
    true,
    true,
  ]);
});

test("a follower far behind catches up in answers of bounded size", async () => {
  const { partition, produce, settle, bytes } = await cluster({
    minInsyncReplicas: 1,
    partitionMaxBytes: 150,
  });
  partition.cut(1, 3);
  for (let i = 0; i < 20; i++) void partition.produce(1, `record ${i}`);
  await produce(1, "last", 5_000);
  partition.heal();

  await settle(3_000);

  expect(bytes(3)).toHaveLength(21);
  expect(partition.assignment.isr).toEqual([1, 2, 3]);
});
