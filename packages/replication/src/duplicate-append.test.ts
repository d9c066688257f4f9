/** What an idempotent producer's retry is told, on a real log. */
import {
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
import { LogFixture, ManualTime } from "@zoolog/testkit";
import { Partition } from "./partition/partition.ts";
import type { PartitionEvent } from "./partition-event.ts";
import type { AppendOutcome } from "./pending-append.ts";
import { Purgatory } from "./purgatory.ts";

const [ME, FOLLOWER] = [brokerId(1), brokerId(2)];
const all = { requiredAcks: "all", deadline: 1_000 } as const;

async function setUp() {
  const time = new ManualTime();
  const commits = new Purgatory({ operationsMax: 10 }, time);
  const events: PartitionEvent[] = [];
  const fixture = new LogFixture();
  const partition = await Partition.open(
    {
      topicPartition: { topic: "orders", partition: 0 },
      topicId: "A".repeat(22) as TopicId,
      brokerId: ME,
      config: {
        minInsyncReplicas: 1,
        messageBytesMax: 1_000,
        stampOnAppend: false,
        log: DEFAULT_LOG_CONFIG,
      },
      lagTimeMaxMs: 30_000,
    },
    {
      openLog: () => fixture.open(),
      startLogOver: () => Promise.reject(new Error("no log fails here")),
      clock: time.clock,
      logger: silentLogger,
      commits,
      emit: (event) => {
        events.push(event);
        commits.check("orders-0");
      },
      authority: () => "lease",
      brokers: () => new Map(),
    },
  );
  await partition.assign({
    leader: ME,
    leaderEpoch: leaderEpoch(0),
    partitionEpoch: partitionEpoch(0),
    replicas: [ME, FOLLOWER],
    isr: [ME, FOLLOWER],
  });
  return { partition, events };
}

const batch = (baseSequence: number): Buffer =>
  encodeRecordBatch([{ timestamp: 1_000, value: `${baseSequence}` }], {
    producer: { producerId: 7, producerEpoch: 0, baseSequence },
  });

const settle = () => new Promise((resolve) => setImmediate(resolve));

function followerHas(partition: Partition, fetchOffset: number): void {
  const { state } = partition;
  if (state.role !== "leader") throw new Error("nobody leads");
  state.followerFetched(
    { brokerId: FOLLOWER, brokerEpoch: brokerEpoch(0) },
    { fetchOffset: offset(fetchOffset), logStartOffset: offset(0) },
  );
}

test("a duplicate waits for the commit of its original, and is counted once", async () => {
  const { partition, events } = await setUp();
  const outcomes: AppendOutcome[] = [];
  for (const sequence of [0, 0]) {
    const { appended, committed } = partition.appendAsLeader(batch(sequence), all);
    void committed.then((outcome) => outcomes.push(outcome));
    expect(await appended).toMatchObject({ baseOffset: 0, lastOffset: 0 });
  }
  await settle();
  expect(outcomes).toEqual([]);

  followerHas(partition, 1);
  await settle();

  expect(outcomes).toMatchObject([{ baseOffset: 0 }, { baseOffset: 0, duplicate: true }]);
  expect(events.filter(({ type }) => type === "batchAppended")).toHaveLength(1);
  expect(partition.log?.logEndOffset).toBe(1);
});

test("what comes out of order is refused by Kafka's name, and the partition goes on", async () => {
  const { partition } = await setUp();
  await partition.appendAsLeader(batch(0), all).appended;

  const { committed } = partition.appendAsLeader(batch(2), all);

  expect(await committed).toMatchObject({ error: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  expect(await partition.appendAsLeader(batch(1), all).appended).toMatchObject({ baseOffset: 1 });
});
