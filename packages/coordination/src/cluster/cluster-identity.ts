import { errorCode } from "@zoolog/base";
import { clusterIdMismatch } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { BASE_PATHS, CLUSTER_ID_PATH } from "../paths.ts";
import type { CoordinationSession } from "../session.ts";
import { decodeClusterId, encodeClusterId } from "../znodes/id-znodes.ts";

/** Creates the znodes that everything stands below. Anybody may, at any time. */
export async function ensureLayout(session: CoordinationSession): Promise<void> {
  for (const path of BASE_PATHS) await createIfMissing(session, path, new Uint8Array(0));
}

/** Which cluster this ensemble holds, and whether it still does. */
export class ClusterIdentity {
  readonly #session: CoordinationSession;
  #known: string | undefined;

  constructor(session: CoordinationSession) {
    this.#session = session;
  }

  async ensure(candidate: string): Promise<string> {
    await createIfMissing(this.#session, CLUSTER_ID_PATH, encodeClusterId(candidate));
    this.#known = (await this.read()) ?? candidate;
    return this.#known;
  }

  /**
   * An ensemble that was wiped or replaced behind our back must not be taken for an empty cluster.
   *
   * @throws ZoologError `CLUSTER_ID_MISMATCH`.
   */
  async verify(): Promise<void> {
    if (this.#known === undefined) return;
    const found = await this.read();
    if (found !== this.#known) throw clusterIdMismatch(this.#known, found);
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
  await session.read(async (client) => {
    try {
      await client.create(path, data);
    } catch (error) {
      if (errorCode(error) !== "NODE_EXISTS") throw error;
    }
  });
}
