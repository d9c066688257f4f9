import { errorCode } from "@zoolog/base";
import type { Operation, OperationResult, ZooKeeperClient } from "@zoolog/zookeeper";
import { ZooKeeperError } from "@zoolog/zookeeper";
import { isConnectionFault, isSessionEnd, storeClosed } from "./errors.ts";
import type { CoordinationSession } from "./session.ts";

/** What became of a multi. Each case is certain; none of them is guessed. */
export type MultiOutcome =
  | { readonly outcome: "applied"; readonly results: readonly OperationResult[] }
  /** Nothing of it was applied: operation `index` (from 0, without the check) did not fit. */
  | { readonly outcome: "refused"; readonly index: number; readonly code: string }
  /**
   * The connection was lost on the way. It is back, and a check has passed since, so what is read
   * now is what became of it: this session's requests are ordered, and one that was left behind at
   * another server is refused by the ensemble (SESSION_MOVED).
   */
  | { readonly outcome: "lookNow" };

/** What a znode that is not as expected answers; the request itself was fine. */
const REFUSALS: ReadonlySet<string> = new Set([
  "BAD_VERSION",
  "NO_NODE",
  "NODE_EXISTS",
  "NOT_EMPTY",
]);

/** Whose office it is: as long as the znode is at this version. */
export type Fence = {
  readonly path: string;
  readonly version: number;
  /** What it means that the version is another. */
  readonly overtaken: string;
  readonly fenced: (why: string) => Error;
};

/** Fails when the office has passed on. */
export function checkOf({ path, version }: Fence): Operation {
  return { type: "check", path, version };
}

/**
 * Writes of one controller (KAFKA-6082), or of the coordinator of one slot: each is a multi that
 * begins with a check of the fence. Bound to one session. The first check that fails, or the end of
 * the session, fences it for good.
 */
export class FencedMulti {
  readonly #session: CoordinationSession;
  readonly #client: ZooKeeperClient;
  readonly #fence: Fence;
  readonly #check: Operation;
  readonly #listeners: (() => void)[] = [];
  readonly #stopFollowing: () => void;
  #fencedBecause: string | undefined;

  constructor(
    options: { readonly client: ZooKeeperClient; readonly fence: Fence },
    session: CoordinationSession,
  ) {
    this.#session = session;
    this.#client = options.client;
    this.#fence = options.fence;
    this.#check = checkOf(options.fence);
    this.#stopFollowing = options.client.onStateChange((state) => {
      if (state === "expired" || state === "closed") this.fence("its session has ended");
    });
  }

  get sessionId(): string | undefined {
    return this.#client.sessionId;
  }

  get fenced(): boolean {
    return this.#fencedBecause !== undefined;
  }

  onFenced(listener: () => void): void {
    if (this.fenced) listener();
    else this.#listeners.push(listener);
  }

  fence(why: string): void {
    if (this.#fencedBecause !== undefined) return;
    this.#fencedBecause = why;
    this.#stopFollowing();
    for (const listener of this.#listeners.splice(0)) listener();
  }

  /**
   * @param onSent called when it has gone out: what is sent from then on is applied after it.
   * @throws the fence's error; whatever makes the request itself impossible.
   */
  async run(
    operations: readonly Operation[],
    onSent: () => void = () => {},
  ): Promise<MultiOutcome> {
    await this.#connected();
    try {
      const answer = this.#client.multi([this.#check, ...operations]);
      onSent();
      const results = await answer;
      return { outcome: "applied", results: results.slice(1) };
    } catch (error) {
      const refused = this.#refusal(error);
      if (refused !== undefined) return refused;
      await this.#recover(error);
      await this.#passCheck();
      return { outcome: "lookNow" };
    }
  }

  /** Reads in the same session, so at least as new as the writes before. */
  async read<T>(operation: (client: ZooKeeperClient) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#connected();
      try {
        return await operation(this.#client);
      } catch (error) {
        await this.#recover(error);
      }
    }
  }

  async #passCheck(): Promise<void> {
    for (;;) {
      try {
        await this.#client.multi([this.#check]);
        return;
      } catch (error) {
        this.#refusal(error);
        await this.#recover(error);
      }
    }
  }

  /** Throws when it was our check that failed. */
  #refusal(error: unknown): MultiOutcome | undefined {
    const code = errorCode(error);
    if (!(error instanceof ZooKeeperError) || code === undefined) return undefined;
    if (!REFUSALS.has(code) || error.operationIndex === undefined) return undefined;
    if (error.operationIndex > 0) {
      return { outcome: "refused", index: error.operationIndex - 1, code };
    }
    this.fence(this.#fence.overtaken);
    throw this.#fencedError();
  }

  /** Returns when the session has a connection again; throws what is no fault of a connection. */
  async #recover(error: unknown): Promise<void> {
    if (isSessionEnd(error)) this.fence("its session has ended");
    else if (!isConnectionFault(error)) throw error;
    if (this.#client.state === "connected") await this.#session.pause();
    await this.#connected();
  }

  async #connected(): Promise<void> {
    if (this.fenced) throw this.#fencedError();
    if (this.#client.state === "connected") return;
    if (await this.#session.recovered(this.#client)) return;
    if (this.#session.state === "closed") throw storeClosed();
    this.fence("its session has ended");
    throw this.#fencedError();
  }

  #fencedError(): Error {
    return this.#fence.fenced(this.#fencedBecause ?? "it has resigned");
  }
}
