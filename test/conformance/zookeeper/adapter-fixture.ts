import { silentLogger } from "@zoolog/base";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import { type HostileConnection, HostileZooKeeper, TcpProxy } from "@zoolog/testkit";
import {
  connectZooKeeper,
  type SessionState,
  type ZooKeeperClient,
  type ZooKeeperClientOptions,
} from "@zoolog/zookeeper";

/** Generous: a bound for hanging tests, not a measure. */
export const WAIT_MS_MAX = 30_000;
export const SESSION_TIMEOUT_MS = 2_000;

/** Of the session that `connectedPair` and `reconnected` grant. */
export const SESSION_ID = 0x1234n;

export const OP = {
  create: 1,
  exists: 3,
  getData: 4,
  setData: 5,
  auth: 100,
  setWatches: 101,
} as const;

export const DEPENDENCIES = {
  clock: systemClock,
  scheduler: systemScheduler,
  random: systemRandom,
  logger: silentLogger,
};

/** What a test opened and must not leave behind, and what nobody caught. */
export class AdapterFixture {
  readonly #clients: ZooKeeperClient[] = [];
  readonly #closers: (() => Promise<void>)[] = [];
  readonly #uncaught: unknown[] = [];
  readonly #onUncaught = (error: unknown): void => void this.#uncaught.push(error);

  constructor() {
    process.on("uncaughtException", this.#onUncaught);
    process.on("unhandledRejection", this.#onUncaught);
  }

  async connect(
    connectString: string,
    options: Partial<ZooKeeperClientOptions> = {},
    dependencies: Partial<typeof DEPENDENCIES> = {},
  ): Promise<ZooKeeperClient> {
    const client = await connectZooKeeper(
      {
        connectString,
        sessionTimeoutMs: SESSION_TIMEOUT_MS,
        connectTimeoutMs: WAIT_MS_MAX,
        ...options,
      },
      { ...DEPENDENCIES, ...dependencies },
    );
    this.#clients.push(client);
    return client;
  }

  async hostile(): Promise<HostileZooKeeper> {
    const server = await HostileZooKeeper.open();
    this.#closers.push(() => server.close());
    return server;
  }

  /** A client, and its session as the server that the test plays sees it. */
  async connectedPair(options: { readonly timeoutMs?: number } = {}) {
    const server = await this.hostile();
    const connecting = this.connect(server.address);
    const connection = await server.accept();
    await connection.answerHandshake({ id: SESSION_ID, ...options });
    const client = await connecting;
    return { server, connection, client };
  }

  async proxy(port: number): Promise<TcpProxy> {
    const proxy = await TcpProxy.open(port);
    this.#closers.push(() => proxy.close());
    return proxy;
  }

  /** Clients first: they say goodbye to their servers. Fails when something was thrown at nobody. */
  async close(): Promise<void> {
    await Promise.all(this.#clients.splice(0).map((client) => client.close()));
    for (const close of this.#closers.splice(0).reverse()) await close();
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener("uncaughtException", this.#onUncaught);
    process.removeListener("unhandledRejection", this.#onUncaught);
    expect(this.#uncaught).toEqual([]);
  }
}

export async function reconnected(server: HostileZooKeeper): Promise<HostileConnection> {
  const connection = await server.accept();
  await connection.answerHandshake({ id: SESSION_ID });
  return connection;
}

/** Of the next requests, in the order of their coming. */
export async function opCodes(connection: HostileConnection, count: number): Promise<number[]> {
  const codes: number[] = [];
  for (let i = 0; i < count; i++) codes.push((await connection.nextRequest()).opCode);
  return codes;
}

/** Resolves when the client is in the state. */
export function stateOf(client: ZooKeeperClient, state: SessionState): Promise<void> {
  return new Promise((resolve, reject) => {
    if (client.state === state) {
      resolve();
      return;
    }
    const timer = setTimeout(
      () => reject(new Error(`the client is ${client.state}, not ${state}`)),
      WAIT_MS_MAX,
    );
    const stop = client.onStateChange((now) => {
      if (now !== state) return;
      clearTimeout(timer);
      stop();
      resolve();
    });
  });
}

/** Asks until the answer is there; for things that a server does in its own time. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined> | T | undefined,
): Promise<T> {
  const giveUpAt = performance.now() + WAIT_MS_MAX;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > giveUpAt) throw new Error(`${what} did not come`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Every promise settles exactly once by nature; this tells how, in order. */
export function outcomes(calls: readonly Promise<unknown>[]): Promise<string[]> {
  return Promise.all(
    calls.map((call) =>
      call.then(
        () => "ok",
        (error: { code?: string }) => error.code ?? String(error),
      ),
    ),
  );
}

export const text = (value: string): Uint8Array => Buffer.from(value, "utf8");
