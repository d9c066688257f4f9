import type { Clock, Scheduler, Timer } from "@zoolog/base";
import {
  type Operation,
  type OperationResult,
  type ZooKeeperClient,
  ZooKeeperError,
} from "@zoolog/zookeeper";
import {
  type LostAround,
  type MemoryRequest,
  type MemoryServer,
  MemorySession,
} from "./memory-session.ts";
import { MemoryZnodes, type TransactionResult } from "./memory-znodes.ts";

export type MemoryEnsembleOptions = {
  /** Default 6,000. */
  readonly sessionTimeoutMs?: number;
  /** From a client to the ensemble, and as much back. Default 0: in microtasks, without timers. */
  readonly latencyMs?: number;
  /** From a lost connection to the next. Default 10. */
  readonly reconnectMs?: number;
};

export type MemoryEnsembleDependencies = { readonly clock: Clock; readonly scheduler: Scheduler };

/** A lost connection, once, around the first request that matches. */
export type MemoryFault = {
  /** `"afterApply"`: the write was applied, its answer is lost. */
  readonly when: LostAround;
  /** Name given to `connect`; default: anybody. */
  readonly client?: string;
  /** Default: any write. */
  readonly matches?: (request: MemoryRequest) => boolean;
};

/**
 * A whole ZooKeeper ensemble in memory, with time from the ports: sessions expire when the test
 * moves the clock. Sessions are addressed by the name given to `connect`; the latest of a name counts.
 */
export class MemoryEnsemble {
  readonly #options: Required<MemoryEnsembleOptions>;
  readonly #dependencies: MemoryEnsembleDependencies;
  readonly #znodes = new MemoryZnodes();
  readonly #sessions = new Map<string, MemorySession>();
  /** Sessions the ensemble knows, alive or waiting for their client. */
  readonly #alive = new Set<MemorySession>();
  readonly #expiries = new Map<MemorySession, Timer>();
  readonly #cut = new Set<string>();
  #faults: MemoryFault[] = [];
  #onWrite: (operations: readonly Operation[], results: readonly OperationResult[]) => void =
    () => {};
  #stopped = false;
  #nextSessionId = 1;

  constructor(options: MemoryEnsembleOptions, dependencies: MemoryEnsembleDependencies) {
    this.#options = { sessionTimeoutMs: 6_000, latencyMs: 0, reconnectMs: 10, ...options };
    this.#dependencies = dependencies;
  }

  /** Opens a session; rejects while the ensemble or the way to it is down. */
  async connect(name = "client"): Promise<ZooKeeperClient> {
    await new Promise<void>((resolve) => this.#travel(resolve));
    if (this.#isUnreachable(name)) {
      throw new ZooKeeperError({ code: "CONNECT_TIMEOUT", message: `no way for ${name}` });
    }
    const sessionId = (this.#nextSessionId++).toString(16).padStart(16, "0");
    const { sessionTimeoutMs } = this.#options;
    const session = new MemorySession({ name, sessionId, sessionTimeoutMs }, this.#server);
    this.#sessions.set(name, session);
    this.#alive.add(session);
    return session;
  }

  session(name: string): MemorySession {
    const session = this.#sessions.get(name);
    if (session === undefined) throw new Error(`${name} never connected`);
    return session;
  }

  /** What stands there, for tests; does not count as anybody's request. */
  get znodes(): Pick<MemoryZnodes, "data" | "stat" | "children"> {
    return this.#znodes;
  }

  /** Breaks the connection of `name`; it comes back after `reconnectMs`. */
  disconnect(name: string): void {
    this.#dropConnection(this.session(name));
  }

  /** Cuts `name` off until `heal`: its session lives until its timeout. */
  cut(name: string): void {
    this.#cut.add(name);
    const session = this.#sessions.get(name);
    if (session !== undefined) this.#dropConnection(session);
  }

  heal(name: string): void {
    this.#cut.delete(name);
    const session = this.#sessions.get(name);
    if (session !== undefined) this.#reconnectSoon(session);
  }

  /** The quorum is lost: nobody is served, and no session ends meanwhile. */
  stop(): void {
    this.#stopped = true;
    for (const session of this.#alive) session.disconnected();
    for (const timer of this.#expiries.values()) timer.cancel();
    this.#expiries.clear();
  }

  start(): void {
    this.#stopped = false;
    for (const session of this.#alive) {
      this.#awaitExpiry(session);
      this.#reconnectSoon(session);
    }
  }

  /** Ends the session of `name` at once, as if its timeout were over. */
  expire(name: string): void {
    this.#expire(this.session(name));
  }

  /** The connection breaks around the next request that fits. */
  failNext(fault: MemoryFault): void {
    this.#faults.push(fault);
  }

  /** Every transaction that is applied, in order, whoever sent it. */
  onWrite(
    listener: (operations: readonly Operation[], results: readonly OperationResult[]) => void,
  ): void {
    this.#onWrite = listener;
  }

  get pendingFaults(): number {
    return this.#faults.length;
  }

  readonly #run = (operations: readonly Operation[], sessionId: string): TransactionResult => {
    const now = this.#dependencies.clock.now();
    const result = this.#znodes.run(operations, sessionId, now);
    if (result.ok) {
      this.#onWrite(operations, result.results);
      this.#tellWatches(result);
    }
    return result;
  };

  #tellWatches(result: Extract<TransactionResult, { ok: true }>): void {
    for (const event of result.events) {
      for (const session of this.#alive) session.notify(event);
    }
  }

  readonly #travel = (arrive: () => void): void => {
    const { latencyMs } = this.#options;
    if (latencyMs === 0) queueMicrotask(arrive);
    else this.#dependencies.scheduler.after(latencyMs, arrive);
  };

  #takeFault(session: MemorySession, request: MemoryRequest): LostAround | undefined {
    const fault = this.#faults.find(
      ({ client, matches }) =>
        (client === undefined || client === session.name) &&
        (matches?.(request) ?? request.kind === "write"),
    );
    this.#faults = this.#faults.filter((other) => other !== fault);
    return fault?.when;
  }

  readonly #dropConnection = (session: MemorySession): void => {
    if (!this.#alive.has(session)) return;
    session.disconnected();
    this.#awaitExpiry(session);
    this.#reconnectSoon(session);
  };

  #awaitExpiry(session: MemorySession): void {
    if (this.#stopped || this.#expiries.has(session) || session.state === "connected") return;
    const timer = this.#dependencies.scheduler.after(session.sessionTimeoutMs, () =>
      this.#expire(session),
    );
    this.#expiries.set(session, timer);
  }

  #reconnectSoon(session: MemorySession): void {
    this.#dependencies.scheduler.after(this.#options.reconnectMs, () => {
      if (this.#isUnreachable(session.name)) return;
      if (!this.#alive.has(session)) return session.expired();
      this.#expiries.get(session)?.cancel();
      this.#expiries.delete(session);
      session.reconnected();
    });
  }

  #expire(session: MemorySession): void {
    this.#endSession(session);
    if (!this.#isUnreachable(session.name)) session.expired();
  }

  readonly #endSession = (session: MemorySession): void => {
    if (!this.#alive.delete(session)) return;
    this.#expiries.get(session)?.cancel();
    this.#expiries.delete(session);
    const paths = this.#znodes.ephemeralsOf(session.sessionId);
    if (paths.length === 0) return;
    this.#run(
      paths.map((path) => ({ type: "remove", path })),
      session.sessionId,
    );
  };

  #isUnreachable(name: string): boolean {
    return this.#stopped || this.#cut.has(name);
  }

  get #server(): MemoryServer {
    return {
      clock: this.#dependencies.clock,
      znodes: this.#znodes,
      run: this.#run,
      travel: this.#travel,
      takeFault: (session, request) => this.#takeFault(session, request),
      dropConnection: this.#dropConnection,
      endSession: this.#endSession,
    };
  }
}
