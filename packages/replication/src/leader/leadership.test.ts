import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  type TopicId,
} from "@zoolog/base";
import { encodeRecordBatch, validateProducedBatch } from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import { CommittedBytes } from "../committed-bytes.ts";
import type { IsrChangeAnswer, IsrChangeRequest } from "../isr-change.ts";
import type { PartitionEvent } from "../partition-event.ts";
import type { LiveBroker } from "./isr-rules.ts";
import { Leadership } from "./leadership.ts";

const LAG_MS = 1_000;

async function lead(given: { isr: number[]; minInsyncReplicas?: number; records?: number }) {
  const time = new ManualTime();
  const log = new MemoryPartitionLog();
  const events: PartitionEvent[] = [];
  const brokers = new Map<BrokerId, LiveBroker>(
    [1, 2, 3].map((id) => [
      brokerId(id),
      { brokerEpoch: brokerEpoch(id * 10), shuttingDown: false },
    ]),
  );
  const append = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      const checked = validateProducedBatch(encodeRecordBatch([{ timestamp: 0, value: "v" }]), {
        batchBytesMax: 1_000,
        walk: "all",
      });
      if (checked.error !== undefined) throw new Error(checked.message);
      await log.append([checked.batch], { leaderEpoch: leaderEpoch(5) });
    }
  };
  await append(given.records ?? 0);
  const leadership = new Leadership(
    {
      topicPartition: { topic: "t", partition: 0 },
      topicId: "A".repeat(22) as TopicId,
      brokerId: brokerId(1),
      log,
      ledSince: leaderEpoch(5),
      assignment: {
        leader: brokerId(1),
        leaderEpoch: leaderEpoch(5),
        partitionEpoch: partitionEpoch(7),
        replicas: [1, 2, 3].map(brokerId),
        isr: given.isr.map(brokerId),
      },
    },
    {
      clock: time.clock,
      minInsyncReplicas: () => given.minInsyncReplicas ?? 1,
      brokers: () => brokers,
      lagTimeMaxMs: LAG_MS,
      committedBytes: new CommittedBytes(),
      emit: (event) => void events.push(event),
    },
  );
  const asked = (): IsrChangeRequest[] =>
    events.flatMap((event) => (event.type === "isrChangeWanted" ? [event.request] : []));
  return {
    time,
    log,
    events,
    brokers,
    leadership,
    asked,
    membersAsked: () => asked().map(({ isr }) => isr.map((member) => member.brokerId)),
    append: async (count: number) => {
      await append(count);
      leadership.appended(log.logEndOffset, 100);
    },
    fetched: (follower: number, from: number, epoch = follower * 10) =>
      leadership.followerFetched(
        { brokerId: brokerId(follower), brokerEpoch: brokerEpoch(epoch) },
        { fetchOffset: offset(from), logStartOffset: offset(0) },
      ),
    answer: (answer: IsrChangeAnswer) => {
      const last = asked().at(-1);
      if (last !== undefined) leadership.isrChangeAnswered(last, answer);
    },
    check: (afterMs: number) => {
      time.advance(afterMs);
      leadership.checkIsr(time.clock.monotonic());
    },
  };
}

const applied = (isr: number[], epoch: number, leader = 5): IsrChangeAnswer => ({
  leaderEpoch: leaderEpoch(leader),
  partitionEpoch: partitionEpoch(epoch),
  isr: isr.map(brokerId),
});

describe("the high watermark", () => {
  test("is where the slowest member is, as soon as every member has fetched", async () => {
    const { append, fetched, log } = await lead({ isr: [1, 2, 3] });
    await append(3);

    fetched(2, 3);
    expect(log.highWatermark).toBe(0);
    fetched(3, 1);
    expect(log.highWatermark).toBe(1);
    fetched(3, 3);
    expect(log.highWatermark).toBe(3);
  });

  test("counts who was asked into the ISR before the controller has answered", async () => {
    const { append, fetched, log, asked, answer, leadership, time } = await lead({ isr: [1, 2] });
    fetched(2, 0);
    fetched(3, 0);
    expect(asked()).toHaveLength(1);
    expect(leadership.maximalIsr).toEqual([1, 2, 3]);

    await append(1);
    fetched(2, 1);
    time.advance(LAG_MS * 2);
    fetched(2, 1);
    expect(log.highWatermark).toBe(0);

    answer({ error: "INELIGIBLE_REPLICA" });
    expect(leadership.maximalIsr).toEqual([1, 2]);
    expect(log.highWatermark).toBe(1);
  });

  test("counts who was asked out of the ISR until the controller has answered", async () => {
    const { append, fetched, log, check, membersAsked, answer, events } = await lead({
      isr: [1, 2, 3],
    });
    await append(1);
    fetched(2, 1);

    check(LAG_MS + 1);
    expect(membersAsked()).toEqual([[1, 2]]);
    expect(log.highWatermark).toBe(0);

    answer(applied([1, 2], 8));
    expect(log.highWatermark).toBe(1);
    expect(events).toContainEqual({ type: "isrChanged", from: [1, 2, 3], to: [1, 2] });
  });

  test("waits for a replica that is about to join, no longer than it fetches", async () => {
    const { append, fetched, log, check, answer } = await lead({ isr: [1, 2] });
    fetched(3, 0);
    answer({ error: "INELIGIBLE_REPLICA" });
    await append(1);
    fetched(2, 1);
    expect(log.highWatermark).toBe(0);

    check(LAG_MS + 1);
    expect(log.highWatermark).toBe(1);
  });

  test("does not wait for a member that died and was taken out", async () => {
    const { append, fetched, log, leadership } = await lead({ isr: [1, 2, 3] });
    fetched(2, 0);
    fetched(3, 0);
    await append(1);
    fetched(2, 1);
    expect(log.highWatermark).toBe(0);

    leadership.changeIsr({
      leader: brokerId(1),
      leaderEpoch: leaderEpoch(5),
      partitionEpoch: partitionEpoch(8),
      replicas: [1, 2, 3].map(brokerId),
      isr: [1, 2].map(brokerId),
    });

    expect(log.highWatermark).toBe(1);
  });

  test("stands still below min.insync.replicas", async () => {
    const { append, log, leadership } = await lead({ isr: [1], minInsyncReplicas: 2 });

    await append(1);

    expect(log.highWatermark).toBe(0);
    expect(leadership.missingReplicas()).toMatch(/1 of 2/);
  });
});

describe("asking for another ISR", () => {
  test("one change is in flight: who comes next has to wait, and who lags, too", async () => {
    const { append, fetched, asked, answer, membersAsked, check } = await lead({ isr: [1] });
    fetched(2, 0);
    fetched(3, 0);
    await append(1);
    check(LAG_MS + 1);
    expect(asked()).toHaveLength(1);
    expect(asked()[0]).toMatchObject({ leaderEpoch: 5, partitionEpoch: 7 });
    expect(asked()[0]?.isr).toContainEqual({ brokerId: 2, brokerEpoch: 20 });

    answer(applied([1, 2], 8));
    fetched(3, 1);
    expect(membersAsked()).toEqual([
      [1, 2],
      [1, 2, 3],
    ]);
    expect(asked()[1]).toMatchObject({ partitionEpoch: 8 });
  });

  test("who joins by the high watermark alone has the lag time for the rest", async () => {
    const { append, fetched, answer, check, membersAsked } = await lead({ isr: [1, 2] });
    await append(4);
    fetched(3, 0);
    expect(membersAsked()).toEqual([[1, 2, 3]]);

    answer(applied([1, 2, 3], 8));
    fetched(2, 4);
    check(LAG_MS / 2);

    expect(membersAsked()).toHaveLength(1);
  });

  test("only who has just fetched is asked in: another one may have lost what it had", async () => {
    const { append, fetched, answer, membersAsked } = await lead({ isr: [1] });
    await append(1);
    fetched(2, 1);
    answer(applied([1, 2], 8));
    // Its log was damaged: the controller takes it out, and it begins anew, as the same broker.
    answer(applied([1], 9));

    fetched(3, 1);

    expect(membersAsked()).toEqual([
      [1, 2],
      [1, 3],
    ]);
  });

  test("after a refusal nothing is asked for a while, then again", async () => {
    const { fetched, asked, answer, time } = await lead({ isr: [1] });
    fetched(2, 0);
    answer({ error: "INELIGIBLE_REPLICA" });

    fetched(2, 0);
    expect(asked()).toHaveLength(1);
    time.advance(1_000);
    fetched(2, 0);
    expect(asked()).toHaveLength(2);
  });

  test.each(["NOT_CONTROLLER", "STALE_BROKER_EPOCH", "REQUEST_TIMED_OUT", "CONNECTION_REFUSED"])(
    "after %s the same is asked again, and counts meanwhile: it may have been applied",
    async (error) => {
      const { fetched, asked, answer, check, leadership } = await lead({ isr: [1] });
      fetched(2, 0);

      answer({ error });
      check(100);
      expect(asked()).toHaveLength(1);
      expect(leadership.maximalIsr).toEqual([1, 2]);
      check(200);

      expect(asked()).toHaveLength(2);
      expect(asked()[1]).toBe(asked()[0]);
    },
  );

  test("a refusal does not undo a call before it whose outcome nobody knows", async () => {
    const { append, fetched, log, answer, check, leadership, membersAsked } = await lead({
      isr: [1, 2],
    });
    fetched(2, 0);
    fetched(3, 0);
    answer({ error: "REQUEST_TIMED_OUT" });
    check(200);
    await append(1);
    fetched(2, 1);

    // The first call is still on its way, and may come when 3 is eligible again.
    answer({ error: "INELIGIBLE_REPLICA" });
    check(LAG_MS + 1);
    fetched(2, 1);
    expect(leadership.maximalIsr).toEqual([1, 2, 3]);
    expect(log.highWatermark).toBe(0);

    // The ISR as it is, with a new partition epoch, shuts it out.
    expect(membersAsked().at(-1)).toEqual([1, 2]);
    answer({ error: "INVALID_REQUEST" });
    expect(leadership.maximalIsr).toEqual([1, 2, 3]);
    check(1_000);
    answer(applied([1, 2], 8));
    expect(leadership.maximalIsr).toEqual([1, 2]);
    expect(log.highWatermark).toBe(1);
  });

  test("a call that was never answered is not undone by the refusal of the next one", async () => {
    const { fetched, answer, check, leadership } = await lead({ isr: [1, 2] });
    fetched(3, 0);
    check(30_000);

    answer({ error: "INELIGIBLE_REPLICA" });

    expect(leadership.maximalIsr).toEqual([1, 2, 3]);
  });

  test.each(["INVALID_UPDATE_VERSION", "FENCED_LEADER_EPOCH"])(
    "after %s the image is waited for: an answer that got lost may have said yes",
    async (error) => {
      const { fetched, answer, leadership, check, asked } = await lead({ isr: [1] });
      fetched(2, 0);

      answer({ error });
      check(1_000);
      expect(leadership.maximalIsr).toEqual([1, 2]);
      expect(asked()).toHaveLength(1);

      leadership.changeIsr({
        leader: brokerId(1),
        leaderEpoch: leaderEpoch(5),
        partitionEpoch: partitionEpoch(8),
        replicas: [1, 2, 3].map(brokerId),
        isr: [brokerId(1)],
      });
      expect(leadership.pendingIsr).toBeUndefined();
    },
  );

  test("answers to a request that is over change nothing", async () => {
    const { fetched, asked, answer, leadership } = await lead({ isr: [1] });
    fetched(2, 0);
    const first = asked()[0];
    answer(applied([1, 2], 8));
    fetched(3, 0);
    expect(leadership.maximalIsr).toEqual([1, 2, 3]);

    if (first !== undefined) {
      leadership.isrChangeAnswered(first, { error: "INELIGIBLE_REPLICA" });
      leadership.isrChangeAnswered(first, applied([1, 2], 8));
    }

    expect(leadership.maximalIsr).toEqual([1, 2, 3]);
    expect(leadership.partitionEpoch).toBe(8);
  });

  test("an answer of another leader epoch is not taken over", async () => {
    const { fetched, answer, leadership } = await lead({ isr: [1] });
    fetched(2, 0);

    answer(applied([1, 2], 9, 6));

    expect(leadership.isr).toEqual([1]);
    expect(leadership.maximalIsr).toEqual([1, 2]);
  });

  test("a leader that stood still does not blame its followers", async () => {
    const { append, fetched, time, leadership, asked } = await lead({ isr: [1, 2] });
    fetched(2, 0);
    await append(1);
    time.advance(LAG_MS * 10);

    leadership.forgiveLag(time.clock.monotonic());
    leadership.checkIsr(time.clock.monotonic());

    expect(asked()).toHaveLength(0);
  });
});
