import { leaderEpoch, offset } from "@zoolog/base";
import { ManualTime, ReplicatedPartition, seededRandom } from "@zoolog/testkit";

const running: ReplicatedPartition[] = [];

afterEach(() => {
  for (const partition of running.splice(0)) partition.close();
});

/** Three brokers with ten records; the first one leads. */
async function setUp() {
  const time = new ManualTime();
  const partition = new ReplicatedPartition(
    { brokers: [1, 2, 3], minInsyncReplicas: 2 },
    { time, random: seededRandom(1) },
  );
  running.push(partition);
  await partition.startAll();
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let isSettled = false;
    const watched = promise.finally(() => {
      isSettled = true;
    });
    while (!isSettled) await time.advanceAndSettle(20);
    return watched;
  };
  for (let i = 0; i < 10; i++) await settled(partition.produce(1, `record ${i}`));
  const [topicPartition] = [...(partition.manager(1)?.partitions.values() ?? [])].map(
    (replica) => replica.topicPartition,
  );
  if (topicPartition === undefined) throw new Error("nothing is hosted");
  const remove = (before: number | "highWatermark", timeoutMs = 5_000) => {
    const at = before === "highWatermark" ? before : offset(before);
    const deletions = [{ ...topicPartition, before: at }];
    const answers = partition.manager(1)?.deleteRecords({ deletions, timeoutMs });
    if (answers === undefined) throw new Error("the leader is down");
    return answers.then(([answer]) => answer);
  };
  return { time, partition, settled, remove };
}

test("records are gone everywhere when the call is answered", async () => {
  const { partition, settled, remove } = await setUp();

  const answer = await settled(remove(6));

  expect(answer).toMatchObject({ lowWatermark: 6 });
  expect([1, 2, 3].map((broker) => partition.log(broker).logStartOffset)).toEqual([6, 6, 6]);
});

test("followers hear of it at once, not with the next record", async () => {
  const { time, remove } = await setUp();
  await time.advanceAndSettle(1_000);
  const before = time.clock.monotonic();
  let answered: number | undefined;

  void remove(6).then(() => {
    answered = time.clock.monotonic();
  });
  for (let ms = 0; ms < 100; ms += 10) await time.advanceAndSettle(10);

  expect(answered).toBeDefined();
  expect((answered ?? 0) - before).toBeLessThan(100);
});

test("a broker that is there and does not follow is waited for, and named when the time is up", async () => {
  const { partition, settled, remove } = await setUp();
  partition.cut(1, 3);

  const answer = await settled(remove(6, 2_000));

  expect(answer).toMatchObject({
    error: "REQUEST_TIMED_OUT",
    message: expect.stringContaining("brokers 3 still have records before 6"),
  });
  expect(partition.log(1).logStartOffset).toBe(6);
});

test("a broker that goes is not waited for any longer", async () => {
  const { time, partition, settled, remove } = await setUp();
  partition.cut(1, 3);
  const waiting = remove(6, 60_000);
  await time.advanceAndSettle(100);

  partition.crash(3);
  await partition.tellAll();

  expect(await settled(waiting)).toMatchObject({ lowWatermark: 6 });
  expect(time.clock.monotonic()).toBeLessThan(30_000);
});

test("what is not committed cannot be deleted, and has no time to tell", async () => {
  const { partition, remove, settled } = await setUp();
  for (const follower of [2, 3]) partition.cut(1, follower);
  await settled(partition.produce(1, "the leader alone has it", 100));
  const replica = [...(partition.manager(1)?.partitions.values() ?? [])][0];
  expect(partition.log(1).logEndOffset).toBe(11);

  expect(await settled(remove(11))).toMatchObject({ error: "OFFSET_OUT_OF_RANGE" });
  expect(await replica?.describeOffsets({ offset: offset(9) })).toMatchObject({
    highWatermark: 10,
    timestamp: expect.any(Number),
  });
  expect(await replica?.describeOffsets({ offset: offset(10) })).toMatchObject({
    timestamp: undefined,
  });
  partition.heal();
  expect(await settled(remove("highWatermark"))).toMatchObject({ lowWatermark: 10 });
});

test("the ends of a log are told to who knows the leader epoch", async () => {
  const { partition } = await setUp();
  const replica = [...(partition.manager(1)?.partitions.values() ?? [])][0];

  const answer = await replica?.describeOffsets({ leaderEpoch: leaderEpoch(99) });

  expect(answer).toMatchObject({ error: "UNKNOWN_LEADER_EPOCH" });
});

test("who loses the leadership meanwhile does not vouch for the others", async () => {
  const { time, partition, settled, remove } = await setUp();
  partition.cut(1, 3);
  const waiting = remove(6, 60_000);
  await time.advanceAndSettle(100);

  partition.elect(2);
  await partition.tellAll();

  expect(await settled(waiting)).toMatchObject({ error: "NOT_LEADER_OR_FOLLOWER" });
});
