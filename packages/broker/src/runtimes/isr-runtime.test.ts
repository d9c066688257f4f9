import {
  brokerEpoch,
  brokerId,
  leaderEpoch,
  partitionEpoch,
  silentLogger,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import type { AlterPartitionEvent, AlterPartitionResponse } from "@zoolog/controller";
import type { IsrChangeAnswer, IsrChangeRequest } from "@zoolog/replication";
import { ManualTime, seededRandom } from "@zoolog/testkit";
import { IsrRuntime } from "./isr-runtime.ts";

const TOPIC_ID = "t".padEnd(22, "A") as TopicId;

type Call = {
  readonly event: Omit<AlterPartitionEvent, "requestId">;
  readonly answer: (response: AlterPartitionResponse) => void;
  readonly fail: (error: unknown) => void;
};

class World {
  readonly time = new ManualTime();
  readonly calls: Call[] = [];
  readonly answers: [number, IsrChangeAnswer][] = [];
  epoch: number | undefined = 11;
  readonly runtime = new IsrRuntime(
    { brokerId: brokerId(1) },
    {
      submit: (event) =>
        new Promise((answer, fail) => void this.calls.push({ event, answer, fail })),
      answered: (change, answer) =>
        void this.answers.push([change.topicPartition.partition, answer]),
      brokerEpoch: () => (this.epoch === undefined ? undefined : brokerEpoch(this.epoch)),
      scheduler: this.time.scheduler,
      random: seededRandom(1),
      logger: silentLogger,
    },
  );

  ask(partition: number, isr: readonly number[] = [1, 2]): void {
    const change: IsrChangeRequest = {
      topicPartition: { topic: "t", partition },
      topicId: TOPIC_ID,
      leaderEpoch: leaderEpoch(3),
      partitionEpoch: partitionEpoch(0),
      isr: isr.map((id) => ({ brokerId: brokerId(id), brokerEpoch: undefined })),
    };
    this.runtime.request(change);
  }

  partitionsOf(call: number): number[] | undefined {
    return this.calls[call]?.event.changes.map(({ partition }) => partition);
  }

  settle(ms = 0): Promise<void> {
    return this.time.advanceAndSettle(ms);
  }
}

function altered(partition: number, isr: readonly number[]) {
  const state = { leader: brokerId(1), leaderEpoch: leaderEpoch(3), isr: isr.map(brokerId) };
  return { topicId: TOPIC_ID, partition, state, partitionEpoch: partitionEpoch(1) };
}

test("what is asked for together goes in one call, and no second one goes beside it", async () => {
  const world = new World();
  world.ask(0);
  world.ask(1);
  await world.settle();
  world.ask(2);
  world.ask(3);
  await world.settle(1_000);

  expect(world.calls).toHaveLength(1);
  expect(world.partitionsOf(0)).toEqual([0, 1]);
  expect(world.calls[0]?.event).toMatchObject({ brokerId: 1, brokerEpoch: 11 });

  world.calls[0]?.answer({
    type: "alterPartition",
    partitions: [altered(0, [1]), altered(1, [1, 2])],
  });
  await world.settle();
  expect(world.answers).toEqual([
    [0, { leaderEpoch: 3, partitionEpoch: 1, isr: [1] }],
    [1, { leaderEpoch: 3, partitionEpoch: 1, isr: [1, 2] }],
  ]);
  expect(world.partitionsOf(1)).toEqual([2, 3]);
});

test("each refusal reaches its partition, and a partition without an answer gets one", async () => {
  const world = new World();
  world.ask(0);
  world.ask(1);
  await world.settle();

  const error = { code: "INVALID_UPDATE_VERSION", message: "over" } as const;
  world.calls[0]?.answer({
    type: "alterPartition",
    partitions: [{ topicId: TOPIC_ID, partition: 0, error }],
  });
  await world.settle();

  expect(world.answers).toEqual([
    [0, { error: "INVALID_UPDATE_VERSION" }],
    [1, { error: "UNKNOWN_SERVER_ERROR" }],
  ]);
});

test("a call that fails answers all with its code, and the next ones come ever later", async () => {
  const world = new World();
  world.ask(0);
  await world.settle();
  const gaps: number[] = [];
  for (let failures = 0; failures < 9; failures++) {
    world.calls[failures]?.fail(
      new ZoologError({ code: "COORDINATION_UNAVAILABLE", message: "away", retriable: true }),
    );
    world.ask(0);
    const from = world.time.clock.monotonic();
    while (world.calls.length === failures + 1) await world.settle(10);
    gaps.push(world.time.clock.monotonic() - from);
  }

  expect(world.answers[0]).toEqual([0, { error: "COORDINATION_UNAVAILABLE" }]);
  expect(gaps[0]).toBeLessThanOrEqual(60);
  expect(gaps[8]).toBeGreaterThanOrEqual(1_000);
  expect(gaps[8]).toBeLessThanOrEqual(2_010);
});

test("without a registration nothing is asked for", async () => {
  const world = new World();
  world.epoch = undefined;

  world.ask(0);
  await world.settle();

  expect(world.calls).toEqual([]);
  expect(world.answers).toEqual([[0, { error: "STALE_BROKER_EPOCH" }]]);
});

test("after the end nothing is asked for any more", async () => {
  const world = new World();
  world.ask(0);
  world.runtime.close();
  world.ask(1);
  await world.settle(10_000);

  expect(world.calls.flatMap(({ event }) => event.changes)).toEqual([]);
});
