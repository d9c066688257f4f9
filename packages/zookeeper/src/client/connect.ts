import { type AbortSignalLike, errorCode, type Timer } from "@zoolog/base";
import { ZooKeeperError } from "../errors.ts";
import { type ConnectString, parseConnectString } from "./connect-string.ts";
import type { ConnectionDependencies } from "./connection/contained-connection.ts";
import { Deadline } from "./deadline.ts";
import { newSession } from "./session/session-refusal.ts";
import type { ZooKeeperSession } from "./session/zookeeper-session.ts";
import type { ZooKeeperClient } from "./zookeeper-client.ts";

export type ZooKeeperClientOptions = {
  /** `host:port,host:port/chroot`. The chroot's znodes are created when they are missing. */
  readonly connectString: string;
  /** Asked for; servers grant between 2 and 20 of their ticks. */
  readonly sessionTimeoutMs: number;
  /** How long `connectZooKeeper` may take until the first session, chroot included. */
  readonly connectTimeoutMs: number;
  /** Sent before anything else. */
  readonly auth?: readonly { readonly scheme: string; readonly credential: Uint8Array }[];
  /** Gives the attempt up; of no meaning after the client is there. */
  readonly signal?: AbortSignalLike;
};

export type ZooKeeperClientDependencies = ConnectionDependencies;

/** Who starts servers together is not bothered; who waits longer is told for what. */
const WAIT_SAID_AFTER_MS = 2_000;

const EMPTY = new Uint8Array(0);

/**
 * Opens a session with a ZooKeeper ensemble.
 *
 * @throws ZooKeeperError `INVALID_CONNECT_STRING`; `CONNECT_TIMEOUT` when no server gave a session
 *   in `connectTimeoutMs`; `AUTH_FAILED`; what the creation of the chroot answered. The signal's
 *   reason when it aborts. Nothing stays open after a failure.
 */
export async function connectZooKeeper(
  options: ZooKeeperClientOptions,
  dependencies: ZooKeeperClientDependencies,
): Promise<ZooKeeperClient> {
  const target = parseConnectString(options.connectString);
  const attempt = new ConnectAttempt(options, dependencies);
  try {
    const session = await attempt.open(target);
    if (target.chroot !== undefined) await attempt.ensureChroot(session, target, target.chroot);
    attempt.settled();
    return session;
  } catch (error) {
    await attempt.undo();
    throw error;
  }
}

/** The way to the first session: everything on it ends with one deadline. */
class ConnectAttempt {
  readonly #options: ZooKeeperClientOptions;
  readonly #dependencies: ZooKeeperClientDependencies;
  readonly #opened: ZooKeeperSession[] = [];
  readonly #deadline: Deadline;
  readonly #waiting: Timer;

  constructor(options: ZooKeeperClientOptions, dependencies: ZooKeeperClientDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#deadline = new Deadline(dependencies.scheduler, {
      ms: options.connectTimeoutMs,
      error: () => this.#timeoutError(),
      signal: options.signal,
    });
    this.#waiting = dependencies.scheduler.after(WAIT_SAID_AFTER_MS, () => this.#sayWaiting());
  }

  settled(): void {
    this.#deadline.cancel();
    this.#waiting.cancel();
  }

  async undo(): Promise<void> {
    this.settled();
    await Promise.all(this.#opened.map((session) => session.close()));
  }

  async open(target: ConnectString): Promise<ZooKeeperSession> {
    const { sessionTimeoutMs } = this.#options;
    const session = newSession({ target, sessionTimeoutMs }, this.#dependencies);
    this.#opened.push(session);
    for (const { scheme, credential } of this.#options.auth ?? []) {
      session.addAuth(scheme, credential).catch(() => {});
    }
    session.start();
    await this.#deadline.bound(session.connected());
    return session;
  }

  async ensureChroot(
    session: ZooKeeperSession,
    target: ConnectString,
    chroot: string,
  ): Promise<void> {
    const root = await this.#answered(session, () => session.exists("/"));
    if (root !== undefined) return;
    const parents = parentsOf(chroot);
    if (parents.length > 0) await this.#ensureParents(target, parents);
    // For a session with a chroot `/` is the chroot itself.
    await this.#answered(session, () => session.create("/", EMPTY).catch(ifPresent));
    this.#dependencies.logger.info("zookeeper chroot created", { chroot });
  }

  /** Through a session without the chroot: no path below one names them. */
  async #ensureParents(target: ConnectString, paths: readonly string[]): Promise<void> {
    const whole = await this.open({ servers: target.servers, chroot: undefined });
    for (const path of paths) {
      await this.#answered(whole, () => whole.create(path, EMPTY).catch(ifPresent));
    }
    await whole.close();
  }

  /** Asks again after a lost connection: both questions may be asked twice. */
  async #answered<T>(session: ZooKeeperSession, ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await this.#deadline.bound(ask());
      } catch (error) {
        if (errorCode(error) !== "CONNECTION_LOSS") throw error;
        await this.#deadline.bound(session.connected());
      }
    }
  }

  get #lastFailure(): string {
    return this.#opened.at(-1)?.lastFailure ?? "no answer";
  }

  #sayWaiting(): void {
    const { connectString, connectTimeoutMs } = this.#options;
    const fields = { connectString, reason: this.#lastFailure, givenUpAfterMs: connectTimeoutMs };
    this.#dependencies.logger.warn("zookeeper awaited, no session yet", fields);
  }

  #timeoutError(): ZooKeeperError {
    const { connectString, connectTimeoutMs } = this.#options;
    return new ZooKeeperError({
      code: "CONNECT_TIMEOUT",
      message: `no ZooKeeper session with ${connectString} in ${connectTimeoutMs} ms: ${this.#lastFailure}`,
      hint: "Check that a ZooKeeper server runs there, has its quorum, and that this is its client port.",
    });
  }
}

/** `/a/b/c` → `/a`, `/a/b`. */
function parentsOf(path: string): string[] {
  const names = path.split("/").slice(1, -1);
  return names.map((_, index) => `/${names.slice(0, index + 1).join("/")}`);
}

function ifPresent(error: unknown): void {
  if (errorCode(error) !== "NODE_EXISTS") throw error;
}
