import type { Logger, Random } from "@zoolog/base";
import {
  connectZooKeeper,
  type DataTree,
  type LoggedTransaction,
  type ZooKeeperClient,
} from "@zoolog/zookeeper";
import { WireSession } from "../../zookeeper/wire-session.ts";
import type { SimulatedNetwork } from "../network/simulated-network.ts";
import type { RandomTree } from "../random-tree.ts";
import type { Schedule } from "../schedule/schedule.ts";
import { SimulatedProcess } from "../schedule/simulated-process.ts";
import {
  type AppliedWrite,
  type AskingSession,
  CLIENT_PORT,
  type EnsemblePorts,
  type ServerMessage,
} from "./ensemble-ports.ts";
import { SimulatedServer } from "./simulated-server.ts";
import { SimulatedSocket } from "./simulated-socket.ts";
import { SimulatedStreams } from "./simulated-streams.ts";
import { type PendingWriteFault, type WriteFault, WriteFaults } from "./write-faults.ts";

export type SimulatedZooKeeperServersOptions = {
  /** Default 3. */
  readonly servers?: number;
  /** Default 1,000: sessions of 2 to 20 seconds. */
  readonly tickTimeMs?: number;
};

export type SimulatedSessionOptions = {
  readonly sessionTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** Names of those that the client knows. Default: all. */
  readonly servers?: readonly string[];
};

export type SimulatedZooKeeperServersDependencies = {
  readonly schedule: Schedule;
  readonly network: SimulatedNetwork;
  readonly random: RandomTree;
  readonly logger: Logger;
};

/** Until servers without a leader agree on one: at least, and how much more it may be, ms. */
const ELECTION_MS = { least: 20, more: 200 };

/**
 * A ZooKeeper ensemble in a simulated world: servers on hosts of its network, one of which leads. The
 * leader decides with the embedded server's core, a quorum of disks makes it so, and each server
 * answers reads from what it has applied, which may be old. Clients are the production client over
 * simulated sockets. How servers agree is decided from outside; what follows from it is played out.
 */
export class SimulatedZooKeeperServers {
  readonly streams: SimulatedStreams;
  readonly servers: readonly SimulatedServer[];
  readonly #options: Required<SimulatedZooKeeperServersOptions>;
  readonly #dependencies: SimulatedZooKeeperServersDependencies;
  readonly #faults = new WriteFaults();
  readonly #listeners: ((write: AppliedWrite) => void)[] = [];
  /** As `createSession` told it: sessions by id. */
  readonly #passwords = new Map<string, Buffer>();
  /** A log does not say who asked for what is in it. */
  readonly #asked = new WeakMap<LoggedTransaction, AskingSession>();
  readonly #starts = new Map<string, number>();
  readonly #chance: Random;
  #committed = 0;
  #epoch = 0;
  #isElectionDue = false;

  constructor(
    options: SimulatedZooKeeperServersOptions,
    dependencies: SimulatedZooKeeperServersDependencies,
  ) {
    this.#options = { servers: 3, tickTimeMs: 1_000, ...options };
    this.#dependencies = dependencies;
    this.#chance = dependencies.random.of("elections");
    this.streams = new SimulatedStreams(dependencies);
    const ports = this.#ports();
    this.servers = Array.from({ length: this.#options.servers }, (_, index) => {
      const name = `zookeeper-${index + 1}`;
      return new SimulatedServer(name, () => this.#newProcess(name), ports);
    });
    for (const server of this.servers) server.start();
  }

  /** For clients. */
  get connectString(): string {
    return this.servers.map(({ name }) => `${name}:${CLIENT_PORT}`).join(",");
  }

  /** The one that leads and serves; nobody during an election. */
  get leader(): SimulatedServer | undefined {
    const leading = this.servers.filter(({ role, isServing }) => role === "leading" && isServing);
    return leading.find(({ epoch }) => epoch === this.#epoch);
  }

  /** What the leader has applied, for checks; counts as nobody's request. */
  get tree(): DataTree | undefined {
    return this.leader?.replica.tree;
  }

  /** That clients have set and that have not fired, at all servers. */
  get watches(): number {
    return this.servers.reduce((sum, { replica }) => sum + replica.watches.size, 0);
  }

  /** Every transaction, once, when a quorum has it; the connections that asked may be gone. */
  onWrite(listener: (write: AppliedWrite) => void): void {
    this.#listeners.push(listener);
  }

  /** Opens a session with the production client. */
  connect(process: SimulatedProcess, options: SimulatedSessionOptions): Promise<ZooKeeperClient> {
    const { servers = this.servers.map(({ name }) => name), ...times } = options;
    const connectString = servers.map((name) => `${name}:${CLIENT_PORT}`).join(",");
    const { logger } = this.#dependencies;
    const { clock, scheduler, random } = process;
    return connectZooKeeper(
      { connectString, ...times },
      {
        ...{ clock, scheduler, random, logger },
        connectSocket: (server) =>
          new SimulatedSocket(this.streams.connect<Buffer>(process, server), { random }),
      },
    );
  }

  // --- faults -----------------------------------------------------------------------------------

  /** The connection breaks around the next write that fits. */
  failNext(fault: WriteFault): PendingWriteFault {
    return this.#faults.add(fault);
  }

  /** Those that have not happened. */
  get pendingFaults(): number {
    return this.#faults.pending;
  }

  /** No fault waits any more. */
  clearFaults(): void {
    this.#faults.clear();
  }

  /** A client's process is gone. `"power"`: servers do not hear of it before the session is over. */
  cut(process: SimulatedProcess, kind: "process" | "power"): void {
    if (kind === "process") this.streams.reset(process);
    else this.streams.vanish(process);
  }

  /**
   * Ends a session at once, as if its timeout were over: its id and password are all it takes. Nothing
   * happens while nobody leads.
   */
  expire(sessionId: string): void {
    const password = this.#passwords.get(sessionId);
    const { leader } = this;
    if (password === undefined || leader?.process === undefined) return;
    const stream = this.streams.connect<Buffer>(leader.process, {
      host: leader.name,
      port: CLIENT_PORT,
    });
    const wire = new WireSession((frame) => stream.send("expire", frame));
    stream.handlers.opened = () =>
      wire.connect({ session: { sessionId: BigInt(`0x${sessionId}`), password } });
    let isAsked = false;
    stream.handlers.received = (chunk) => {
      wire.receive(chunk);
      if (isAsked || wire.handshake === undefined || wire.handshake.timeoutMs === 0) return;
      isAsked = true;
      wire.send({ opCode: CLOSE_SESSION, body: Buffer.alloc(0) });
    };
  }

  server(name: string): SimulatedServer {
    const server = this.servers.find((one) => one.name === name);
    if (server === undefined) throw new RangeError(`no server ${name}`);
    return server;
  }

  /** The one that a client's process is connected to. */
  serverOf(client: string): SimulatedServer | undefined {
    return this.servers.find(({ clients }) => clients.includes(client));
  }

  /** As many as leave no quorum, the leader among them. */
  loseQuorum(kind: "process" | "power" = "process"): void {
    const leaderFirst = [...this.servers].sort((a, b) => rankOf(a) - rankOf(b));
    const tooMany = this.servers.length - this.#quorum + 1;
    for (const server of leaderFirst.slice(0, tooMany)) server.stop(kind);
  }

  /** Every server runs, no one is slow. */
  heal(): void {
    for (const server of this.servers) {
      server.start();
      server.process?.resume();
      server.applyDelayMs = 0;
    }
    this.clearFaults();
  }

  // --- what servers share -----------------------------------------------------------------------

  get #quorum(): number {
    return Math.floor(this.#options.servers / 2) + 1;
  }

  #ports(): EnsemblePorts {
    return {
      streams: this.streams,
      faults: this.#faults,
      logger: this.#dependencies.logger,
      tickTimeMs: this.#options.tickTimeMs,
      quorum: this.#quorum,
      send: (from, to, message) => this.#send(from, to, message),
      broadcast: (from, message) => {
        for (const { name } of this.servers) if (name !== from) this.#send(from, name, message);
      },
      decided: (logged, sessionId) => this.#asked.set(logged, sessionId),
      committed: (write) => this.#onCommitted(write),
      looking: () => this.#electSoon(),
    };
  }

  #send(from: string, to: string, message: ServerMessage): void {
    this.#dependencies.network.send(from, to, message.kind, () => {
      const server = this.server(to);
      server.process?.receive(() => server.receive(message));
    });
  }

  #onCommitted(write: Omit<AppliedWrite, "sessionId">): void {
    if (write.index < this.#committed) return;
    this.#committed = write.index + 1;
    const { transaction } = write.logged;
    if (transaction.type === "createSession") {
      const id = transaction.sessionId.toString(16).padStart(16, "0");
      this.#passwords.set(id, Buffer.from(transaction.password));
    }
    const sessionId = this.#asked.get(write.logged);
    for (const listener of this.#listeners) listener({ sessionId, ...write });
  }

  #newProcess(name: string): SimulatedProcess {
    const start = (this.#starts.get(name) ?? 0) + 1;
    this.#starts.set(name, start);
    const { schedule, random } = this.#dependencies;
    return new SimulatedProcess(name, { schedule, random: random.of(`${name}#${start}`) });
  }

  // --- elections --------------------------------------------------------------------------------

  #electSoon(): void {
    if (this.#isElectionDue) return;
    this.#isElectionDue = true;
    const { schedule } = this.#dependencies;
    const afterMs = ELECTION_MS.least + ELECTION_MS.more * this.#chance.next();
    schedule.after(afterMs, "zookeeper", "election", () => {
      this.#isElectionDue = false;
      this.#elect();
      // Somebody may still look, or a leader may not have come through to everybody.
      if (this.servers.some(({ role }) => role === "looking")) this.#electSoon();
    });
  }

  /** Of those who look and reach each other, if they are a quorum, the one that has the most. */
  #elect(): void {
    const looking = this.servers.filter(
      ({ role, process }) => role === "looking" && process?.isPaused === false,
    );
    const candidates = looking
      .map((server) => ({ server, voters: looking.filter((one) => this.#reach(server, one)) }))
      .filter(({ voters }) => voters.length >= this.#quorum)
      .filter(({ server, voters }) => voters.every((one) => one.lastLogged <= server.lastLogged));
    const elected = candidates.at(-1);
    if (elected === undefined) return;
    this.#epoch += 1;
    for (const voter of elected.voters) voter.promise(this.#epoch);
    elected.server.lead(this.#epoch);
  }

  #reach(a: SimulatedServer, b: SimulatedServer): boolean {
    const { network } = this.#dependencies;
    return a === b || !(network.isClogged(a.name, b.name) || network.isClogged(b.name, a.name));
  }
}

const CLOSE_SESSION = -11;

function rankOf(server: SimulatedServer): number {
  return server.role === "leading" ? 0 : server.role === "down" ? 1 : 2;
}
