import { type FileSystem, silentLogger } from "@zoolog/base";
import { ManualTime, SimulatedDisk, seededRandom } from "@zoolog/testkit";
import { OPEN_ACL } from "../tree/access-control.ts";
import type { LoggedTransaction, Transaction } from "../tree/transaction.ts";
import { DurableJournal } from "./durable-journal.ts";
import { type Recovered, recover } from "./recovery.ts";

export const FOLDER = "/var/zookeeper";

export function newDisk(options: { seed?: number; capacityBytes?: number } = {}) {
  const { seed = 1, ...rest } = options;
  return new SimulatedDisk(rest, { random: seededRandom(seed) });
}

/** A server's storage without the server: what is appended is applied, as the core would. */
export class Store {
  readonly recovered: Recovered;
  readonly journal: DurableJournal;
  committedZxid = 0;
  failure: Error | undefined;
  readonly #applied: LoggedTransaction[] = [];
  #nextZxid: number;
  #waiting: { zxid: number; resolve: () => void }[] = [];

  private constructor(recovered: Recovered, open: (store: () => Store) => DurableJournal) {
    this.recovered = recovered;
    this.#nextZxid = recovered.epoch * 2 ** 32 + 1;
    this.journal = open(() => this);
  }

  static async open(
    fileSystem: FileSystem,
    options: { snapshotEvery?: number; time?: ManualTime } = {},
  ): Promise<Store> {
    const recovered = await recover(FOLDER, { fileSystem, logger: silentLogger });
    const { epoch, lastZxid, replayed } = recovered;
    let store: Store | undefined;
    const journal = await DurableJournal.open(
      {
        ...{ folder: FOLDER, epoch, lastZxid, replayed },
        snapshotEveryTransactions: options.snapshotEvery ?? 1_000_000,
      },
      {
        fileSystem,
        scheduler: (options.time ?? eager()).scheduler,
        random: seededRandom(epoch),
        logger: silentLogger,
        onFailure: (error) => {
          if (store !== undefined) store.failure = error;
        },
      },
    );
    const opened = new Store(recovered, () => journal);
    store = opened;
    journal.attach({
      committed: (zxid) => opened.#committed(zxid),
      beginSnapshot: () => ({
        zxid: opened.committedZxid,
        sessions: recovered.sessions,
        znodes: recovered.tree.beginSnapshot(),
      }),
    });
    return opened;
  }

  /** Resolves when the transaction is durable. */
  append(transaction: Transaction): Promise<void> {
    const logged = { zxid: this.#nextZxid++, time: 0, transaction };
    this.#applied.push(logged);
    this.journal.append(logged);
    return new Promise((resolve) => {
      this.#waiting.push({ zxid: logged.zxid, resolve });
    });
  }

  /** Creates `/<name>` below the root. */
  create(name: string, data = name): Promise<void> {
    const creations = Number(name.replace(/\D/g, "")) || 1;
    return this.append({
      ...{ type: "create", path: `/${name}`, data: Buffer.from(data), acl: OPEN_ACL },
      ...{ owner: undefined, isContainer: false, parentCreations: creations },
    });
  }

  #committed(zxid: number): void {
    this.committedZxid = zxid;
    for (const logged of this.#applied.splice(0)) {
      if (logged.zxid <= zxid) this.recovered.tree.apply(logged);
      else this.#applied.push(logged);
    }
    const done = this.#waiting.filter((waiting) => waiting.zxid <= zxid);
    this.#waiting = this.#waiting.filter((waiting) => waiting.zxid > zxid);
    for (const { resolve } of done) resolve();
  }
}

/** `soon` is a microtask, and nothing ever waits for time. */
export function eager(): ManualTime {
  const time = new ManualTime();
  const { scheduler } = time;
  return Object.assign(time, {
    scheduler: { ...scheduler, soon: (task: () => void) => queueMicrotask(task) },
  });
}

export function children(recovered: Recovered): string[] {
  return [...(recovered.tree.get("/")?.children ?? [])]
    .filter((name) => name !== "zookeeper")
    .sort();
}

export async function reopen(disk: SimulatedDisk): Promise<Recovered> {
  return recover(FOLDER, { fileSystem: disk.mount(), logger: silentLogger });
}

export const logs = (disk: SimulatedDisk) => disk.paths().filter((path) => path.endsWith(".log"));
export const snapshots = (disk: SimulatedDisk) =>
  disk.paths().filter((path) => path.endsWith(".snap"));

/** Lets that many steps of the disk and the journal happen. */
export async function turns(count: number): Promise<void> {
  for (let i = 0; i < count * 10; i++) await undefined;
}
