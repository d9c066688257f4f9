import type { Clock, FileSystem, Logger, Network, Random, Scheduler } from "@zoolog/base";

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
  /** Transactions between two snapshots. Default 100,000. */
  readonly snapshotEveryTransactions?: number;
};

export type ZooKeeperServerDependencies = {
  readonly network: Network;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
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
