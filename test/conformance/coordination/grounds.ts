import { silentLogger } from "@zoolog/base";
import { hostDependencies } from "@zoolog/broker";
import { type CoordinationStore, openZooKeeperStore } from "@zoolog/coordination";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import { MemoryEnsemble, startZooKeeperEnsemble, TcpProxy } from "@zoolog/testkit";
import { connectZooKeeper, startZooKeeperServer, type ZooKeeperClient } from "@zoolog/zookeeper";

/** The shortest that a server with ticks of 500 ms grants. */
export const SESSION_TIMEOUT_MS = 1_000;
const TICK_TIME_MS = 500;
const CONNECT_TIMEOUT_MS = 20_000;

/** What a store can stand on. One is shared by all tests, a `Ground` of it is one test's own. */
export type Foundation = {
  readonly ground: () => Promise<Ground>;
  readonly close: () => Promise<void>;
};

/** An empty ensemble, as far as the test can see, and the ways to it, by name. */
export interface Ground {
  connect(name: string): Promise<ZooKeeperClient>;
  /** The connection breaks and may come back at once. */
  disconnect(name: string): void;
  /** No way through until `heal`. */
  cut(name: string): void;
  heal(name: string): void;
  close(): Promise<void>;
}

export function openStore(ground: Ground, name: string): Promise<CoordinationStore> {
  return openZooKeeperStore(
    {},
    {
      connect: () => ground.connect(name),
      clock: systemClock,
      scheduler: systemScheduler,
      logger: silentLogger,
    },
  );
}

export const FOUNDATIONS: Readonly<Record<string, () => Promise<Foundation>>> = {
  "the ensemble in memory": async () => ({
    ground: async () => new MemoryGround(),
    close: async () => {},
  }),
  "the embedded server": async () => {
    const server = await startZooKeeperServer(
      { port: 0, tickTimeMs: TICK_TIME_MS, connectionsPerAddressMax: 0 },
      hostDependencies({ logger: silentLogger }),
    );
    return foundationOn(server.port, () => server.close());
  },
  "Apache ZooKeeper": async () => {
    const ensemble = await startZooKeeperEnsemble({ servers: 1, tickTimeMs: TICK_TIME_MS });
    return foundationOn(ensemble.port(0), () => ensemble.close());
  },
};

function foundationOn(port: number, close: () => Promise<void>): Foundation {
  let grounds = 0;
  return { ground: async () => new ProxiedGround(port, `/ground-${++grounds}`), close };
}

class MemoryGround extends MemoryEnsemble implements Ground {
  constructor() {
    super(
      { sessionTimeoutMs: SESSION_TIMEOUT_MS },
      { clock: systemClock, scheduler: systemScheduler },
    );
  }

  async close(): Promise<void> {}
}

/** A real server, each way to it through a proxy of its own, each test below a chroot of its own. */
class ProxiedGround implements Ground {
  readonly #port: number;
  readonly #chroot: string;
  readonly #proxies = new Map<string, Promise<TcpProxy>>();
  readonly #opened = new Map<string, TcpProxy>();

  constructor(port: number, chroot: string) {
    this.#port = port;
    this.#chroot = chroot;
  }

  async connect(name: string): Promise<ZooKeeperClient> {
    const proxy = await this.#proxyOf(name);
    return connectZooKeeper(
      {
        connectString: `${proxy.address}${this.#chroot}`,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
      },
      {
        clock: systemClock,
        scheduler: systemScheduler,
        random: systemRandom,
        logger: silentLogger,
      },
    );
  }

  disconnect(name: string): void {
    this.#opened.get(name)?.drop();
  }

  cut(name: string): void {
    this.#opened.get(name)?.cut();
  }

  heal(name: string): void {
    this.#opened.get(name)?.heal();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#opened.values()].map((proxy) => proxy.close()));
  }

  #proxyOf(name: string): Promise<TcpProxy> {
    const known = this.#proxies.get(name);
    if (known !== undefined) return known;
    const opening = TcpProxy.open(this.#port).then((proxy) => {
      this.#opened.set(name, proxy);
      return proxy;
    });
    this.#proxies.set(name, opening);
    return opening;
  }
}
