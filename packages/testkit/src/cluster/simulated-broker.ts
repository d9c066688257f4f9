import { type Logger, type Machine, silentLogger } from "@zoolog/base";
import { Broker, type BrokerConfig, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { MemoryEnsemble } from "../coordination/memory-ensemble.ts";
import { SimulatedDisk } from "../file-system/simulated-disk.ts";
import { ManualTime } from "../manual-time.ts";
import { seededRandom } from "../seeded-random.ts";

const DATA_FOLDER = "/data";

/** Generous: a whole broker on a loaded machine. */
const READY_TIMEOUT_MS = 30_000;

/**
 * A broker that is real but for its disk and its ZooKeeper, both in memory: it can be killed, and
 * its machine can lose power, as often as a test likes. Time is the machine's.
 */
export class SimulatedBroker {
  readonly disk: SimulatedDisk;
  readonly #ensemble = new MemoryEnsemble({}, new ManualTime());
  readonly #settings: Readonly<Record<string, unknown>>;
  readonly #logger: Logger;
  #broker: Broker | undefined;
  #lives = 0;
  #boots = 1;

  constructor(options: {
    readonly seed: number;
    readonly settings?: Readonly<Record<string, unknown>>;
    readonly logger?: Logger;
  }) {
    this.disk = new SimulatedDisk({}, { random: seededRandom(options.seed) });
    this.#settings = options.settings ?? {};
    this.#logger = options.logger ?? silentLogger;
  }

  get broker(): Broker {
    if (this.#broker === undefined) throw new Error("the broker does not run");
    return this.#broker;
  }

  /** Starts the broker on what its disk holds; it serves when this resolves. */
  async start(): Promise<Broker> {
    this.#lives += 1;
    const life = `life-${this.#lives}`;
    const broker = await Broker.start(this.#config(), {
      ...hostDependencies({ logger: this.#logger }),
      fileSystem: this.disk.mount(),
      machine: this.#machine(life),
      connectZooKeeper: () => this.#ensemble.connect(life),
    });
    this.#broker = broker;
    if (!(await broker.ready(READY_TIMEOUT_MS))) throw new Error("the broker is not ready");
    return broker;
  }

  /** The process dies, or the machine with it; nothing it still tries reaches disk or ZooKeeper. */
  async crash(kind: "process" | "power"): Promise<void> {
    const { broker } = this;
    this.disk.crash(kind);
    this.cutZooKeeper();
    if (kind === "power") this.#boots += 1;
    this.#broker = undefined;
    // Only to give back what a dead process would: its port and its timers.
    await broker.close();
    // No machine is up again before the session of its former life has ended.
    if (kind === "power") this.#ensemble.expire(`life-${this.#lives}`);
  }

  /** ZooKeeper cannot be reached any more by this life of the broker. */
  cutZooKeeper(): void {
    this.#ensemble.cut(`life-${this.#lives}`);
  }

  async close(): Promise<void> {
    await this.#broker?.close();
    this.#broker = undefined;
  }

  #config(): BrokerConfig {
    const settings = {
      "broker.id": 1,
      "data.dir": DATA_FOLDER,
      "zookeeper.connect": "in-memory:1",
      "http.port": 0,
      "kafka.enabled": false,
      "shutdown.timeout.ms": 0,
      ...this.#settings,
    };
    return parseBrokerConfig([{ from: "simulated broker", settings }]);
  }

  /** Each life is another process; after a power cut the machine has another boot id. */
  #machine(life: string): Machine {
    const pid = 1_000 + this.#lives;
    const bootId = `boot-${this.#boots}`;
    return {
      pid,
      usage: () => ({ residentBytes: 0, heapBytes: 0, eventLoopDelayMs: undefined }),
      bootId: async () => bootId,
      processIdentity: async (of) => (of === pid ? life : undefined),
      folderIdentity: async (path) => path,
    };
  }
}
