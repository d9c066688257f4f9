import {
  type ClientConnection,
  DataTree,
  type Journal,
  type LoggedTransaction,
  ServerCore,
} from "@zoolog/zookeeper";
import type { SimulatedProcess } from "../schedule/simulated-process.ts";
import type { AskingSession, EnsemblePorts, ForwardedItem } from "./ensemble-ports.ts";
import type { StreamEnd } from "./simulated-streams.ts";

/** What a leader is to its own server. */
export type LeadingServer = {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly log: LoggedTransaction[];
  readonly ports: EnsemblePorts;
  /** Applies to what clients of this server read. */
  readonly applyTo: (length: number, zxid: number) => void;
  /** Calls back when everything appended so far is on its disk. */
  readonly synced: (done: (length: number) => void) => void;
  readonly steppedDown: () => void;
};

type Follower = { readonly length: number; readonly heardAt: number };

type Forwarded = { readonly connection: ClientConnection; readonly waiting: Uint8Array[] };

/** Without a word from a quorum for so many ticks a leader gives up, as ZooKeeper's `syncLimit`. */
export const SYNC_LIMIT_TICKS = 3;

/**
 * One leader's time: the embedded server's core decides, and what it decides is committed when a
 * quorum has it on disk. It serves nobody before a quorum has all it began with.
 */
export class LeaderTerm implements Journal {
  readonly epoch: number;
  readonly #server: LeadingServer;
  readonly #initialLength: number;
  readonly #followers = new Map<string, Follower>();
  readonly #forwarded = new Map<StreamEnd<ForwardedItem>, Forwarded>();
  readonly #beganAt: number;
  #core: ServerCore | undefined;
  /** Whose request is being handled. */
  #asking: AskingSession;
  #committed = 0;
  #durable: number;
  #toldZxid = 0;
  #tickedAt: number;

  constructor(epoch: number, server: LeadingServer) {
    this.epoch = epoch;
    this.#server = server;
    this.#initialLength = server.log.length;
    this.#durable = server.log.length;
    this.#beganAt = this.#now();
    this.#tickedAt = this.#beganAt;
  }

  begin(): void {
    this.#tell();
    this.#advance();
  }

  get isServing(): boolean {
    return this.#core !== undefined;
  }

  append(logged: LoggedTransaction): void {
    const { log, ports, synced } = this.#server;
    log.push(logged);
    ports.decided(logged, this.#asking);
    synced((length) => {
      this.#durable = Math.max(this.#durable, length);
      this.#advance();
    });
    this.#tell();
  }

  acknowledged(from: string, length: number): void {
    const before = this.#followers.get(from)?.length ?? 0;
    this.#followers.set(from, { length: Math.max(before, length), heardAt: this.#now() });
    this.#advance();
  }

  tick(): void {
    const { ports, steppedDown } = this.#server;
    const limitMs = SYNC_LIMIT_TICKS * ports.tickTimeMs;
    const now = this.#now();
    const heard = [...this.#followers.values()].filter(({ heardAt }) => now - heardAt <= limitMs);
    if (heard.length + 1 < ports.quorum && now - this.#beganAt > limitMs) {
      steppedDown();
      return;
    }
    if (this.#core !== undefined && now - this.#tickedAt >= this.#core.tickPeriodMs) {
      this.#tickedAt = now;
      this.#core.tick();
    }
    this.#tell();
  }

  /** A server brings the requests of one of its clients. */
  accept(stream: StreamEnd<ForwardedItem>): void {
    const core = this.#core;
    if (core === undefined) {
      stream.reset();
      return;
    }
    stream.handlers.received = (item) => {
      if (item.kind === "client") this.#open(core, stream, item.address);
      else if (item.kind === "request") this.#receive(core, stream, item.frame);
    };
    stream.handlers.closed = () => {
      const forwarded = this.#forwarded.get(stream);
      this.#forwarded.delete(stream);
      if (forwarded !== undefined) core.disconnected(forwarded.connection);
    };
  }

  /** It leads no more. */
  end(): void {
    this.#core = undefined;
    for (const stream of this.#forwarded.keys()) stream.reset();
    this.#forwarded.clear();
  }

  #open(core: ServerCore, stream: StreamEnd<ForwardedItem>, address: string): void {
    const connection = core.connect(
      { address },
      {
        isCongested: false,
        send: (frame) => {
          const reply = { frame, applied: this.#committed, zxid: core.appliedZxid };
          stream.send("forwarded reply", { kind: "reply", ...reply });
        },
        close: () => {
          this.#forwarded.delete(stream);
          stream.end();
        },
      },
    );
    this.#forwarded.set(stream, { connection, waiting: [] });
  }

  #receive(core: ServerCore, stream: StreamEnd<ForwardedItem>, frame: Uint8Array): void {
    const forwarded = this.#forwarded.get(stream);
    if (forwarded === undefined || this.#core !== core) return;
    forwarded.waiting.push(frame);
    this.#pump(core, forwarded);
    this.#tellIfSeen(core);
  }

  #pump(core: ServerCore, { connection, waiting }: Forwarded): void {
    while (waiting.length > 0 && !core.mustWait(connection)) {
      const frame = waiting.shift();
      this.#asking = connection.session?.id;
      if (frame !== undefined) core.handle(connection, frame);
      this.#asking = undefined;
    }
  }

  /** What a quorum has is committed: applied here, answered, and told. */
  #advance(): void {
    const { ports, log } = this.#server;
    const lengths = [...this.#followers.values()].map(({ length }) => length);
    const sorted = [this.#durable, ...lengths].sort((a, b) => b - a);
    const length = Math.min(sorted[ports.quorum - 1] ?? 0, log.length);
    if (this.#core === undefined) {
      if (length < this.#initialLength) return;
      this.#serve();
    }
    const core = this.#core;
    if (core === undefined || length <= this.#committed) return;
    while (this.#committed < length) this.#commit(core, log[this.#committed]);
    for (const forwarded of this.#forwarded.values()) this.#pump(core, forwarded);
    this.#tell();
  }

  #commit(core: ServerCore, logged: LoggedTransaction | undefined): void {
    if (logged === undefined) return;
    this.#committed += 1;
    this.#server.ports.committed({ index: this.#committed - 1, logged });
    this.#server.applyTo(this.#committed, logged.zxid);
    core.committed(logged.zxid);
  }

  #serve(): void {
    const { ports, log, process, applyTo } = this.#server;
    const tree = DataTree.empty();
    const sessions = new Map<number, ReturnType<typeof settingsOf>>();
    const initial = log.slice(0, this.#initialLength);
    for (const [index, logged] of initial.entries()) {
      tree.apply(logged);
      const { transaction } = logged;
      if (transaction.type === "createSession") {
        sessions.set(transaction.sessionId, settingsOf(transaction));
      }
      if (transaction.type === "closeSession") sessions.delete(transaction.sessionId);
      ports.committed({ index, logged });
    }
    const { tickTimeMs } = ports;
    this.#core = new ServerCore(
      {
        tickTimeMs,
        sessionTimeoutMsMin: 2 * tickTimeMs,
        sessionTimeoutMsMax: 20 * tickTimeMs,
        epoch: this.epoch,
      },
      {
        clock: process.clock,
        random: process.random,
        logger: ports.logger,
        journal: this,
        state: { tree, sessions: [...sessions.values()] },
      },
    );
    this.#committed = this.#initialLength;
    applyTo(this.#committed, this.#core.appliedZxid);
    this.#tell();
  }

  /** A refusal has a place in the order too, and others must know what clients have seen. */
  #tellIfSeen(core: ServerCore): void {
    if (core.appliedZxid > this.#toldZxid) this.#tell();
  }

  #tell(): void {
    const { name, log, ports, applyTo } = this.#server;
    const zxid = this.#core?.appliedZxid ?? 0;
    if (zxid > this.#toldZxid) applyTo(this.#committed, zxid);
    this.#toldZxid = zxid;
    ports.broadcast(name, {
      kind: "leader",
      epoch: this.epoch,
      leader: name,
      log,
      length: log.length,
      committed: this.#core === undefined ? undefined : this.#committed,
      zxid,
    });
  }

  #now(): number {
    return this.#server.process.clock.monotonic();
  }
}

type Opening = Extract<LoggedTransaction["transaction"], { readonly type: "createSession" }>;

function settingsOf({ sessionId, timeoutMs, password }: Opening) {
  return { id: sessionId, timeoutMs, password };
}
