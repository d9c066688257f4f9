import {
  assert,
  brokerId,
  leaderEpoch,
  offset,
  partitionEpoch,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import {
  encodeRecordBatch,
  type ReplicateRequest,
  type ReplicateResponse,
  splitBatches,
} from "@zoolog/protocol";
import { ManualTime, MemoryPartitionLog } from "@zoolog/testkit";
import { CommittedBytes } from "../committed-bytes.ts";
import { Following } from "./following.ts";
import { ReplicaFetcher } from "./replica-fetcher.ts";

const TOPIC = "A".repeat(22) as TopicId;
const LEADER = brokerId(1);

type Call = {
  readonly request: ReplicateRequest;
  readonly answerBeginsMs: number;
  readonly timeoutMs: number;
  readonly answer: (topics: ReplicateResponse["topics"]) => void;
  isBrokenOff: boolean;
};

function fetcher() {
  const time = new ManualTime();
  const calls: Call[] = [];
  const logs: MemoryPartitionLog[] = [];
  const following = new ReplicaFetcher(
    LEADER,
    { partitionMaxBytes: 1_000, responseMaxBytes: 1_000, maxWaitMs: 500, minBytes: 1 },
    {
      clock: time.clock,
      scheduler: time.scheduler,
      logger: silentLogger,
      peers: {
        replicate: (_, request, { signal, answerBeginsMs, timeoutMs }) =>
          new Promise((resolve, reject) => {
            const session = { id: 9, epoch: request.session.epoch };
            const answer = (topics: ReplicateResponse["topics"]) => resolve({ session, topics });
            const times = { answerBeginsMs, timeoutMs };
            const call: Call = { request, ...times, answer, isBrokenOff: false };
            calls.push(call);
            signal.addEventListener("abort", () => {
              call.isBrokenOff = true;
              reject(new Error("broken off"));
            });
          }),
      },
    },
  );
  following.start();
  const add = (partition: number): void => {
    const log = new MemoryPartitionLog();
    const assignment = {
      leader: LEADER,
      leaderEpoch: leaderEpoch(0),
      partitionEpoch: partitionEpoch(0),
      replicas: [1, 2].map(brokerId),
      isr: [1, 2].map(brokerId),
    };
    logs.push(log);
    following.add(
      new Following(
        { key: `t-${partition}`, topicId: TOPIC, partition, log, assignment },
        {
          clock: time.clock,
          logger: silentLogger,
          isCurrent: () => true,
          onLogError: () => {},
          committedBytes: new CommittedBytes(),
          emit: () => {},
        },
      ),
    );
  };
  const named = (call: Call | undefined) =>
    call?.request.topics.flatMap(({ partitions }) => partitions.map(({ partition }) => partition));
  return { time, calls, logs, following, add, named };
}

const answerOf = (partition: number): ReplicateResponse["topics"] => [
  {
    topicId: TOPIC,
    partitions: [
      {
        partition,
        highWatermark: offset(0),
        logStartOffset: offset(0),
        records: Buffer.alloc(0),
      },
    ],
  },
];

test("partitions that come while others are named wait for the answer, and the session goes on", async () => {
  const { time, calls, following, add, named } = fetcher();
  add(0);
  await time.advanceAndSettle(0);

  add(1);
  add(2);
  await time.advanceAndSettle(50);
  expect(calls).toHaveLength(1);
  calls[0]?.answer(answerOf(0));
  await time.advanceAndSettle(0);

  expect(calls[0]?.isBrokenOff).toBe(false);
  expect(calls[1]?.request.session).toEqual({ id: 9, epoch: 1 });
  expect(named(calls[1])).toEqual([1, 2]);
  await following.close();
});

test("calls wait briefly while partitions come, and are not broken off for them", async () => {
  const { time, calls, following, add, named } = fetcher();
  add(0);
  await time.advanceAndSettle(0);
  calls[0]?.answer(answerOf(0));
  await time.advanceAndSettle(0);

  expect(calls[1]?.request.maxWaitMs).toBeLessThan(50);
  add(1);
  await time.advanceAndSettle(20);
  expect(calls[1]?.isBrokenOff).toBe(false);
  calls[1]?.answer([]);
  await time.advanceAndSettle(0);

  expect(named(calls[2])).toEqual([1]);
  await following.close();
});

test.each([
  ["waits for records only", 1_200, 10],
  ["is not answered although it should be", undefined, 300],
])("a call that %s is broken off for newcomers", async (_, answeredAfterMs, afterMs) => {
  const { time, calls, following, add, named } = fetcher();
  add(0);
  await time.advanceAndSettle(answeredAfterMs ?? 0);
  if (answeredAfterMs !== undefined) calls[0]?.answer(answerOf(0));
  await time.advanceAndSettle(0);
  const waiting = calls.at(-1);

  add(1);
  await time.advanceAndSettle(afterMs);

  expect(waiting?.isBrokenOff).toBe(true);
  expect(calls.at(-1)?.request.session.epoch).toBe(0);
  expect(named(calls.at(-1))).toEqual([0, 1]);
  await following.close();
});

test("a partition that is followed no more is forgotten by the next call", async () => {
  const { time, calls, following, add, named } = fetcher();
  add(0);
  add(1);
  await time.advanceAndSettle(0);

  following.remove(`${TOPIC} 1`);
  calls.at(-1)?.answer([...answerOf(0), ...answerOf(1)]);
  await time.advanceAndSettle(0);

  expect(named(calls.at(-1))).toEqual([]);
  expect(calls.at(-1)?.request.forgotten).toEqual([{ topicId: TOPIC, partitions: [1] }]);
  await following.close();
});

test("a log that is being cut holds up no other partition, and is asked for when it is cut", async () => {
  const { time, calls, logs, following, add, named } = fetcher();
  add(0);
  add(1);
  await time.advanceAndSettle(0);
  const [log] = logs;
  assert(log !== undefined, "the partition has a log");
  await log.append([...splitBatches(encodeRecordBatch([{ timestamp: 0, value: "v" }]))], {
    leaderEpoch: leaderEpoch(0),
  });
  calls.at(-1)?.answer(answerOf(0));
  await time.advanceAndSettle(0);
  const cutNow = log.holdBack();
  const epochs = { leaderEpoch: leaderEpoch(0), endOffset: offset(0) };
  const [records] = answerOf(0);
  const diverged = { ...records?.partitions[0], divergingEpoch: epochs };

  calls.at(-1)?.answer([{ topicId: TOPIC, partitions: [diverged as never] }]);
  await time.advanceAndSettle(0);
  const meanwhile = calls.at(-1);
  expect(meanwhile?.request.forgotten).toEqual([{ topicId: TOPIC, partitions: [0] }]);
  cutNow();
  await time.advanceAndSettle(0);
  meanwhile?.answer(answerOf(1));
  await time.advanceAndSettle(0);

  expect(log.logEndOffset).toBe(0);
  expect(named(calls.at(-1))).toContain(0);
  await following.close();
});

test("an answer that does not begin soon is given up, one that is long has its time", async () => {
  const { time, calls, following, add } = fetcher();
  add(0);
  await time.advanceAndSettle(0);

  const { request, answerBeginsMs, timeoutMs } = calls[0]!;
  expect(answerBeginsMs).toBe(request.maxWaitMs + 5_000);
  expect(timeoutMs).toBe(request.maxWaitMs + 30_000);
  await following.close();
});
