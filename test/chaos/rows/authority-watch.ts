import { silentLogger } from "@zoolog/base";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import { connectZooKeeper } from "@zoolog/zookeeper";
import { EpochRules } from "./epoch-rules.ts";

type ZooKeeper = Awaited<ReturnType<typeof connectZooKeeper>>;

type WatchOptions = {
  /** With the brokers' chroot. */
  readonly connectString: string;
  readonly topic: string;
  readonly partitions: number;
};

const LOOK_MS = 100;
const CONNECT_MS_MAX = 60_000;
const SESSION_MS = 10_000;

/** Looks at what controllers write, in ZooKeeper, while everything else is under faults. */
export class AuthorityWatch {
  readonly #options: WatchOptions;
  readonly #rules = new EpochRules();
  #zookeeper: ZooKeeper | undefined;
  #task: Promise<void> | undefined;
  #stopped = false;
  /** How often everything was seen. */
  looks = 0;

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  get violations(): readonly string[] {
    return this.#rules.violations;
  }

  start(): void {
    this.#task = this.#run();
  }

  /** Idempotent. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#task;
    await this.#zookeeper?.close();
  }

  /** The epoch of each broker that is registered: a new one for each session. */
  async brokerEpochs(brokerIds: readonly number[]): Promise<readonly number[]> {
    const zookeeper = await this.#connected();
    const looks = brokerIds.map(async (brokerId) => {
      const { stat } = await zookeeper.getData(`/brokers/ids/${brokerId}`);
      return stat.czxid;
    });
    return Promise.all(looks);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#look(await this.#connected());
        this.looks += 1;
      } catch {
        // No quorum, or the server was killed: the next look sees what came of it.
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  async #look(zookeeper: ZooKeeper): Promise<void> {
    const { topic, partitions } = this.#options;
    const { data, stat } = await zookeeper.getData("/controller_epoch");
    this.#rules.sawController(Number(Buffer.from(data).toString()), stat.mzxid);
    const looks = Array.from({ length: partitions }, async (_, partition) => {
      const path = `/brokers/topics/${topic}/partitions/${partition}/state`;
      const state = await zookeeper.getData(path);
      const value = JSON.parse(Buffer.from(state.data).toString()) as {
        readonly leader: number;
        readonly leader_epoch: number;
        readonly controller_epoch: number;
      };
      this.#rules.sawState({
        partition,
        leader: value.leader,
        leaderEpoch: value.leader_epoch,
        controllerEpoch: value.controller_epoch,
        mzxid: state.stat.mzxid,
      });
    });
    await Promise.all(looks);
  }

  async #connected(): Promise<ZooKeeper> {
    const known = this.#zookeeper;
    if (known !== undefined && known.state !== "expired" && known.state !== "closed") return known;
    this.#zookeeper = await connectZooKeeper(
      {
        connectString: this.#options.connectString,
        sessionTimeoutMs: SESSION_MS,
        connectTimeoutMs: CONNECT_MS_MAX,
      },
      {
        clock: systemClock,
        scheduler: systemScheduler,
        random: systemRandom,
        logger: silentLogger,
      },
    );
    return this.#zookeeper;
  }
}
