import {
  brokerEpoch,
  brokerId,
  coordinatorEpoch,
  leaderEpoch,
  offset,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import { type GroupChange, openZooKeeperStore, type SlotWriter } from "@zoolog/coordination";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import { startZooKeeperEnsemble } from "@zoolog/testkit";
import { connectZooKeeper, type ZooKeeperClient } from "@zoolog/zookeeper";
import type { Measurement } from "./harness/measurement.ts";

const SECONDS = 8;
/** The JVMs compile what is hot meanwhile. */
const WARM_UP_SECONDS = 5;
/** What is offered: somewhat more than is asked for. At what an ensemble can do, all queues grow. */
const OFFSETS_PER_SECOND = 26_000;
/** A commit call of a consumer: some of its partitions. */
const PARTITIONS_PER_COMMIT = 10;
const TICK_MS = 5;
const CONSUMERS_WITHOUT_PAUSE = 10;
/** Of the ceiling: as `coordination` cuts its multis, and an offset's JSON in them. */
const RAW_ZNODES = 9_980;
const OPERATIONS_PER_MULTI = 499;
const MULTIS_AT_ONCE = 16;
const OFFSET_ZNODE_BYTES = 125;
const NOTHING = new Uint8Array(0);
const TOPIC_ID = "offset-commits-topic--" as TopicId;

/**
 * Offsets committed through one slot on a real ensemble of three servers, all on this machine and its
 * one disk, as operators run them: their JVM, each write synced. Of few partitions most commits are
 * replaced while they wait; of many most are written.
 */
export async function measureOffsetCommits(): Promise<Measurement[]> {
  const ensemble = await startZooKeeperEnsemble({
    servers: 3,
    jvm: "operated",
    fsync: true,
  });
  try {
    const slot = await openSlot(ensemble.connectString);
    const few = await commitAll(slot.writer, 1_000);
    const many = await commitAll(slot.writer, 10_000);
    const most = await commitWithoutPause(slot.writer);
    await slot.close();
    const ceiling = await setDataPerSecond(ensemble.connectString);
    return [
      ...report("1,000 partitions", few),
      ...report("10,000 partitions", many),
      {
        name: "offset commits through one slot, 10,000 partitions, as many as go",
        value: most,
        unit: "offsets/s",
        ceiling: { name: "plain multis", value: ceiling },
        bar: { ratioMin: 0.7 },
      },
    ];
  } finally {
    await ensemble.close();
  }
}

/**
 * What the ensemble does at best: the same number of znodes of the same size, in multis as large and
 * as many at once as a coordinator's, one after the other without a pause, by the same client.
 */
async function setDataPerSecond(connectString: string): Promise<number> {
  const client = await connect(connectString);
  await client.create("/raw", NOTHING);
  const multis = Array.from({ length: RAW_ZNODES / OPERATIONS_PER_MULTI }, (_, multi) =>
    Array.from({ length: OPERATIONS_PER_MULTI }, (_, i) => ({
      path: `/raw/consumers-group-${multi}-offsets-orders-${i}`,
      data: Buffer.alloc(OFFSET_ZNODE_BYTES, "x"),
    })),
  );
  for (const operations of multis) {
    await client.multi(operations.map((one) => ({ type: "create", ...one })));
  }
  let written = 0;
  const began = performance.now();
  const countedFrom = began + WARM_UP_SECONDS * 1_000;
  const until = countedFrom + SECONDS * 1_000;
  let next = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < until) {
      const operations = multis[next++ % multis.length] ?? [];
      await client.multi(operations.map((one) => ({ type: "setData", ...one })));
      const now = performance.now();
      if (now > countedFrom && now < until) written += operations.length;
    }
  };
  await Promise.all(Array.from({ length: MULTIS_AT_ONCE }, lane));
  await client.close();
  return written / SECONDS;
}

function connect(connectString: string): Promise<ZooKeeperClient> {
  return connectZooKeeper(
    { connectString, sessionTimeoutMs: 10_000, connectTimeoutMs: 20_000 },
    { clock: systemClock, scheduler: systemScheduler, random: systemRandom, logger: silentLogger },
  );
}

async function openSlot(connectString: string): Promise<{
  readonly writer: SlotWriter;
  readonly close: () => Promise<void>;
}> {
  const store = await openZooKeeperStore(
    {},
    {
      connect: () => connect(connectString),
      clock: systemClock,
      scheduler: systemScheduler,
      logger: silentLogger,
    },
  );
  const election = await store.electController(brokerId(0));
  if (election.outcome !== "elected") throw new Error("somebody else is the controller");
  const epoch = coordinatorEpoch(0);
  await election.writer.writeSlots([
    {
      slot: 0,
      expectedCoordinatorEpoch: undefined,
      coordinatorEpoch: epoch,
      brokerId: brokerId(0),
      brokerEpoch: brokerEpoch(0),
      controllerEpoch: election.writer.controllerEpoch,
    },
  ]);
  const [writer] = await store.openSlots([{ slot: 0, coordinatorEpoch: epoch }]);
  if (writer === undefined) throw new Error("somebody else has the slot");
  return { writer, close: () => store.close() };
}

type Result = { readonly offsetsPerSecond: number; readonly latenciesMs: readonly number[] };

/** Offers commits at an even pace, whether they are answered or not, and waits for the last one. */
async function commitAll(writer: SlotWriter, partitions: number): Promise<Result> {
  // The first commit of a partition makes a znode; that is another figure.
  for (let from = 0; from < partitions; from += PARTITIONS_PER_COMMIT) {
    if (from % 1_000 === 0) await writer.write(commitOf(from, partitions));
    else writer.write(commitOf(from, partitions)).catch(() => {});
  }
  const commitsPerTick = (OFFSETS_PER_SECOND * TICK_MS) / 1_000 / PARTITIONS_PER_COMMIT;
  const latenciesMs: number[] = [];
  const underWay = new Set<Promise<void>>();
  let next = 0;
  let counted = 0;
  const began = performance.now();
  const countedFrom = began + WARM_UP_SECONDS * 1_000;
  const until = countedFrom + SECONDS * 1_000;
  for (let tick = 0; performance.now() < until; tick++) {
    for (let i = 0; i < commitsPerTick; i++) {
      const asked = performance.now();
      const commit = writer.write(commitOf(next, partitions)).then(() => {
        underWay.delete(commit);
        const now = performance.now();
        if (asked < countedFrom) return;
        latenciesMs.push(now - asked);
        if (now <= until) counted += PARTITIONS_PER_COMMIT;
      });
      underWay.add(commit);
      next += PARTITIONS_PER_COMMIT;
    }
    const wait = began + (tick + 1) * TICK_MS - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
  }
  await Promise.all(underWay);
  return { offsetsPerSecond: counted / SECONDS, latenciesMs: latenciesMs.sort((a, b) => a - b) };
}

/** Each of some consumers commits its own partitions again as soon as it is answered. */
async function commitWithoutPause(writer: SlotWriter): Promise<number> {
  const partitions = 10_000;
  const share = partitions / CONSUMERS_WITHOUT_PAUSE;
  let counted = 0;
  const countedFrom = performance.now() + WARM_UP_SECONDS * 1_000;
  const until = countedFrom + SECONDS * 1_000;
  const consumer = async (first: number): Promise<void> => {
    for (let from = first; performance.now() < until; from += partitions) {
      await writer.write(commitOf(from, partitions, share));
      const now = performance.now();
      if (now > countedFrom && now < until) counted += share;
    }
  };
  const firsts = Array.from({ length: CONSUMERS_WITHOUT_PAUSE }, (_, i) => i * share);
  await Promise.all(firsts.map(consumer));
  return counted / SECONDS;
}

function commitOf(from: number, partitions: number, length = PARTITIONS_PER_COMMIT): GroupChange[] {
  return Array.from({ length }, (_, i): GroupChange => {
    const partition = (from + i) % partitions;
    return {
      type: "offset",
      groupId: `group-${partition % 100}`,
      topic: "orders",
      partition,
      value: {
        offset: offset(from + i),
        leaderEpoch: leaderEpoch(0),
        metadata: "",
        committedAt: systemClock.now(),
        topicId: TOPIC_ID,
      },
    };
  });
}

function report(of: string, { offsetsPerSecond, latenciesMs }: Result): Measurement[] {
  const p99 = latenciesMs[Math.floor(latenciesMs.length * 0.99)] ?? 0;
  return [
    {
      name: `offset commits through one slot, ${of}`,
      value: offsetsPerSecond,
      unit: "offsets/s",
      bar: { valueMin: 25_000 },
    },
    {
      name: `until such a commit is answered, p99, ${of}`,
      value: p99,
      unit: "ms",
      bar: { valueMax: 250 },
    },
  ];
}
