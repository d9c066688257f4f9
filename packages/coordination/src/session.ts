import {
  type Clock,
  type Deferred,
  deferred,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  sleep,
  type ZoologError,
} from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import {
  historyLost,
  isConnectionFault,
  isSessionEnd,
  storeClosed,
  unavailable,
} from "./errors.ts";
import type { StoreState } from "./port/coordination-store.ts";

/** First pause before the next attempt to open a session; doubles up to the maximum. */
const RECONNECT_PAUSE_MS_MIN = 100;
const RECONNECT_PAUSE_MS_MAX = 5_000;
/** Pause before a call is repeated on a connection that says it is there: no busy loop. */
const REPEAT_PAUSE_MS = 20;
/** Calls that may wait for a connection; beyond it the caller is told at once. */
const WAITING_CALLS_MAX = 20_000;

export type SessionOptions = {
  /** How long a call waits for a connection before it is refused. */
  readonly operationTimeoutMs: number;
};

export type SessionDependencies = {
  /** Opens a new session. Each client it answers is one session. */
  readonly connect: () => Promise<ZooKeeperClient>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/**
 * One session after the other: keeps a client, replaces it when its session has ended, and lets
 * calls wait for a connection. A new session counts as `connected` only after all hooks have run,
 * and never once ZooKeeper's history went back: what this process knows may be of a time that was
 * taken away, under numbers that are given again.
 */
export class CoordinationSession {
  readonly #options: SessionOptions;
  readonly #dependencies: SessionDependencies;
  readonly #hooks = new Set<() => Promise<void>>();
  readonly #listeners = new Set<(state: StoreState) => void>();
  readonly #waiting = new Set<Deferred<void>>();
  readonly #historyLost = deferred<ZoologError>();
  #client: ZooKeeperClient;
  #state: StoreState = "connected";
  /** The highest zxid that a former session saw. */
  #zxidSeen = 0;
  #lost: ZoologError | undefined;
  #failure: string | undefined;
  #isClosing = false;
  #closed: Promise<void> | undefined;

  private constructor(
    client: ZooKeeperClient,
    options: SessionOptions,
    dependencies: SessionDependencies,
  ) {
    this.#client = client;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#follow(client);
  }

  /** Rejects as `connect` does: the first session is not tried again. */
  static async open(
    options: SessionOptions,
    dependencies: SessionDependencies,
  ): Promise<CoordinationSession> {
    return new CoordinationSession(await dependencies.connect(), options, dependencies);
  }

  get state(): StoreState {
    return this.#state;
  }

  /** Why there is no session that counts, for a person. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Resolves with `ZOOKEEPER_HISTORY_LOST` should that be found; no session counts from then on. */
  get historyLost(): Promise<ZoologError> {
    return this.#historyLost.promise;
  }

  /** No session counts from now on, the present one neither; answers the error that says so. */
  loseHistory(evidence: string): ZoologError {
    this.#lost ??= historyLost(evidence);
    this.#failure = errorMessage(this.#lost);
    this.#historyLost.resolve(this.#lost);
    if (!this.#isClosing) this.#setState("expired");
    return this.#lost;
  }

  get sessionTimeoutMs(): number {
    return this.#client.sessionTimeoutMs;
  }

  leaseRemainingMs(): number {
    return this.#state === "expired" || this.#state === "closed"
      ? 0
      : this.#client.leaseRemainingMs();
  }

  onStateChange(listener: (state: StoreState) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onNewSession(hook: () => Promise<void>): () => void {
    this.#hooks.add(hook);
    return () => this.#hooks.delete(hook);
  }

  /**
   * The client of the present session, connected.
   *
   * @throws ZoologError `COORDINATION_UNAVAILABLE` after the operation timeout, `STORE_CLOSED`.
   */
  async client(): Promise<ZooKeeperClient> {
    const deadline = this.#deadline();
    while (!this.#isConnected()) await this.#nextChange(deadline);
    return this.#client;
  }

  /** Repeats `operation` after lost connections, in this session or the next, until the timeout. */
  async read<T>(operation: (client: ZooKeeperClient) => Promise<T>): Promise<T> {
    const deadline = this.#deadline();
    for (;;) {
      while (!this.#isConnected()) await this.#nextChange(deadline);
      try {
        return await operation(this.#client);
      } catch (error) {
        if (!isConnectionFault(error) && !isSessionEnd(error)) throw error;
        if (this.#dependencies.clock.monotonic() >= deadline) throw unavailable(error);
        if (this.#isConnected()) await this.pause();
      }
    }
  }

  /**
   * Waits, without a limit, until this very session has a connection again. Answers false when it
   * never will: it has ended, or the store was closed.
   */
  async recovered(client: ZooKeeperClient): Promise<boolean> {
    for (;;) {
      if (this.#isClosing || hasEnded(client)) return false;
      if (client.state === "connected") return true;
      await this.#nextChange();
    }
  }

  /** A short pause before something is repeated on a connection that is there. */
  pause(): Promise<void> {
    return sleep(this.#dependencies.scheduler, REPEAT_PAUSE_MS);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#isClosing = true;
    this.#setState("closed");
    this.#wake();
    await this.#client.close();
  }

  #isConnected(): boolean {
    if (this.#isClosing) throw storeClosed();
    return this.#client.state === "connected";
  }

  /** By the monotonic clock. */
  #deadline(): number {
    return this.#dependencies.clock.monotonic() + this.#options.operationTimeoutMs;
  }

  /** Until the client changes its state or is replaced, or the deadline is there. */
  async #nextChange(deadline?: number): Promise<void> {
    const { clock, scheduler } = this.#dependencies;
    const remainingMs = deadline === undefined ? undefined : deadline - clock.monotonic();
    if (remainingMs !== undefined && remainingMs <= 0) throw unavailable(undefined);
    if (this.#waiting.size >= WAITING_CALLS_MAX) throw unavailable(undefined);
    const change = deferred<void>();
    this.#waiting.add(change);
    const timer =
      remainingMs === undefined ? undefined : scheduler.after(remainingMs, change.resolve);
    await change.promise;
    timer?.cancel();
    this.#waiting.delete(change);
  }

  #wake(): void {
    for (const waiting of this.#waiting) waiting.resolve();
  }

  #follow(client: ZooKeeperClient): void {
    client.onStateChange(() => this.#clientChanged(client));
    if (client.state !== "connected") this.#clientChanged(client);
  }

  #clientChanged(client: ZooKeeperClient): void {
    if (client !== this.#client || this.#isClosing) return;
    this.#wake();
    if (hasEnded(client)) {
      if (this.#state !== "expired") this.#sessionEnded();
    } else if (this.#state !== "expired") {
      this.#setState(client.state === "connected" ? "connected" : "suspended");
    }
  }

  #sessionEnded(): void {
    const { logger } = this.#dependencies;
    logger.warn("zookeeper session ended", { sessionId: this.#client.sessionId });
    this.#failure = undefined;
    this.#setState("expired");
    runInBackground("open a new zookeeper session", logger, () => this.#renew());
  }

  async #renew(): Promise<void> {
    const { connect, logger } = this.#dependencies;
    while (!this.#isClosing) {
      this.#zxidSeen = Math.max(this.#zxidSeen, this.#client.zxidSeen);
      const client = await this.#untilDone("open a session", connect);
      if (client === undefined) return;
      this.#client = client;
      if (this.#isClosing) return await client.close();
      this.#follow(client);
      this.#wake();
      if (!(await this.#runHooks(client))) continue;
      logger.info("zookeeper session opened", { sessionId: client.sessionId });
      this.#failure = undefined;
      this.#setState(client.state === "connected" ? "connected" : "suspended");
      return;
    }
  }

  /** False when the session ended on the way. */
  async #runHooks(client: ZooKeeperClient): Promise<boolean> {
    const checkHistory = () => this.#checkHistory(client);
    for (const hook of [checkHistory, ...this.#hooks]) {
      const act = async (): Promise<void> => {
        if (this.#lost !== undefined) throw this.#lost;
        await hook();
      };
      await this.#untilDone("act on a new session", act, () => hasEnded(client));
    }
    return !hasEnded(client) && !this.#isClosing;
  }

  /**
   * The barrier is a write, and ZooKeeper numbers writes in order: after what was seen before comes
   * no lower number, unless the servers' data is older than that.
   *
   * @throws ZoologError `ZOOKEEPER_HISTORY_LOST`.
   */
  async #checkHistory(client: ZooKeeperClient): Promise<void> {
    await client.barrier().catch((error: unknown) => {
      // A refusal has its number as well: where all was wiped there is nothing to check.
      if (isConnectionFault(error) || isSessionEnd(error)) throw error;
    });
    const [now, seen] = [client.zxidSeen, this.#zxidSeen];
    if (now >= seen) return;
    throw this.loseHistory(`zxid 0x${now.toString(16)} after 0x${seen.toString(16)}`);
  }

  /** Tries again and again, ever more slowly, until it succeeds or there is no sense in it. */
  async #untilDone<T>(
    what: string,
    attempt: () => Promise<T>,
    isPointless: () => boolean = () => false,
  ): Promise<T | undefined> {
    const { scheduler, logger } = this.#dependencies;
    let pauseMs = RECONNECT_PAUSE_MS_MIN;
    while (!this.#isClosing && !isPointless()) {
      try {
        return await attempt();
      } catch (error) {
        if (this.#isClosing || isPointless()) return undefined;
        this.#failure = errorMessage(error);
        const fields = { what, error: errorMessage(error), pauseMs };
        logger.warn("zookeeper session not ready, trying again", fields);
        await sleep(scheduler, pauseMs);
        pauseMs = Math.min(2 * pauseMs, RECONNECT_PAUSE_MS_MAX);
      }
    }
    return undefined;
  }

  #setState(state: StoreState): void {
    if (state === this.#state) return;
    this.#state = state;
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        const { logger } = this.#dependencies;
        logger.error("session listener failed", { state, error: errorMessage(error) });
      }
    }
  }
}

function hasEnded(client: ZooKeeperClient): boolean {
  return client.state === "expired" || client.state === "closed";
}
