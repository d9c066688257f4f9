import { assert, type Random, silentLogger } from "@zoolog/base";
import {
  type ClientConnection,
  type ConnectionSink,
  DataTree,
  type Journal,
  type LoggedTransaction,
  ServerCore,
  type ServerState,
} from "@zoolog/zookeeper";
import type { ManualTime } from "../manual-time.ts";
import type { WireRequest } from "./wire-requests.ts";
import { type WireReply, WireSession } from "./wire-session.ts";

export type SimulatedZooKeeperOptions = {
  readonly tickTimeMs?: number;
  readonly epoch?: number;
};

export type SimulatedZooKeeperDependencies = {
  readonly time: ManualTime;
  readonly random: Random;
  readonly state?: ServerState;
};

/**
 * The embedded server's core, without sockets and disk: time moves when the test moves it, and what
 * is decided becomes durable at once or, after `holdCommits`, when the test says so.
 */
export class SimulatedZooKeeper {
  readonly core: ServerCore;
  readonly journal = new HeldJournal();

  constructor(options: SimulatedZooKeeperOptions, dependencies: SimulatedZooKeeperDependencies) {
    const { time, random, state } = dependencies;
    const tickTimeMs = options.tickTimeMs ?? 1000;
    this.core = new ServerCore(
      {
        tickTimeMs,
        sessionTimeoutMsMin: 2 * tickTimeMs,
        sessionTimeoutMsMax: 20 * tickTimeMs,
        epoch: options.epoch ?? 1,
      },
      {
        clock: time.clock,
        random,
        logger: silentLogger,
        journal: this.journal,
        state: state ?? { tree: DataTree.empty(), sessions: [] },
      },
    );
    this.journal.commit = (zxid) => this.core.committed(zxid);
    time.scheduler.every(this.core.tickPeriodMs, () => this.core.tick());
  }

  /** Transactions wait until `commit` from here on. */
  holdCommits(): void {
    this.journal.isHeld = true;
  }

  /** Makes the oldest `count` held transactions durable; all of them without a count. */
  commit(count = Number.POSITIVE_INFINITY): void {
    for (const { zxid } of this.journal.held.splice(0, count)) this.core.committed(zxid);
  }

  /** A connection, without a session yet. */
  open(address = "127.0.0.1"): SimulatedZooKeeperClient {
    return new SimulatedZooKeeperClient(this.core, address);
  }

  /** A connection with a new session. */
  connect(options: Parameters<WireSession["connect"]>[0] = {}): SimulatedZooKeeperClient {
    const client = this.open();
    client.wire.connect(options);
    return client;
  }
}

class HeldJournal implements Journal {
  isHeld = false;
  held: LoggedTransaction[] = [];
  /** Everything that was ever appended. */
  readonly log: LoggedTransaction[] = [];
  commit: (zxid: number) => void = () => {};

  append(logged: LoggedTransaction): void {
    this.log.push(logged);
    if (this.isHeld) this.held.push(logged);
    else this.commit(logged.zxid);
  }
}

/** One client's connection to a `SimulatedZooKeeper`. */
export class SimulatedZooKeeperClient implements ConnectionSink {
  readonly wire: WireSession;
  readonly #core: ServerCore;
  readonly #connection: ClientConnection;
  /** The server has ended the connection. */
  isClosed = false;
  isCongested = false;

  constructor(core: ServerCore, address: string) {
    this.#core = core;
    this.#connection = core.connect({ address }, this);
    this.wire = new WireSession((frame) => core.handle(this.#connection, frame.subarray(4)));
  }

  get mustWait(): boolean {
    return this.#core.mustWait(this.#connection);
  }

  /** Sends the bytes of a frame, without its length, whatever they are. */
  sendRaw(frame: Uint8Array): void {
    this.#core.handle(this.#connection, frame);
  }

  send(frame: Uint8Array): void {
    this.wire.receive(frame);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The answer, which must be there when this returns. */
  call(request: WireRequest): WireReply {
    const xid = this.wire.send(request);
    const reply = this.wire.reply(xid);
    assert(reply !== undefined, `request ${xid} is not answered`);
    return reply;
  }

  /** The connection breaks off; the session goes on. */
  drop(): void {
    this.isClosed = true;
    this.#core.disconnected(this.#connection);
  }
}
