import { leaderEpoch, offset } from "@zoolog/base";
import { ManualTime, ReplicatedPartition, seededRandom } from "@zoolog/testkit";
import type { FetchedPartition } from "./serving/consumer-fetch.ts";

/** Three brokers, each in a rack of its own: what each answers to a consumer of rack b. */
async function cluster() {
  const time = new ManualTime();
  const partition = new ReplicatedPartition(
    { brokers: [1, 2, 3], minInsyncReplicas: 1, racks: { 1: "a", 2: "b", 3: "c" } },
    { time, random: seededRandom(1) },
  );
  await partition.startAll();
  running.push(partition);
  const settle = (ms: number) => time.advanceAndSettle(ms);
  await settle(200);
  const fetch = async (
    broker: number,
    at: number,
    given: { epoch?: number; rack?: string; maxWaitMs?: number } = {},
  ): Promise<FetchedPartition> => {
    const { epoch, maxWaitMs = 0, rack } = given;
    const [answer] = await partition.manager(broker)!.fetch({
      partitions: [
        {
          topic: "t",
          partition: 0,
          fetchOffset: offset(at),
          maxBytes: 10_000,
          ...(epoch === undefined ? {} : { leaderEpoch: leaderEpoch(epoch) }),
        },
      ],
      minBytes: 1,
      maxWaitMs,
      maxBytes: 10_000,
      rack,
    });
    return answer!;
  };
  return {
    partition,
    settle,
    fetch,
    /** Produces, and waits until every replica has it and knows that it is committed. */
    write: async (values: readonly string[]) => {
      for (const value of values) {
        const outcome = partition.produce(1, value);
        await settle(200);
        expect(await outcome).toBe("acknowledged");
      }
    },
  };
}

const running: ReplicatedPartition[] = [];

afterEach(() => {
  for (const partition of running.splice(0)) partition.close();
});

const batchesIn = (answer: FetchedPartition): number =>
  answer.error === undefined ? answer.batches.length : -1;

test("a leader names the replica in the consumer's rack, and answers no records", async () => {
  const { fetch, partition, write } = await cluster();
  await write(["x", "y"]);

  const sent = await fetch(1, 1, { rack: "b", maxWaitMs: 60_000 });

  expect(sent).toMatchObject({ preferredReadReplica: 2, batches: [], highWatermark: 2 });
  expect(partition.manager(1)!.counters.sentToClosest).toBe(1);
});

test("without a rack, in the leader's, and before its log start, the leader answers itself", async () => {
  const { fetch, partition, write } = await cluster();
  await write(["x", "y"]);

  expect(batchesIn(await fetch(1, 0))).toBe(2);
  expect(batchesIn(await fetch(1, 0, { rack: "a" }))).toBe(2);
  await partition.log(1).deleteBefore(offset(1));
  expect(await fetch(1, 0, { rack: "b" })).toMatchObject({ error: "OFFSET_OUT_OF_RANGE" });
});

test("a follower in sync serves what it knows to be committed, and counts it", async () => {
  const { fetch, partition, write } = await cluster();
  await write(["x", "y"]);

  const served = await fetch(2, 0, { epoch: 0 });

  expect(served).toMatchObject({ highWatermark: 2 });
  expect(batchesIn(served)).toBe(2);
  const { counters } = partition.manager(2)!;
  expect(counters.followerFetchedBytes).toBe(counters.fetchedBytes);
  expect(counters.followerFetchedBytes).toBeGreaterThan(0);
});

test("who names no epoch meant the leader", async () => {
  const { fetch, write } = await cluster();
  await write(["x"]);

  expect(await fetch(2, 0)).toMatchObject({
    error: "NOT_LEADER_OR_FOLLOWER",
    currentLeader: { brokerId: 1, leaderEpoch: 0 },
  });
});

test("another epoch is fenced, or waited for by the client", async () => {
  const { fetch, partition, settle, write } = await cluster();
  await write(["x"]);
  partition.elect(1);
  await partition.tellAll();
  await settle(200);

  expect(await fetch(2, 0, { epoch: 0 })).toMatchObject({
    error: "FENCED_LEADER_EPOCH",
    currentLeader: { brokerId: 1, leaderEpoch: 1 },
  });
  expect(await fetch(2, 0, { epoch: 2 })).toMatchObject({ error: "UNKNOWN_LEADER_EPOCH" });
  expect(batchesIn(await fetch(2, 0, { epoch: 1 }))).toBe(1);
});

test("above its high watermark a follower hands out nothing, even of what its log has", async () => {
  const { fetch, partition, settle, write } = await cluster();
  await write(["x", "y"]);
  // The third holds the high watermark back.
  partition.cut(1, 3);
  void partition.produce(1, "not committed", 100);
  await settle(100);
  expect(partition.log(2)).toMatchObject({ logEndOffset: 3, highWatermark: 2 });

  expect(await fetch(2, 2, { epoch: 0 })).toMatchObject({ batches: [], highWatermark: 2 });
  expect(batchesIn(await fetch(2, 0, { epoch: 0 }))).toBe(2);
  expect(await fetch(2, 3, { epoch: 0 })).toMatchObject({ error: "OFFSET_NOT_AVAILABLE" });
});

test("a long poll at a follower ends when its high watermark moves", async () => {
  const { fetch, partition, settle, write } = await cluster();
  await write(["x"]);
  let answer: FetchedPartition | undefined;
  void fetch(2, 1, { epoch: 0, maxWaitMs: 60_000 }).then((answered) => {
    answer = answered;
  });
  await settle(100);
  expect(partition.manager(2)!.parked.fetches).toBe(1);

  await write(["y"]);

  expect(batchesIn(answer!)).toBe(1);
});

test("an offset that is not committed here yet is waited for, then OFFSET_NOT_AVAILABLE", async () => {
  const { fetch, settle, write } = await cluster();
  await write(["x"]);
  const answers: FetchedPartition[] = [];
  for (const at of [2, 9]) {
    void fetch(2, at, { epoch: 0, maxWaitMs: 1_000 }).then((answered) => answers.push(answered));
  }
  await settle(500);
  expect(answers).toEqual([]);

  await settle(600);

  const refused = { error: "OFFSET_NOT_AVAILABLE" };
  expect(answers).toMatchObject([refused, refused]);
});

test("before its log start a follower says so: the leader may have the offset", async () => {
  const { fetch, partition, write } = await cluster();
  await write(["x", "y"]);
  await partition.log(2).deleteBefore(offset(1));

  const refused = { error: "OFFSET_OUT_OF_RANGE", logStartOffset: 1 };
  expect(await fetch(2, 0, { epoch: 0 })).toMatchObject(refused);
  expect(batchesIn(await fetch(1, 0, { epoch: 0 }))).toBe(2);
});

test("a follower that lost its leader refuses, before anybody has told it so", async () => {
  const { fetch, partition, settle, write } = await cluster();
  await write(["x"]);
  partition.setDeaf(2, true);
  partition.cut(1, 2);
  await settle(1_500);
  expect(batchesIn(await fetch(2, 0, { epoch: 0 }))).toBe(1);

  await settle(1_500);

  expect(partition.state(2)).toMatchObject({ isr: [1, 2, 3] });
  expect(await fetch(2, 0, { epoch: 0 })).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
  expect(await fetch(1, 0, { rack: "b" })).not.toHaveProperty("preferredReadReplica");
});

test("a follower that fell out of the ISR refuses, though it still fetches", async () => {
  const { fetch, partition, settle, write } = await cluster();
  await write(["x"]);
  partition.cut(1, 2);
  void partition.produce(1, "without the second", 5_000);
  await settle(2_000);
  expect(partition.assignment.isr).toEqual([1, 3]);
  await partition.tellAll();

  expect(await fetch(2, 0, { epoch: 0 })).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
});

test("a follower that has not reconciled with its leader refuses", async () => {
  const { fetch, partition, write } = await cluster();
  await write(["x"]);
  partition.cut(1, 2);
  partition.elect(1);
  await partition.tellAll();

  expect(await fetch(2, 0, { epoch: 1 })).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
});
