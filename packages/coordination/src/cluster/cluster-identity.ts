import {
  type Clock,
  errorCode,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { clusterIdMismatch, isConnectionFault, isSessionEnd } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { BASE_PATHS, CLUSTER_ID_PATH, CLUSTER_PATH } from "../paths.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeClusterId, encodeClusterId } from "../znodes/id-znodes.ts";
import { HistoryMarks } from "./history-marks.ts";

/**
 * How often the identity is looked at, and a mark left, without a reason: a backup that is older
 * than this always lacks a mark.
 */
const LOOK_INTERVAL_MS = 60_000;

export type ClusterIdentityDependencies = {
  readonly session: CoordinationSession;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/**
 * Creates the znodes that everything stands below. Anybody may, at any time. All are asked for at
 * once: ZooKeeper does what one session asks in order, so parents are there before their children.
 */
export async function ensureLayout(session: CoordinationSession): Promise<void> {
  await session.read(async (client) => {
    const found = await Promise.all(BASE_PATHS.map((path) => client.exists(path)));
    const missing = BASE_PATHS.filter((_path, i) => found[i] === undefined);
    await Promise.all(missing.map((path) => createUnlessPresent(client, path, new Uint8Array(0))));
  });
}

/** Which cluster this ensemble holds, and whether it still does. */
export class ClusterIdentity {
  readonly #dependencies: ClusterIdentityDependencies;
  readonly #session: CoordinationSession;
  readonly #marks: HistoryMarks;
  #known: string | undefined;
  /** Data version of `/cluster`: how often it was found that the ensemble went back. */
  #timesBack: number | undefined;
  #looks: Timer | undefined;

  constructor(dependencies: ClusterIdentityDependencies) {
    this.#dependencies = dependencies;
    this.#session = dependencies.session;
    this.#marks = new HistoryMarks(dependencies);
    this.#lookAtReconnections();
    runInBackground("tell others that zookeeper went back", dependencies.logger, async () => {
      await this.#session.historyLost;
      await this.#tellOthers();
    });
  }

  /** See `HistoryMarks.doubt`. */
  get historyDoubt(): string | undefined {
    return this.#marks.doubt;
  }

  async ensure(candidate: string): Promise<string> {
    await createIfMissing(this.#session, CLUSTER_ID_PATH, encodeClusterId(candidate));
    // Behind a barrier: a server that lags would have us take what others wrote before for news.
    const { id, timesBack } = await this.#session.read(async (client) => {
      await client.barrier();
      return { id: await readId(client), timesBack: await readTimesBack(client) };
    });
    this.#timesBack = timesBack;
    this.#known = id ?? candidate;
    this.#look();
    this.#looks ??= this.#dependencies.scheduler.every(LOOK_INTERVAL_MS, () => this.#look());
    return this.#known;
  }

  /**
   * An ensemble that was wiped, replaced or restored behind our back must not be taken for an empty
   * cluster or for the one of a moment ago. For a session that is up to date, so all is asked in
   * one session.
   *
   * @throws ZoologError `CLUSTER_ID_MISMATCH`, `ZOOKEEPER_HISTORY_LOST`.
   */
  async verify(): Promise<void> {
    if (this.#known === undefined) return;
    const client = await this.#session.client();
    await this.#verifyHistory(client);
    const found = await readId(client);
    if (found !== this.#known) throw clusterIdMismatch(this.#known, found);
  }

  read(): Promise<string | undefined> {
    return this.#session.read(readId);
  }

  close(): void {
    this.#looks?.cancel();
  }

  async #verifyHistory(client: ZooKeeperClient): Promise<void> {
    if ((await readTimesBack(client)) !== this.#timesBack) {
      throw this.#session.loseHistory("another broker found it, or /cluster was changed");
    }
    const evidence = await this.#marks.leave(client);
    if (evidence !== undefined) throw this.#session.loseHistory(evidence);
  }

  /** Restored servers may know this session, and take it up again once they are past what it saw. */
  #lookAtReconnections(): void {
    let wasSuspended = false;
    this.#session.onStateChange((state) => {
      if (state === "connected" && wasSuspended) this.#look();
      wasSuspended = state === "suspended";
    });
  }

  #look(): void {
    runInBackground("look whether zookeeper went back", this.#dependencies.logger, async () => {
      if (this.#session.state !== "connected") return;
      await this.verify().catch((error: unknown) => {
        // The next connection, or the next session, is looked at as well.
        if (!isConnectionFault(error) && !isSessionEnd(error)) throw error;
      });
    });
  }

  /**
   * For those that look later: by then the ensemble may have come past what they saw. The first to
   * find it says so, once. Who is started after that knows it already; who was started between the
   * restore and that ends as well, needlessly, but not a second time.
   */
  async #tellOthers(): Promise<void> {
    const client = await this.#session.client();
    const told = client.setData(CLUSTER_PATH, new Uint8Array(0), this.#timesBack);
    await told.catch((error: unknown) => {
      const code = errorCode(error);
      if (code !== "BAD_VERSION" && code !== "NO_NODE") throw error;
    });
  }
}

async function readTimesBack(client: ZooKeeperClient): Promise<number | undefined> {
  return (await client.exists(CLUSTER_PATH))?.version;
}

async function readId(client: ZooKeeperClient): Promise<string | undefined> {
  const znode = await ifThere(client.getData(CLUSTER_ID_PATH));
  return znode === undefined ? undefined : decodeClusterId(znode.data);
}

/** Creating twice is harmless, so a lost connection may repeat it. */
export async function createIfMissing(
  session: CoordinationSession,
  path: string,
  data: Uint8Array,
): Promise<void> {
  const there = await session.read((client) => client.exists(path));
  if (there !== undefined) return;
  await session.read((client) => createUnlessPresent(client, path, data));
}

async function createUnlessPresent(
  client: ZooKeeperClient,
  path: string,
  data: Uint8Array,
): Promise<void> {
  try {
    await client.create(path, data);
  } catch (error) {
    if (errorCode(error) !== "NODE_EXISTS") throw error;
  }
}
