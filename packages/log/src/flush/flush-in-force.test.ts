import {
  brokerEpoch,
  brokerId,
  leaderEpoch,
  type Machine,
  silentLogger,
  type TopicId,
  type TopicPartition,
} from "@zoolog/base";
import { batchOf, ManualTime, readAll, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import type { Log } from "../log.ts";
import { DEFAULT_LOG_CONFIG, type FlushPolicy, type LogConfig } from "../log-config.ts";
import { LogManager } from "../log-manager.ts";

const EPOCH = { leaderEpoch: leaderEpoch(0) };
const ORDERS: TopicPartition = { topic: "orders", partition: 0 };
const topicId = "AAAAAAAAQACAAAAAAAAAAA" as TopicId;
/** The same settings are the same object, as a broker gives them. */
const CONFIGS: Readonly<Record<FlushPolicy, LogConfig>> = {
  os: DEFAULT_LOG_CONFIG,
  fsync: { ...DEFAULT_LOG_CONFIG, flush: "fsync" },
};

/** A broker of one log, over its lives: registered under 10, 20, … */
class Broker {
  readonly disk: SimulatedDisk;
  epoch = 0;
  #logs: LogManager | undefined;
  #boot = 0;

  constructor(seed = 3) {
    this.disk = new SimulatedDisk({}, { random: seededRandom(seed) });
  }

  get logs(): LogManager {
    if (this.#logs === undefined) throw new Error("the broker was not started");
    return this.#logs;
  }

  get log(): Log {
    const log = this.logs.get(ORDERS);
    if (log === undefined) throw new Error("there is no log");
    return log;
  }

  async start(): Promise<void> {
    const { disk } = this;
    const time = new ManualTime();
    const boot = this.#boot;
    const pid = 100 + this.epoch;
    const machine: Machine = {
      pid,
      usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
      bootId: async () => `boot ${boot}`,
      processIdentity: async (of) => (of === pid ? `process ${of}` : undefined),
      folderIdentity: async (path) => path,
    };
    this.#logs = await LogManager.open(
      {
        dataFolder: "/data",
        clusterId: "cluster-1",
        brokerId: brokerId(1),
        limits: { reservedBytes: 0 },
      },
      {
        fileSystem: disk.mount(),
        clock: time.clock,
        scheduler: time.scheduler,
        random: disk.random,
        machine,
        logger: silentLogger,
      },
    );
  }

  async register(): Promise<void> {
    this.epoch += 10;
    await this.logs.noteRegistered(brokerEpoch(this.epoch));
  }

  async host(flush: FlushPolicy): Promise<Log> {
    return await this.logs.getOrCreate(ORDERS, { topicId, config: CONFIGS[flush] });
  }

  crash(kind: "process" | "power", keepUnsynced = 0): void {
    this.disk.crash(kind, { keepUnsynced });
    if (kind === "power") this.#boot += 1;
  }

  get claims() {
    return Object.fromEntries(this.logs.syncedSince);
  }
}

test("a log that was always flushed says so after a power cut, and since when", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  await broker.host("fsync");
  broker.crash("power");

  await broker.start();
  expect([broker.logs.boot, broker.claims]).toEqual(["unclean", { "orders-0": 10 }]);
  await broker.register();
  await broker.host("fsync");
  expect(broker.claims).toEqual({ "orders-0": 10 });
});

test("one that was made to flush later says so since the life in which that was in force", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const log = await broker.host("os");
  await log.append([batchOf(["not on the disk"])], EPOCH);
  expect(broker.claims).toEqual({});
  broker.crash("power");

  await broker.start();
  expect(broker.claims).toEqual({});
  await broker.register();
  await broker.host("fsync");
  expect(broker.claims).toEqual({ "orders-0": 20 });
  await broker.logs.close();
});

test("one that need not flush any more waits for the disk until it does not say so any more", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const log = await broker.host("fsync");
  const withdrawal = broker.disk.hold("rename", /synced-since/);
  log.configure(CONFIGS.os);
  await log.append([batchOf(["acknowledged while it says so"])], EPOCH);
  broker.crash("power");
  withdrawal.release();

  await broker.start();
  expect(broker.claims).toEqual({ "orders-0": 10 });
  expect(await readAll(broker.log)).toEqual([[0, "acknowledged while it says so"]]);
  await broker.logs.close();
});

test("one that changes its mind while it is being said goes on to wait for the disk", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const log = await broker.host("os");
  const claim = broker.disk.hold("syncDirectory", /data$/);
  log.configure(CONFIGS.fsync);
  await pass(100);
  log.configure(CONFIGS.os);
  await log.append([batchOf(["acknowledged while it may be said"])], EPOCH);
  broker.disk.hold("rename", /synced-since/);
  claim.release();
  await pass(200);
  broker.crash("power");

  await broker.start();
  expect(broker.claims).toEqual({ "orders-0": 10 });
  expect(await readAll(broker.log)).toHaveLength(1);
  await broker.logs.close();
});

test("back and forth within one flush: what was acknowledged in between is flushed first", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const log = await broker.host("os");
  await log.append([batchOf(["before"])], EPOCH);
  // The flush is about to end: the records are on the disk, their file's name is not yet.
  const first = broker.disk.hold("syncDirectory", /orders-0$/);
  log.configure(CONFIGS.fsync);
  await pass(100);
  log.configure(CONFIGS.os);
  await log.append([batchOf(["in between"])], EPOCH);
  log.configure(CONFIGS.fsync);
  first.release();
  broker.disk.hold("datasync", /orders-0.*log$/);
  await pass(200);
  broker.crash("power");

  await broker.start();
  expect(broker.claims).toEqual({});
  await broker.logs.close();
});

test("what a process left that died before it acknowledged it is on the disk before it counts", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const log = await broker.host("fsync");
  broker.disk.hold("datasync", /orders-0.*log$/);
  log.append([batchOf(["not acknowledged"])], EPOCH).catch(() => {});
  await pass(100);
  broker.crash("process");
  await broker.start();
  expect(await readAll(broker.log)).toEqual([[0, "not acknowledged"]]);
  broker.crash("power");

  await broker.start();
  expect(broker.claims).toEqual({ "orders-0": 10 });
  expect(await readAll(broker.log)).toEqual([[0, "not acknowledged"]]);
  await broker.logs.close();
});

test("whenever the power goes while a log is made, the next start finds it with the claim, or not at all", async () => {
  const found = new Set<string>();
  for (let turns = 0; !found.has("made"); turns++) {
    for (const keepUnsynced of [0, 1]) {
      const broker = new Broker();
      await broker.start();
      await broker.register();
      let isMade = false;
      broker.host("fsync").then(
        () => (isMade = true),
        () => {},
      );
      await pass(turns);
      if (isMade) found.add("made");
      broker.crash("power", keepUnsynced);

      await broker.start();
      const { known } = broker.logs;
      if (known.length > 0) found.add("folder");
      expect(broker.claims).toEqual(known.length === 0 ? {} : { "orders-0": 10 });
      await broker.logs.close();
    }
  }
  expect(found).toEqual(new Set(["folder", "made"]));
});

test("a claim that a log left which was never made does not outlive the decision not to flush", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  const folder = broker.disk.hold("makeDirectory", /orders-0$/);
  broker.host("fsync").catch(() => {});
  await pass(200);
  broker.crash("power");
  folder.release();
  await broker.start();
  expect([broker.logs.known, broker.claims]).toEqual([[], {}]);
  await broker.register();
  await broker.host("os");
  expect(broker.claims).toEqual({});
  broker.crash("power", 1);

  await broker.start();
  expect(broker.claims).toEqual({});
  await broker.logs.close();
});

test("nothing is said before the broker's epoch is known, nor of a log that was deleted", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.host("fsync");
  expect(broker.claims).toEqual({});
  await broker.register();
  expect(broker.claims).toEqual({ "orders-0": 10 });

  await broker.logs.delete(ORDERS);
  expect(broker.claims).toEqual({});
  await broker.logs.close();
});

test("on a full disk it is said once there is room, and nothing fails", async () => {
  const broker = new Broker();
  await broker.start();
  await broker.register();
  broker.disk.inject({ effect: "ENOSPC", operations: ["write"], path: /synced-since/ });
  await broker.host("fsync");
  await broker.logs.close();

  await broker.start();
  expect(broker.claims).toEqual({ "orders-0": 10 });
  await broker.logs.close();
});

/** Lets the simulated disk go on, up to what holds it. */
async function pass(turns: number): Promise<void> {
  for (let i = 0; i < turns; i++) await undefined;
}

type Step =
  | { kind: "configure"; flush: FlushPolicy; turns: number }
  | { kind: "append"; turns: number }
  | { kind: "tick" }
  | { kind: "crash"; crash: "process" | "power"; keepUnsynced?: number; flush: FlushPolicy };

const flush = fc.constantFrom<FlushPolicy>("os", "fsync");
const turns = fc.nat({ max: 60 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("configure" as const), flush, turns }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("append" as const), turns }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("tick" as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("crash" as const),
      crash: fc.constantFrom("process" as const, "power" as const),
      keepUnsynced: fc.constantFrom(0, 0, 0.5, 1),
      flush,
    }),
  },
);

/** A broker, and the log's end that others count on as it told it. */
class Life {
  readonly #broker: Broker;
  #acknowledged = 0;

  constructor(seed: number) {
    this.#broker = new Broker(seed);
  }

  async begin(flush: FlushPolicy): Promise<void> {
    const broker = this.#broker;
    await broker.register();
    await broker.host(flush);
    // A follower that comes back has what it has: its leader counts on that at once.
    this.#acknowledged = broker.log.logEndOffset;
  }

  async run(it: Step): Promise<void> {
    const { log } = this.#broker;
    if (it.kind === "configure") log.configure(CONFIGS[it.flush]);
    if (it.kind === "tick") await log.flush();
    if (it.kind === "append") this.#append();
    if (it.kind === "crash") await this.#crash(it);
    if ("turns" in it) await pass(it.turns);
  }

  async start(): Promise<void> {
    await this.#broker.start();
    await this.begin("os");
  }

  #append(): void {
    const note = ({ lastOffset }: { lastOffset: number }) => {
      this.#acknowledged = Math.max(this.#acknowledged, lastOffset + 1);
    };
    this.#broker.log.append([batchOf(["a", "b"])], EPOCH).then(note, () => {});
  }

  async #crash(it: Extract<Step, { kind: "crash" }>): Promise<void> {
    const broker = this.#broker;
    const inSyncAt = broker.epoch;
    broker.crash(it.crash, it.keepUnsynced);
    await broker.start();
    const since = broker.claims["orders-0"];
    const isBelieved = broker.logs.boot === "clean" || (since !== undefined && since <= inSyncAt);
    if (isBelieved) expect(broker.log.logEndOffset).toBeGreaterThanOrEqual(this.#acknowledged);
    await this.begin(it.flush);
  }
}

test("whatever happens, what was acknowledged since the life that a log names survives power cuts", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 25 }), async (seed, steps) => {
      const life = new Life(seed);
      await life.start();
      for (const it of steps) await life.run(it);
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 200 },
  );
});
