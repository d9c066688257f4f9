import { ManualTime, ReplicatedPartition, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";

/**
 * What must hold whatever happens to three brokers, their network and their controller's news:
 * - every record acknowledged with acks=all is in the log of every later leader, where it was;
 * - logs agree below the lesser of two high watermarks;
 * - within an epoch a leader's high watermark never goes back, and never past what every member of
 *   its maximal ISR has;
 * - once all is well again, all logs are equal, committed, and in sync.
 */

const BROKERS = [1, 2, 3];
const broker = fc.constantFrom(...BROKERS);

type Step =
  | { readonly do: "produce"; readonly to: number; readonly records: number }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "elect" | "crash" | "restart" | "deafen" | "undeafen"; readonly broker: number }
  | { readonly do: "cut"; readonly a: number; readonly b: number }
  | { readonly do: "heal" }
  | { readonly do: "disturb"; readonly weather: "calm" | "losing" | "slow" };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("produce" as const),
      to: broker,
      records: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("wait" as const),
      ms: fc.constantFrom(1, 5, 20, 60, 200, 700),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom(
        ...(["elect", "elect", "crash", "restart", "deafen", "undeafen"] as const),
      ),
      broker,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("cut" as const), a: broker, b: broker }),
  },
  { weight: 2, arbitrary: fc.constant({ do: "heal" as const }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("disturb" as const),
      weather: fc.constantFrom(...(["calm", "losing", "slow"] as const)),
    }),
  },
);

const WEATHER = {
  calm: { lostRequest: 0, lostAnswer: 0, duplicate: 0, delayMsMax: 0 },
  losing: { lostRequest: 0.15, lostAnswer: 0.15, duplicate: 0.2, delayMsMax: 5 },
  slow: { lostRequest: 0, lostAnswer: 0.05, duplicate: 0.3, delayMsMax: 80 },
};

class Watch {
  readonly #partition: ReplicatedPartition;
  readonly #highWatermarks = new Map<string, number>();

  constructor(partition: ReplicatedPartition) {
    this.#partition = partition;
  }

  check(): void {
    this.#checkHighWatermarks();
    this.#checkEqualBelowHighWatermark();
    this.#checkAcknowledged();
  }

  #checkHighWatermarks(): void {
    for (const id of BROKERS) {
      const state = this.#partition.state(id);
      if (state?.role !== "leader") continue;
      const { highWatermark } = state.log;
      const key = `broker ${id} in epoch ${state.leaderEpoch}`;
      const before = this.#highWatermarks.get(key) ?? 0;
      if (highWatermark < before)
        throw new Error(`${key}: ${before} went back to ${highWatermark}`);
      this.#highWatermarks.set(key, highWatermark);
      for (const member of state.maximalIsr) {
        const end = this.#partition.log(member).logEndOffset;
        if (end < highWatermark)
          throw new Error(`${key}: ${highWatermark}, but ${member} has ${end}`);
      }
    }
  }

  #checkEqualBelowHighWatermark(): void {
    const [first, ...others] = BROKERS.map((id) => this.#partition.log(id));
    if (first === undefined) return;
    for (const log of others) {
      const below = Math.min(first.highWatermark, log.highWatermark);
      const committed = (of: typeof log) =>
        of.batches.filter(({ lastOffset }) => lastOffset < below);
      const [mine, theirs] = [committed(first), committed(log)];
      if (mine.length !== theirs.length) throw new Error(`committed logs differ below ${below}`);
      for (const [index, batch] of mine.entries()) {
        if (!theirs[index]?.bytes.equals(batch.bytes)) {
          throw new Error(`committed records differ at ${batch.baseOffset}`);
        }
      }
    }
  }

  #checkAcknowledged(): void {
    const { leader } = this.#partition.assignment;
    if (leader === undefined) return;
    const { batches } = this.#partition.log(leader);
    for (const { value, offset, checksum } of this.#partition.acknowledged) {
      const found = batches.find(({ baseOffset }) => baseOffset === offset);
      if (found?.bytes.readUInt32BE(17) === checksum) continue;
      throw new Error(`"${value}", acknowledged at ${offset}, is not there in leader ${leader}`);
    }
  }
}

async function run(steps: readonly Step[], seed: number): Promise<void> {
  const time = new ManualTime();
  const partition = new ReplicatedPartition(
    { brokers: BROKERS, minInsyncReplicas: 1 + (seed % 2), lagTimeMaxMs: 400 },
    { time, random: seededRandom(seed) },
  );
  const watch = new Watch(partition);
  let produced = 0;
  const take = async (next: Step): Promise<void> => {
    switch (next.do) {
      case "produce":
        for (let i = 0; i < next.records; i++) {
          produced += 1;
          void partition.produce(next.to, `record ${produced}`, 300);
        }
        return;
      case "wait":
        for (let rest = next.ms; rest > 0; rest -= 10) {
          await time.advanceAndSettle(Math.min(10, rest));
          watch.check();
        }
        return;
      case "elect":
        partition.elect(next.broker);
        return await partition.tellAll();
      case "crash":
        partition.crash(next.broker);
        return await partition.tellAll();
      case "restart":
        partition.restart(next.broker);
        return await partition.tellAll();
      case "deafen":
      case "undeafen":
        partition.setDeaf(next.broker, next.do === "deafen");
        return await partition.tellAll();
      case "cut":
        if (next.a !== next.b) partition.cut(next.a, next.b);
        return;
      case "heal":
        return partition.heal();
      case "disturb":
        partition.faults = WEATHER[next.weather];
        return;
    }
  };
  try {
    await partition.startAll();
    for (const next of steps) {
      await take(next);
      await time.advanceAndSettle(1);
      watch.check();
    }
    await heals(partition, { time, watch });
  } finally {
    partition.close();
  }
}

async function heals(
  partition: ReplicatedPartition,
  { time, watch }: { readonly time: ManualTime; readonly watch: Watch },
): Promise<void> {
  await partition.startAll();
  for (let waited = 0; waited < 20_000; waited += 100) {
    await time.advanceAndSettle(100);
    // The image comes by itself in a cluster: changes of the ISR are part of it.
    await partition.tellAll();
    watch.check();
    if (isWhole(partition)) return;
  }
  const ends = BROKERS.map((id) => {
    const { logEndOffset, highWatermark } = partition.log(id);
    return { id, logEndOffset, highWatermark, role: partition.state(id)?.role };
  });
  throw new Error(`not whole again: ${JSON.stringify({ ends, ...partition.assignment })}`);
}

function isWhole(partition: ReplicatedPartition): boolean {
  const logs = BROKERS.map((id) => partition.log(id));
  const [first] = logs;
  if (first === undefined || partition.assignment.isr.length < BROKERS.length) return false;
  return logs.every(
    (log) =>
      log.logEndOffset === first.logEndOffset &&
      log.highWatermark === log.logEndOffset &&
      log.batches.every(({ bytes }, index) => first.batches[index]?.bytes.equals(bytes)),
  );
}

test("nothing acknowledged is lost, and no two histories are shown, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 5, maxLength: 60, size: "max" }),
      fc.nat({ max: 1_000 }),
      run,
    ),
    { numRuns: 60, endOnFailure: true },
  );
});
