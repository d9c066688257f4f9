import { offset } from "@zoolog/base";
import type { BrokerApi, CallContext } from "@zoolog/broker";
import { encodeRecordBatch, splitBatches } from "@zoolog/protocol";
import { SimulatedBroker } from "@zoolog/testkit";

const CALL: CallContext = {
  signal: new AbortController().signal,
  clientId: "test",
  remoteAddress: "in-process",
  principal: { kind: "anonymous" },
  holdWhile: <T>(task: Promise<T>) => task,
};

const LANES = 8;

async function createTopic(api: BrokerApi, configs: Record<string, string>): Promise<void> {
  const topics = [{ topic: "t", configs }];
  await api.createTopics({ timeoutMs: 10_000, validateOnly: false, topics }, CALL);
}

/** Acknowledges unique values until `count` are there, then crashes; answers what was acknowledged. */
async function produceUntilCrash(
  simulated: SimulatedBroker,
  kind: "process" | "power",
  count: number,
): Promise<Map<number, string>> {
  const { api } = simulated.broker;
  const acknowledged = new Map<number, string>();
  let sent = 0;
  let crashed = false;
  const lane = async (): Promise<void> => {
    while (!crashed) {
      const value = `value-${sent++}`;
      const records = encodeRecordBatch([{ timestamp: 1, value }]);
      const topics = [{ topic: "t", partitions: [{ partition: 0, records }] }];
      const answer = await api.produce({ requiredAcks: "all", timeoutMs: 5_000, topics }, CALL);
      const produced = answer.topics[0]!.partitions[0]!;
      if ("error" in produced || produced.baseOffset === undefined) return;
      acknowledged.set(produced.baseOffset, value);
      if (acknowledged.size !== count) continue;
      crashed = true;
      await simulated.crash(kind);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return acknowledged;
}

async function readAll(api: BrokerApi): Promise<Map<number, string>> {
  const values = new Map<number, string>();
  for (let fetchOffset = offset(0); ; ) {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }];
    const { topics } = await api.fetch(
      {
        maxWaitMs: 0,
        minBytes: 0,
        maxBytes: 1_000_000,
        isolation: "readUncommitted",
        topics: [{ topic: "t", partitions }],
      },
      CALL,
    );
    const fetched = topics[0]!.partitions[0]!;
    if ("error" in fetched) throw new Error(JSON.stringify(fetched.error));
    if (fetched.records.length === 0) return values;
    for (const batch of splitBatches(Buffer.concat(fetched.records))) {
      for (const record of batch.records()) values.set(record.offset, String(record.value));
      fetchOffset = batch.nextOffset;
    }
  }
}

const brokers: SimulatedBroker[] = [];

function opened(simulated: SimulatedBroker): SimulatedBroker {
  brokers.push(simulated);
  return simulated;
}

/** Also after a failure: an open port would keep the whole run from ending. */
afterEach(async () => {
  for (const simulated of brokers.splice(0)) await simulated.close();
});

const seeds = Array.from({ length: 12 }, (_, index) => index + 1);

test.each([
  ["a kill -9", "process", "os"],
  ["a kill -9", "process", "fsync"],
  ["a power cut", "power", "fsync"],
] as const)(
  "%s (%s) with flush=%s loses nothing that was acknowledged, twice in a row",
  async (_, kind, flush) => {
    for (const seed of seeds) {
      const simulated = opened(new SimulatedBroker({ seed }));
      await simulated.start();
      await createTopic(simulated.broker.api, { flush, "segment.bytes": "4096" });
      const acknowledged = new Map<number, string>();
      for (let crashes = 0; crashes < 2; crashes++) {
        const count = 20 + seed * 7;
        const now = await produceUntilCrash(simulated, kind, count);
        for (const [at, value] of now) acknowledged.set(at, value);
        await simulated.start();
        const kept = await readAll(simulated.broker.api);
        const lost = [...acknowledged].filter(([at, value]) => kept.get(at) !== value);
        expect({ seed, crashes, lost }).toEqual({ seed, crashes, lost: [] });
        expect([...kept.keys()]).toEqual([...kept.keys()].map((_key, index) => index));
      }
      await simulated.close();
    }
  },
);

test("with flush=os a power cut leaves a beginning of what was acknowledged, and it serves", async () => {
  const losses: number[] = [];
  for (const seed of seeds) {
    const simulated = opened(new SimulatedBroker({ seed }));
    await simulated.start();
    await createTopic(simulated.broker.api, { flush: "os" });
    const acknowledged = await produceUntilCrash(simulated, "power", 50 + seed);
    await simulated.start();

    const kept = await readAll(simulated.broker.api);

    losses.push(acknowledged.size - kept.size);
    for (const [at, value] of kept) {
      if (acknowledged.has(at)) expect(value).toBe(acknowledged.get(at));
    }
    expect([...kept.keys()]).toEqual([...kept.keys()].map((_key, index) => index));
    await simulated.close();
  }
  // The disk does lose what was not synced: otherwise the tests above would prove nothing.
  expect(Math.max(...losses)).toBeGreaterThan(0);
});

test("a broker whose ZooKeeper is away still shuts down in order", async () => {
  const simulated = new SimulatedBroker({ seed: 1 });
  const broker = await simulated.start();
  await createTopic(broker.api, {});
  simulated.cutZooKeeper();

  await broker.close();

  expect(simulated.disk.paths()).toContain("/data/.kafka_cleanshutdown");
});
