import {
  type Clock,
  type Connection,
  type FileSystem,
  type Listener,
  type Logger,
  lockFolder,
  type Machine,
  makeUsableFolder,
  type Network,
  type Random,
  type Scheduler,
} from "@zoolog/base";
import { ServerCore, type ServerState } from "./server-core.ts";
import { ClientSockets } from "./sockets/client-sockets.ts";
import { DurableJournal } from "./storage/durable-journal.ts";
import { MemoryJournal } from "./storage/memory-journal.ts";
import { recover } from "./storage/recovery.ts";
import { DataTree } from "./tree/data-tree.ts";

/** What can be chosen; everything has a default that suits one machine. */
export type ZooKeeperServerOptions = {
  /** Default `127.0.0.1`: who reaches the port may do everything the ACLs allow. */
  readonly host?: string;
  /** Default 2181; 0 asks for any free one. */
  readonly port?: number;
  /** Where transactions and snapshots live. Without one everything is in memory only. */
  readonly dataFolder?: string;
  /** Milliseconds; the unit of session expiry. Default 2000. */
  readonly tickTimeMs?: number;
  /** Smallest session timeout granted. Default 2 ticks. */
  readonly sessionTimeoutMsMin?: number;
  /** Largest session timeout granted. Default 20 ticks. */
  readonly sessionTimeoutMsMax?: number;
  /** Connections from one address; one more is closed. Default 60, 0 means no limit. */
  readonly connectionsPerAddressMax?: number;
  /** Connections in total; one more is closed. Default 1000. */
  readonly connectionsMax?: number;
  /** Largest request (`jute.maxbuffer`); a larger one costs its connection. Default 1,048,575. */
  readonly requestBytesMax?: number;
  /** Transactions between two snapshots. Default 20,000. */
  readonly snapshotEveryTransactions?: number;
};

export type ZooKeeperServerDependencies = {
  readonly network: Network;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** Locks the data folder against other processes; a simulated disk has none to fear. */
  readonly machine?: Machine;
  /**
   * The server has ended by itself: its disk failed, so nothing more can be acknowledged. All
   * connections are closed already; `close()` still frees the rest.
   */
  readonly onFailure?: (error: Error) => void;
};

/** A running server. */
export interface ZooKeeperServer {
  readonly host: string;
  readonly port: number;
  /** Stops accepting, ends connections, flushes, closes files. Sessions stay alive on disk. */
  close(): Promise<void>;
}

const DEFAULTS = {
  host: "127.0.0.1",
  port: 2181,
  tickTimeMs: 2000,
  connectionsPerAddressMax: 60,
  connectionsMax: 1000,
  requestBytesMax: 0xfffff,
  /** A restart replays as many at most: a fraction of a second. */
  snapshotEveryTransactions: 20_000,
};

type Settings = typeof DEFAULTS & {
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
  readonly dataFolder: string | undefined;
};

/** What the server keeps its transactions in, opened and empty or recovered. */
type Store = {
  readonly epoch: number;
  readonly state: ServerState;
  readonly journal: DurableJournal | MemoryJournal;
};

/** Without a data folder there is nothing from before. */
const FIRST_EPOCH = 1;

/**
 * Starts ZooKeeper for one machine: the client protocol of ZooKeeper 3.8, kept in `dataFolder`.
 *
 * The port is bound before the data is touched: a second server on the same port finds out before
 * it could harm the data of the first. Clients that come in meanwhile wait.
 *
 * @throws an error with `code` `EADDRINUSE` or `EACCES` when the address cannot be bound.
 * @throws ZoologError `ZOOKEEPER_DATA_CORRUPT` when what is on disk is damaged,
 *   `DATA_FOLDER_UNUSABLE`, and `DATA_FOLDER_LOCKED` when another process uses the folder.
 */
export async function startZooKeeperServer(
  options: ZooKeeperServerOptions,
  dependencies: ZooKeeperServerDependencies,
): Promise<ZooKeeperServer> {
  const settings = settingsOf(options);
  const early = new Set<Connection>();
  let accept = (connection: Connection): void => {
    early.add(connection);
    connection.onClose(() => early.delete(connection));
  };
  const listener = await dependencies.network.listen(settings, (connection) => accept(connection));
  let unlock = async (): Promise<void> => {};
  try {
    unlock = await lockData(settings.dataFolder, dependencies);
    const server = await EmbeddedServer.open(settings, listener, dependencies);
    accept = (connection) => server.accept(connection);
    for (const connection of early) accept(connection);
    const { host, port } = server;
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      closing ??= server.close().finally(unlock);
      return closing;
    };
    return { host, port, close };
  } catch (error) {
    await unlock();
    await listener.close();
    throw error;
  }
}

/**
 * Two servers on different ports that write one folder would each miss the other's transactions,
 * and the next start would find them missing. Answers what ends the lock.
 */
async function lockData(
  dataFolder: string | undefined,
  { machine, ...dependencies }: ZooKeeperServerDependencies,
): Promise<() => Promise<void>> {
  if (dataFolder === undefined || machine === undefined) return async () => {};
  await makeUsableFolder(dataFolder, dependencies);
  const { release } = await lockFolder(dataFolder, { ...dependencies, machine });
  return release;
}

function settingsOf(options: ZooKeeperServerOptions): Settings {
  const settings = { ...DEFAULTS, dataFolder: undefined, ...options };
  const { tickTimeMs } = settings;
  return {
    ...settings,
    sessionTimeoutMsMin: options.sessionTimeoutMsMin ?? 2 * tickTimeMs,
    sessionTimeoutMsMax: options.sessionTimeoutMsMax ?? 20 * tickTimeMs,
  };
}

class EmbeddedServer implements ZooKeeperServer {
  readonly host: string;
  readonly port: number;
  readonly #listener: Listener;
  readonly #sockets: ClientSockets;
  readonly #store: Store;
  readonly #stopTicking: () => void;
  #isStopped = false;
  #closing: Promise<void> | undefined;

  private constructor(
    settings: Settings,
    dependencies: ZooKeeperServerDependencies & {
      readonly listener: Listener;
      readonly store: Store;
    },
  ) {
    const { clock, logger, random, scheduler, listener, store } = dependencies;
    const { epoch, state, journal } = store;
    const core = new ServerCore({ ...settings, epoch }, { clock, random, logger, journal, state });
    const sockets = new ClientSockets(
      { ...settings, configuration: configurationOf(settings, listener.port) },
      { core, clock, logger },
    );
    journal.attach({
      committed: (zxid) => sockets.committed(zxid),
      beginSnapshot: () => core.beginSnapshot(),
    });
    const timer = scheduler.every(core.tickPeriodMs, () => sockets.tick());
    this.host = listener.host;
    this.port = listener.port;
    this.#listener = listener;
    this.#sockets = sockets;
    this.#store = store;
    this.#stopTicking = () => timer.cancel();
  }

  static async open(
    settings: Settings,
    listener: Listener,
    dependencies: ZooKeeperServerDependencies,
  ): Promise<EmbeddedServer> {
    let stop = (): void => {};
    const store = await openStore(settings, {
      ...dependencies,
      onFailure: (error) => {
        stop();
        dependencies.onFailure?.(error);
      },
    });
    const server = new EmbeddedServer(settings, { ...dependencies, listener, store });
    stop = () => server.#stop();
    return server;
  }

  accept(connection: Connection): void {
    if (this.#isStopped) connection.destroy();
    else this.#sockets.accept(connection);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stop();
    await this.#listener.close();
    await this.#store.journal.close();
  }

  #stop(): void {
    this.#isStopped = true;
    this.#stopTicking();
    this.#sockets.destroyAll();
  }
}

async function openStore(
  { dataFolder, snapshotEveryTransactions }: Settings,
  dependencies: ZooKeeperServerDependencies & { readonly onFailure: (error: Error) => void },
): Promise<Store> {
  if (dataFolder === undefined) {
    const state = { tree: DataTree.empty(), sessions: [] };
    return { epoch: FIRST_EPOCH, state, journal: new MemoryJournal() };
  }
  const { epoch, lastZxid, replayed, ...state } = await recover(dataFolder, dependencies);
  const journal = await DurableJournal.open(
    { folder: dataFolder, epoch, lastZxid, replayed, snapshotEveryTransactions },
    dependencies,
  );
  return { epoch, state, journal };
}

function configurationOf(settings: Settings, port: number): [string, string | number][] {
  return [
    ["clientPort", port],
    ["dataDir", settings.dataFolder ?? "(in memory)"],
    ["tickTime", settings.tickTimeMs],
    ["maxClientCnxns", settings.connectionsPerAddressMax],
    ["minSessionTimeout", settings.sessionTimeoutMsMin],
    ["maxSessionTimeout", settings.sessionTimeoutMsMax],
    ["serverId", 0],
  ];
}
