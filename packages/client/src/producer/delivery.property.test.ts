/** Random senders against random faults: what must hold whatever goes wrong. */
import { type BrokerFault, ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { Client } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";

const PARTITIONS = 3;
const texts = topic("texts", { value: serde.string() });

const FAULTS: readonly BrokerFault[] = [
  "refuse",
  "breakBefore",
  "breakAfter",
  "truncate",
  "hang",
  { refuseWith: "NOT_ENOUGH_REPLICAS" },
  { refuseWith: "NOT_LEADER_OR_FOLLOWER" },
  { refuseWith: "INVALID_RECORD" },
  { late: 40 },
  { late: 700 },
  { late: 6_000 },
];

const scenario = fc.record({
  seed: fc.nat(),
  records: fc.integer({ min: 1, max: 120 }),
  /** Share of requests that fail. */
  faultiness: fc.double({ min: 0, max: 0.6, noNaN: true }),
  elections: fc.nat({ max: 4 }),
  lingerMs: fc.constantFrom(0, 5),
  batchBytes: fc.constantFrom(1_024, 4_096),
  maxInFlightBytes: fc.constantFrom(1_024, 8_192, 1 << 20),
  deliveryTimeoutMs: fc.constantFrom(2_000, 20_000),
  requestTimeoutMs: fc.constantFrom(500, 5_000),
  batchBytesMax: fc.constantFrom(900, 1 << 20),
  closeEarly: fc.boolean(),
  idempotence: fc.boolean(),
});

type Outcome = { readonly partition: number; readonly settled: number; readonly offset?: number };

async function run(options: typeof scenario extends fc.Arbitrary<infer T> ? T : never) {
  const time = new ManualTime();
  const random = seededRandom(options.seed);
  const brokers = new ScriptedBrokers(
    { count: 3, latencyMsMax: 30, batchBytesMax: options.batchBytesMax },
    { scheduler: time.scheduler, random },
  );
  brokers.createTopic("texts", PARTITIONS);
  let unknownFates = 0;
  brokers.fault = () => {
    if (random.next() >= options.faultiness) return undefined;
    const fault = FAULTS[Math.floor(random.next() * FAULTS.length)]!;
    const isLate = typeof fault === "object" && "late" in fault;
    if (fault === "breakAfter" || fault === "truncate" || fault === "hang") unknownFates += 1;
    if (isLate && fault.late > options.requestTimeoutMs - 100) unknownFates += 1;
    return fault;
  };
  const client = new Client(
    {
      brokers: brokers.endpoints,
      requestTimeoutMs: options.requestTimeoutMs,
      retry: { backoffMs: 20, backoffMaxMs: 200 },
    },
    { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
  );
  const producer = client.producer(options);
  const outcomes: Outcome[] = [];
  let bufferedMax = 0;
  const sends: Promise<void>[] = [];
  for (let index = 0; index < options.records; index++) {
    const partition = Math.floor(random.next() * PARTITIONS);
    outcomes[index] = { partition, settled: 0 };
    const settle = (offset?: number): void => {
      const settled = outcomes[index]!.settled + 1;
      outcomes[index] = { partition, settled, ...(offset === undefined ? {} : { offset }) };
    };
    const value = `${index}:${"x".repeat(Math.floor(random.next() * 400))}`;
    sends.push(
      producer.send(texts, { value, partition }).then(
        ({ offset }) => settle(offset),
        () => settle(),
      ),
    );
    bufferedMax = Math.max(bufferedMax, producer.bufferedBytes);
    if (index < options.elections) brokers.moveLeader("texts", partition);
    if (random.next() < 0.3) await time.advanceAndSettle(Math.floor(random.next() * 20));
  }
  const abort = new AbortController();
  const closed = producer.close({ signal: abort.signal });
  if (options.closeEarly) {
    await time.advanceAndSettle(100);
    abort.abort();
  }
  await time.advanceAndSettle(120_000);
  await closed;
  await Promise.all(sends);
  await client.close();
  const stored = Array.from({ length: PARTITIONS }, (_, partition) =>
    brokers
      .partition("texts", partition)
      .records()
      .map(({ offset, value }) => ({
        offset: offset as number,
        index: Number(`${value}`.split(":")[0]),
      })),
  );
  return { outcomes, stored, bufferedMax, unknownFates, producer };
}

test("every send settles once, acknowledged records are where they were said to be, in order", async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (options) => {
      const { bufferedMax, outcomes, producer, stored, unknownFates } = await run(options);

      expect(outcomes.filter(({ settled }) => settled !== 1)).toEqual([]);
      for (const [index, { offset, partition }] of outcomes.entries()) {
        if (offset === undefined) continue;
        expect(stored[partition]!.find((record) => record.offset === offset)?.index).toBe(index);
      }
      for (const records of stored) {
        const firsts = records
          .map(({ index }) => index)
          .filter((index, at, all) => all.indexOf(index) === at);
        // A request that was given up may still arrive, behind later ones: who sent it knows nothing.
        const acknowledged = firsts.filter((index) => outcomes[index]!.offset !== undefined);
        expect(acknowledged).toEqual([...acknowledged].sort((a, b) => a - b));
        // Brokers refuse it where they know who sent what: each record once, and all in order.
        const isInOrder = records.every(({ index }, at) => index > (records[at - 1]?.index ?? -1));
        if (options.idempotence) expect(isInOrder).toBe(true);
        if (unknownFates === 0) expect(records).toHaveLength(firsts.length);
      }
      expect(bufferedMax).toBeLessThan(options.maxInFlightBytes + 700);
      expect(producer.bufferedBytes).toBe(0);
    }),
    { numRuns: 150 },
  );
});
