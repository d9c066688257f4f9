import { errorCode, type Logger, runInBackground } from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { clusterIdMismatch } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { BASE_PATHS, CLUSTER_ID_PATH, CLUSTER_PATH } from "../paths.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeClusterId, encodeClusterId } from "../znodes/id-znodes.ts";

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
  readonly #session: CoordinationSession;
  #known: string | undefined;
  /** Data version of `/cluster`: how often it was found that the ensemble went back. */
  #timesBack: number | undefined;

  constructor(dependencies: { readonly session: CoordinationSession; readonly logger: Logger }) {
    const { session, logger } = dependencies;
    this.#session = session;
    runInBackground("tell others that zookeeper went back", logger, async () => {
      await session.historyLost;
      await this.#tellOthers();
    });
  }

  async ensure(candidate: string): Promise<string> {
    this.#timesBack = await this.#readTimesBack();
    await createIfMissing(this.#session, CLUSTER_ID_PATH, encodeClusterId(candidate));
    this.#known = (await this.read()) ?? candidate;
    return this.#known;
  }

  /**
   * An ensemble that was wiped or replaced behind our back must not be taken for an empty cluster.
   *
   * @throws ZoologError `CLUSTER_ID_MISMATCH`, `ZOOKEEPER_HISTORY_LOST`.
   */
  async verify(): Promise<void> {
    if (this.#known === undefined) return;
    const timesBack = await this.#readTimesBack();
    if (timesBack !== this.#timesBack) {
      throw this.#session.loseHistory("another broker found it, or /cluster was changed");
    }
    const found = await this.read();
    if (found !== this.#known) throw clusterIdMismatch(this.#known, found);
  }

  /**
   * For those whose session ends later: by then the ensemble may have come past what they saw. The
   * first to find it says so, and who was started since knows it already.
   */
  async #tellOthers(): Promise<void> {
    const client = await this.#session.client();
    const told = client.setData(CLUSTER_PATH, new Uint8Array(0), this.#timesBack);
    await told.catch((error: unknown) => {
      const code = errorCode(error);
      if (code !== "BAD_VERSION" && code !== "NO_NODE") throw error;
    });
  }

  async #readTimesBack(): Promise<number | undefined> {
    const stat = await this.#session.read((client) => client.exists(CLUSTER_PATH));
    return stat?.version;
  }

  async read(): Promise<string | undefined> {
    const znode = await this.#session.read((client) => ifThere(client.getData(CLUSTER_ID_PATH)));
    return znode === undefined ? undefined : decodeClusterId(znode.data);
  }
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
