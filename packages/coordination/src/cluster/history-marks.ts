import { type Clock, errorCode, errorMessage, type Logger } from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { isMalformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import { HISTORY_PATH } from "../paths.ts";
import { decodeHistoryMarks, encodeHistoryMarks } from "../znodes/id-znodes.ts";

/** Those of a minute and more in a cluster of a hundred brokers; some 5 KiB. */
const MARKS_KEPT = 128;

const HINT =
  "Marks are written anew. If ZooKeeper was restored to an earlier state meanwhile, start all brokers anew.";

/** The newest mark of the znode when its data version was `version`; none where it was unreadable. */
type SeenMark = { readonly version: number; readonly mark: string | undefined };
type Found = {
  readonly version: number;
  readonly marks: readonly string[];
  /** Why it cannot be read; it holds no marks then. */
  readonly fault?: string;
};

/**
 * Marks that brokers leave in `/cluster/history`, one per data version. Who misses a mark where it
 * stood knows that ZooKeeper went back to a time before it, however many transaction numbers
 * ZooKeeper has given since then. Any broker's mark serves every broker.
 */
export class HistoryMarks {
  readonly #clock: Clock;
  readonly #logger: Logger;
  #seen: SeenMark | undefined;
  #doubt: string | undefined;

  constructor(dependencies: { readonly clock: Clock; readonly logger: Logger }) {
    this.#clock = dependencies.clock;
    this.#logger = dependencies.logger;
  }

  /**
   * Why the last look could not tell whether ZooKeeper went back, for a person. The look after it can
   * again, once a mark of its own stands there.
   */
  get doubt(): string | undefined {
    return this.#doubt;
  }

  /**
   * Compares, and leaves one more mark. `client` must be up to date with what was seen before.
   * Answers why ZooKeeper must have gone back, `undefined` when nothing says so.
   */
  async leave(client: ZooKeeperClient): Promise<string | undefined> {
    const seen = this.#seen;
    const found = await read(client);
    const evidence = evidenceAgainst(seen, found);
    if (evidence !== undefined) return evidence;
    this.#note(doubtOf(seen, found));
    if (found !== undefined) this.#remember(found.version, found.marks.at(-1));
    const mark = `${client.sessionId}@${this.#clock.now()}`;
    const version = await write(client, found, mark);
    // Where somebody else was faster, the next look takes up that mark.
    if (version !== undefined) this.#remember(version, mark);
    return undefined;
  }

  #note(doubt: string | undefined): void {
    if (doubt !== undefined && doubt !== this.#doubt) {
      this.#logger.warn("cannot tell whether zookeeper went back", { error: doubt, hint: HINT });
    }
    this.#doubt = doubt;
  }

  #remember(version: number, mark: string | undefined): void {
    if (version >= (this.#seen?.version ?? 0)) this.#seen = { version, mark };
  }
}

/** Pure: says nothing about a mark that is older than those that are kept. */
function evidenceAgainst(seen: SeenMark | undefined, found: Found | undefined): string | undefined {
  if (seen === undefined) return undefined;
  if (found === undefined) return `${HISTORY_PATH} is gone`;
  if (seen.mark === undefined && found.version < seen.version) {
    return `${HISTORY_PATH} has data version ${found.version} after ${seen.version}`;
  }
  const isKept = found.version - seen.version < found.marks.length;
  return !isKept || seen.mark === undefined || found.marks.includes(seen.mark)
    ? undefined
    : `${HISTORY_PATH} lost the mark ${seen.mark}`;
}

/** Pure: what there is to compare on one side alone. */
function doubtOf(seen: SeenMark | undefined, found: Found | undefined): string | undefined {
  if (seen === undefined || found === undefined) return undefined;
  if (found.fault !== undefined) return found.fault;
  return seen.mark === undefined ? `${HISTORY_PATH} could not be read the last time` : undefined;
}

/** What cannot be understood holds no marks; the next mark is written over it. */
async function read(client: ZooKeeperClient): Promise<Found | undefined> {
  const znode = await ifThere(client.getData(HISTORY_PATH));
  if (znode === undefined) return undefined;
  const { version } = znode.stat;
  try {
    return { version, marks: decodeHistoryMarks(znode.data) };
  } catch (error) {
    if (!isMalformed(error)) throw error;
    return { version, marks: [], fault: errorMessage(error) };
  }
}

/** Answers the version that the mark stands in, `undefined` when somebody else was faster. */
async function write(
  client: ZooKeeperClient,
  found: Found | undefined,
  mark: string,
): Promise<number | undefined> {
  const data = encodeHistoryMarks([...(found?.marks ?? []), mark].slice(-MARKS_KEPT));
  try {
    if (found !== undefined)
      return (await client.setData(HISTORY_PATH, data, found.version)).version;
    await client.create(HISTORY_PATH, data);
    return 0;
  } catch (error) {
    const code = errorCode(error);
    if (code === "BAD_VERSION" || code === "NODE_EXISTS") return undefined;
    throw error;
  }
}
