/**
 * Random lives of one broker id on two data folders (decision 018): starts that die on the way,
 * connections lost around the registration, backups restored, sessions that another folder outlives.
 */
import { type BrokerEpoch, brokerId, type Machine, silentLogger, timestamp } from "@zoolog/base";
import { LogManager } from "@zoolog/log";
import { MemoryCoordination, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { parseBrokerConfig } from "../config/config.ts";
import { RegistrationRuntime } from "../runtimes/membership/registration-runtime.ts";
import { registrationOf } from "./part-options.ts";

const config = parseBrokerConfig([
  {
    from: "test",
    settings: { "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "z:1" },
  },
]);
const META = "/data/meta.properties";

type Crash = "process" | "power";
type Run = {
  readonly kind: "run";
  readonly folder: 0 | 1;
  /** The connection breaks around that write of the start. */
  readonly lost:
    | { readonly when: "beforeApply" | "afterApply"; readonly write: number }
    | undefined;
  /** The start dies after so many turns of the microtask queue, or just before its epoch is noted. */
  readonly dies: { readonly crash: Crash; readonly at: number | "registered" } | undefined;
  readonly end: Crash | "inOrder" | "away";
};
type Command = Run | { readonly kind: "backUp" | "restore"; readonly folder: 0 | 1 };

const folder = fc.constantFrom(0 as const, 1 as const);
const crash = fc.constantFrom<Crash>("process", "power");
/** Of some 400 until it serves. */
const at = fc.oneof(fc.nat({ max: 450 }), fc.constant("registered" as const));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("run" as const),
      folder,
      lost: fc.option(
        fc.record({
          when: fc.constantFrom("beforeApply" as const, "afterApply" as const),
          write: fc.nat({ max: 3 }),
        }),
        { nil: undefined },
      ),
      dies: fc.option(fc.record({ crash, at }), { nil: undefined }),
      end: fc.constantFrom(
        "inOrder" as const,
        "away" as const,
        "process" as const,
        "power" as const,
      ),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom("backUp" as const, "restore" as const),
      folder,
    }),
  },
);

/** A machine whose processes come and go. */
class Host implements Machine {
  pid = 100;
  boot = 1;
  usage = () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined });
  bootId = async () => `boot ${this.boot}`;
  processIdentity = async (pid: number) => (pid === this.pid ? `process ${pid}` : undefined);
  folderIdentity = async (path: string) => path;
}

/** A data folder, and the lives of the broker whose records are on it: by broker epoch. */
class Folder {
  readonly disk: SimulatedDisk;
  readonly host = new Host();
  seen = new Set<number>();
  backup: { readonly meta: Buffer; readonly seen: ReadonlySet<number> } | undefined;

  constructor(seed: number) {
    this.disk = new SimulatedDisk({}, { random: seededRandom(seed) });
  }

  crash(kind: Crash): void {
    this.disk.crash(kind);
    this.host.pid += 1;
    if (kind === "power") this.host.boot += 1;
  }

  get #meta(): Buffer | undefined {
    return this.disk.paths().includes(META) ? this.disk.contents(META) : undefined;
  }

  backUp(): void {
    const meta = this.#meta;
    if (meta !== undefined) this.backup = { meta, seen: new Set(this.seen) };
  }

  /** One of the present life is not told from the folder itself. */
  restore(): void {
    const { backup } = this;
    const present = this.#meta;
    if (backup === undefined || present === undefined) return;
    if (lifeIn(backup.meta) === lifeIn(present)) return;
    this.disk.corrupt(META, () => backup.meta);
    this.seen = new Set(backup.seen);
  }
}

const lifeIn = (meta: Buffer) => /^life\.id=(.*)$/m.exec(String(meta))?.[1];

class World {
  readonly coordination = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
  readonly folders: readonly [Folder, Folder];
  /** Broker epochs under which records may have been acknowledged. */
  readonly #served: number[] = [];
  #processes = 0;

  constructor(seed: number) {
    this.folders = [new Folder(seed), new Folder(seed + 1)];
  }

  async run(step: Command): Promise<void> {
    const of = this.folders[step.folder];
    if (step.kind === "run") await this.#live(step);
    else if (step.kind === "backUp") of.backUp();
    else of.restore();
  }

  async #live({ folder: number, lost, dies, end }: Run): Promise<void> {
    const { ensemble } = this.coordination;
    const of = this.folders[number];
    const name = `process ${this.#processes++}`;
    if (lost !== undefined) {
      let left = lost.write;
      const matches = ({ kind }: { kind: string }) => kind === "write" && left-- === 0;
      ensemble.failNext({ when: lost.when, client: name, matches });
    }
    const starting = this.#start(of, name, async () => {
      if (dies?.at === "registered") throw new Error("it dies here");
    });
    if (dies !== undefined) {
      const died = starting.catch(() => {});
      if (dies.at === "registered") await this.coordination.settled(died);
      else for (let turn = 0; turn < dies.at; turn++) await undefined;
      return this.#die(of, name, dies.crash);
    }
    const { logs, runtime, store } = await this.coordination.settled(starting);
    this.#check(of, runtime.brokerEpoch);
    if (end === "away") {
      ensemble.cut(name);
      await this.coordination.pass(7_000);
      const other = number === 0 ? 1 : 0;
      await this.#live({
        kind: "run",
        folder: other,
        lost: undefined,
        dies: undefined,
        end: "inOrder",
      });
      ensemble.heal(name);
      await this.coordination.pass(40_000);
      this.#check(of, runtime.brokerEpoch);
    }
    if (end === "process" || end === "power") return this.#die(of, name, end);
    await this.coordination.settled(runtime.close());
    await logs.close();
    await this.coordination.settled(store.close());
    of.host.pid += 1;
  }

  /** Its session lives on until its timeout. */
  #die(of: Folder, name: string, kind: Crash): void {
    this.coordination.ensemble.cut(name);
    of.crash(kind);
  }

  async #start({ disk, host }: Folder, name: string, onRegistered: () => Promise<void>) {
    const { clock, scheduler } = this.coordination.time;
    const logs = await LogManager.open(
      { dataFolder: "/data", clusterId: "c", brokerId: brokerId(1), limits: { reservedBytes: 0 } },
      {
        fileSystem: disk.mount(),
        clock,
        scheduler,
        random: disk.random,
        machine: host,
        logger: silentLogger,
      },
    );
    const store = await this.coordination.open(name);
    const bootId = await host.bootId();
    const addresses = [{ listener: "HTTP", host: "b1.example", port: 8092 }];
    const life = { addresses, logs, folder: "disk", bootId, now: timestamp(0) };
    const runtime = new RegistrationRuntime({
      registration: () => registrationOf(config, life),
      onRegistered: async (epoch) => {
        await onRegistered();
        await logs.noteRegistered(epoch);
      },
      onInForce: () => {},
      store,
      logger: silentLogger,
    });
    await runtime.start();
    return { logs, store, runtime };
  }

  /** What was served on another folder is in doubt, what was served on this one is not. */
  #check(of: Folder, epoch: BrokerEpoch | undefined): void {
    const data = this.coordination.ensemble.znodes.data("/brokers/ids/1");
    const { losses = {}, boot } = JSON.parse(String(data && Buffer.from(data)));
    type Gap = { readonly after?: number; readonly before?: number };
    const isOutdated = (e: number) =>
      (losses.outdated ?? []).some(
        ({ after = -1, before = epoch }: Gap) => e > after && e < (before ?? 0),
      );
    const isGone = (e: number) => boot === "newFolder" || e < (losses.newFolder ?? 0);
    expect(epoch).toBeDefined();
    for (const served of this.#served) {
      const isHere = of.seen.has(served);
      expect([served, isOutdated(served) || isGone(served)]).toEqual([served, !isHere]);
    }
    this.#served.push(Number(epoch));
    of.seen.add(Number(epoch));
  }
}

test("whatever becomes of two folders, a broker is believed on what was on each, and on nothing else", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(command, { maxLength: 14 }), async (seed, commands) => {
      const world = new World(seed);
      for (const step of commands) await world.run(step);
      await world.coordination.close();
    }),
    { numRuns: fc.readConfigureGlobal().numRuns ?? 100 },
  );
});
