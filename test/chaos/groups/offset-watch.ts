import { silentLogger } from "@zoolog/base";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import type { GroupEntry } from "@zoolog/testkit";
import { connectZooKeeper } from "@zoolog/zookeeper";
import { machineMs } from "./machine-clock.ts";

type ZooKeeper = Awaited<ReturnType<typeof connectZooKeeper>>;

const LOOK_MS = 100;
const CONNECT_MS_MAX = 60_000;

/** Looks at a group's committed offsets where they are: in ZooKeeper, as an operator would. */
export class OffsetWatch {
  readonly entries: GroupEntry[] = [];
  /** Newest offset by partition. */
  readonly committed = new Map<number, number>();
  /** Every generation or epoch that the group's znode has shown. */
  readonly epochs = new Set<number>();
  readonly #options: WatchOptions;
  readonly #zxids = new Map<number, number>();
  #zookeeper: ZooKeeper | undefined;
  #task: Promise<void> | undefined;
  #stopped = false;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#task = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#task;
    await this.#zookeeper?.close();
  }

  /** Looks after everything that was written before; answers whether ZooKeeper let it. */
  async lookNow(): Promise<boolean> {
    try {
      const zookeeper = await this.#connected();
      await zookeeper.barrier();
      await this.#look(zookeeper);
      return true;
    } catch {
      return false;
    }
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#look(await this.#connected());
      } catch {
        // No quorum, or nothing is committed yet.
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #connected(): Promise<ZooKeeper> {
    const known = this.#zookeeper;
    if (known !== undefined && known.state !== "expired" && known.state !== "closed") return known;
    const { connectString } = this.#options;
    this.#zookeeper = await connectZooKeeper(
      { connectString, sessionTimeoutMs: 10_000, connectTimeoutMs: CONNECT_MS_MAX },
      {
        clock: systemClock,
        scheduler: systemScheduler,
        random: systemRandom,
        logger: silentLogger,
      },
    );
    return this.#zookeeper;
  }

  async #look(zookeeper: ZooKeeper): Promise<void> {
    const { group, partitions, topic } = this.#options;
    const folder = `/consumers/${group}`;
    const { data } = await zookeeper.getData(folder);
    const value = JSON.parse(Buffer.from(data).toString()) as Record<string, number>;
    const epoch = value["epoch"] ?? value["generation"];
    if (epoch !== undefined) this.epochs.add(epoch);
    const reads = Array.from({ length: partitions }, async (_, partition) => {
      const znode = await zookeeper
        .getData(`${folder}/offsets/${topic}/${partition}`)
        .catch(absent);
      if (znode === undefined || znode.stat.mzxid === this.#zxids.get(partition)) return;
      const { offset } = JSON.parse(Buffer.from(znode.data).toString()) as { offset: number };
      const zxid = znode.stat.mzxid;
      this.#zxids.set(partition, zxid);
      this.committed.set(partition, offset);
      this.entries.push({ f: "committed", at: machineMs(), partition, offset, zxid });
    });
    await Promise.all(reads);
  }
}

type WatchOptions = {
  /** With the brokers' chroot. */
  readonly connectString: string;
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
};

function absent(error: { readonly code?: string }): undefined {
  if (error.code !== "NO_NODE") throw error;
}
