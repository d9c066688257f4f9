import { assert, type Clock, type Logger, type Random } from "@zoolog/base";
import { isMalformedJute, JuteReader } from "../jute/jute-reader.ts";
import { OP_CODES, SPECIAL_XIDS } from "../jute/op-codes.ts";
import type { WireStat } from "../jute/records.ts";
import type { TreeOutlook } from "./decisions/pending-changes.ts";
import {
  decideCloseSession,
  decideDeleteContainer,
  decideWrite,
  type Refusal,
} from "./decisions/write-decisions.ts";
import { readWriteRequest, type WriteRequest } from "./decisions/write-request.ts";
import type { Proposal, ProposalOrigin } from "./pipeline/proposal-queue.ts";
import { type Journal, WritePipeline } from "./pipeline/write-pipeline.ts";
import { authenticate } from "./requests/authentication.ts";
import { answerRead, isRead } from "./requests/read-requests.ts";
import { SessionOpening, type SessionOpeningOptions } from "./requests/session-opening.ts";
import { ServerStatistics } from "./server-statistics.ts";
import { AttachedConnections } from "./sessions/attached-connections.ts";
import {
  ClientConnection,
  type ConnectionSink,
  type WaitingRead,
} from "./sessions/client-connection.ts";
import { type Session, type SessionSettings, SessionTracker } from "./sessions/session-tracker.ts";
import type { SnapshotSource } from "./storage/snapshot-file.ts";
import type { DataTree } from "./tree/data-tree.ts";
import type { SessionId } from "./tree/transaction.ts";
import { WatchRegistry } from "./tree/watch-registry.ts";
import { ReplyEncoder, writeFailedMulti, writeResult } from "./wire/reply-encoder.ts";

export type ServerCoreOptions = SessionOpeningOptions & {
  readonly tickTimeMs: number;
  /** Of this run of the server; larger than in any run before with the same data. */
  readonly epoch: number;
};

export type ServerCoreDependencies = {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly journal: Journal;
  readonly state: ServerState;
};

/** What a server starts from: nothing, or what was recovered. */
export type ServerState = {
  readonly tree: DataTree;
  readonly sessions: readonly SessionSettings[];
};

/** Requests of one connection that may wait for the disk; more are not read from its socket. */
const PENDING_WRITES_PER_CONNECTION_MAX = 1000;

/** Their answers are made in one go when the write before them is durable, 1 MiB each at most. */
const WAITING_READS_PER_CONNECTION_MAX = 32;

/** Bytes of all requests that wait for the disk: bounds memory while the disk is slow or full. */
const PENDING_REQUEST_BYTES_MAX = 64 * 1024 * 1024;

/** How often containers without children are looked for, and how many go each time. */
const CONTAINER_CHECK_PERIOD_MS = 60_000;
const CONTAINERS_PER_CHECK_MAX = 10_000;

/**
 * The server without its sockets, disk and timers: frames in, frames out, transactions to a journal.
 * Synchronous and deterministic; a simulation drives it as the shell (`startZooKeeperServer`) does.
 *
 * ```
 * frame ─▶ write: decide against tree + pending changes ─▶ journal … committed ─▶ apply ─▶ events,
 *      │                                                                           reply
 *      └▶ read: at once, or after the session's own pending writes
 * ```
 *
 * Invariants: replies of a connection are in the order of its requests; nobody sees, not even as
 * a refusal, what is not durable; events of a transaction are sent before the replies to it and to
 * anything later.
 */
export class ServerCore {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #tree: DataTree;
  readonly #writes: WritePipeline;
  readonly #sessions: SessionTracker;
  readonly #watches = new WatchRegistry();
  readonly #replies = new ReplyEncoder();
  readonly #events = new ReplyEncoder();
  readonly statistics = new ServerStatistics();
  readonly #connections: AttachedConnections;
  readonly #opening: SessionOpening;
  #nextContainerCheckAt: number;

  constructor(options: ServerCoreOptions, dependencies: ServerCoreDependencies) {
    const { state, clock, random, logger, journal } = dependencies;
    const { tickTimeMs, epoch } = options;
    this.#clock = clock;
    this.#logger = logger;
    this.#tree = state.tree;
    this.#writes = new WritePipeline(
      { epoch },
      {
        tree: state.tree,
        clock,
        journal,
        observe: (event) => this.#watches.fire(event),
        onReleased: (proposal, stats) => this.#released(proposal, stats),
      },
    );
    this.#sessions = new SessionTracker({ tickTimeMs, epoch }, { random });
    const connections = new AttachedConnections({
      watches: this.#watches,
      statistics: this.statistics,
    });
    this.#connections = connections;
    this.#opening = new SessionOpening(options, {
      ...{ clock, logger, connections },
      ...{ sessions: this.#sessions, writes: this.#writes, replies: this.#replies },
    });
    const now = clock.monotonic();
    for (const settings of state.sessions) this.#sessions.restore(settings, now);
    this.#nextContainerCheckAt = now + CONTAINER_CHECK_PERIOD_MS;
  }

  /** The newest transaction that clients can see. */
  get appliedZxid(): number {
    return this.#writes.appliedZxid;
  }

  get tree(): DataTree {
    return this.#tree;
  }

  get watchCount(): number {
    return this.#watches.size;
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Requests that wait for the disk. */
  get outstanding(): number {
    return this.#writes.size;
  }

  connect(options: { readonly address: string }, sink: ConnectionSink): ClientConnection {
    return new ClientConnection(options, { sink, eventEncoder: this.#events });
  }

  /** True while the next frame of this connection must not be handed over yet. */
  mustWait(connection: ClientConnection): boolean {
    return (
      connection.phase === "opening" ||
      connection.pendingWrites >= PENDING_WRITES_PER_CONNECTION_MAX ||
      connection.waitingReads.length >= WAITING_READS_PER_CONNECTION_MAX ||
      this.#writes.requestBytes >= PENDING_REQUEST_BYTES_MAX ||
      connection.sink.isCongested
    );
  }

  /**
   * One request, without its length. Malformed bytes cost this connection at most.
   *
   * @param frame must stay unchanged until the request is answered.
   */
  handle(connection: ClientConnection, frame: Uint8Array): void {
    if (connection.phase === "closed") return;
    assert(connection.phase !== "opening", "a request before the session is open");
    connection.received += 1;
    this.statistics.received += 1;
    const reader = new JuteReader(frame);
    try {
      if (connection.phase === "new") this.#opening.handle(connection, reader);
      else this.#handleRequest(connection, frame, reader);
    } catch (error) {
      if (!isMalformedJute(error)) throw error;
      this.#logger.warn("connection closed for malformed bytes", { client: connection.address });
      this.#connections.close(connection);
    }
  }

  /** The socket is gone. The session lives on until it expires. Idempotent. */
  disconnected(connection: ClientConnection): void {
    this.#connections.disconnected(connection);
  }

  /** Every transaction up to `zxid` is durable: apply, tell the watchers, answer. */
  committed(zxid: number): void {
    this.#writes.committed(zxid);
  }

  /** How often `tick` is to be called. */
  get tickPeriodMs(): number {
    return this.#sessions.checkPeriodMs;
  }

  /** Ends sessions that have run out and containers left empty. */
  tick(): void {
    const now = this.#clock.monotonic();
    for (const session of this.#sessions.expire(now)) {
      this.#logger.info("session expired", { sessionId: session.id, timeoutMs: session.timeoutMs });
      this.#proposeCloseSession(session.id, undefined);
    }
    if (now >= this.#nextContainerCheckAt) {
      this.#nextContainerCheckAt = now + CONTAINER_CHECK_PERIOD_MS;
      this.#deleteAbandonedContainers();
    }
  }

  /**
   * Begins a snapshot of exactly what is applied now. To be called when all that was committed is
   * applied and nothing else: right after `committed`.
   */
  beginSnapshot(): SnapshotSource {
    return {
      zxid: this.#writes.appliedZxid,
      sessions: this.#sessions.durable(),
      znodes: this.#tree.beginSnapshot(),
    };
  }

  #handleRequest(connection: ClientConnection, frame: Uint8Array, reader: JuteReader): void {
    const { session } = connection;
    assert(session !== undefined, "an open connection has a session");
    const xid = reader.int();
    const opCode = reader.int();
    if (opCode === OP_CODES.auth) {
      this.#authenticate(connection, xid, reader);
      return;
    }
    const receivedAt = this.#clock.monotonic();
    // Only what a client says keeps its session alive; what is sent to it does not.
    if (!this.#sessions.touch(session, connection.timeoutMs, receivedAt)) return;
    const origin = { connection, xid, requestBytes: frame.length, receivedAt };
    if (opCode === OP_CODES.closeSession) {
      this.#proposeCloseSession(session.id, origin);
    } else if (isRead(opCode)) {
      this.#handleRead(connection, session, { frame, receivedAt });
    } else {
      this.#handleWrite(opCode, reader, session, origin);
    }
  }

  #handleWrite(
    opCode: number,
    reader: JuteReader,
    session: Session,
    origin: Omit<ProposalOrigin, "request">,
  ): void {
    const { connection, xid } = origin;
    const request = readOrRefuse(opCode, reader);
    if (request === undefined) {
      const refused = "UNIMPLEMENTED";
      const zxid = this.#writes.appliedZxid;
      this.#connections.send(connection, this.#replies.bare({ xid, zxid, refused }));
      this.#connections.close(connection);
      return;
    }
    connection.pendingWrites += 1;
    if (typeof request === "string") {
      const by = { sessionId: session.id, origin };
      session.lastWriteZxid = this.#writes.propose(() => ({ refused: request }), by);
      return;
    }
    const requester = { sessionId: session.id, credentials: connection.credentials };
    session.lastWriteZxid = this.#writes.propose(
      (outlook) => decideWrite(request, outlook, requester),
      { sessionId: session.id, origin: { request, ...origin } },
    );
  }

  /** A session reads its own writes, so it waits for those that are under way; nobody else does. */
  #handleRead(
    connection: ClientConnection,
    session: Session,
    read: Omit<WaitingRead, "afterZxid">,
  ): void {
    const afterZxid = session.lastWriteZxid;
    if (afterZxid <= this.#writes.appliedZxid) this.#answerRead(connection, read);
    else connection.waitingReads.push({ afterZxid, ...read });
  }

  #answerRead(connection: ClientConnection, read: Omit<WaitingRead, "afterZxid">): void {
    const reader = new JuteReader(read.frame);
    const xid = reader.int();
    const opCode = reader.int();
    const writer = this.#replies.begin();
    const context = { connection, tree: this.#tree, watches: this.#watches, writer };
    let refused: Refusal | undefined;
    try {
      refused = answerRead(opCode, reader, context);
    } catch (error) {
      if (!isMalformedJute(error)) throw error;
      refused = "MARSHALLING_ERROR";
    }
    const zxid = this.#writes.appliedZxid;
    const replyXid = opCode === OP_CODES.ping ? SPECIAL_XIDS.ping : xid;
    this.#connections.send(connection, this.#replies.finish({ xid: replyXid, zxid, refused }));
    this.statistics.noteAnswer(this.#clock.monotonic() - read.receivedAt);
  }

  #authenticate(connection: ClientConnection, xid: number, reader: JuteReader): void {
    const refused = authenticate(connection, reader);
    this.#connections.send(connection, this.#replies.bare({ xid, zxid: 0, refused }));
    if (refused !== undefined) this.#connections.close(connection);
  }

  #proposeCloseSession(sessionId: SessionId, origin: ProposalOrigin | undefined): void {
    const session = this.#sessions.get(sessionId);
    if (session !== undefined) session.isClosing = true;
    if (origin !== undefined) origin.connection.pendingWrites += 1;
    const decide = (outlook: TreeOutlook) => ({
      transaction: decideCloseSession(sessionId, outlook),
    });
    this.#writes.propose(decide, { sessionId, origin });
  }

  #deleteAbandonedContainers(): void {
    for (const path of this.#tree.abandonedContainers().slice(0, CONTAINERS_PER_CHECK_MAX)) {
      this.#writes.propose((outlook) => decideDeleteContainer(path, outlook), {
        sessionId: undefined,
      });
    }
  }

  #released(proposal: Proposal, stats: readonly (WireStat | undefined)[]): void {
    const { origin, outcome, sessionId } = proposal;
    const type = "logged" in outcome ? outcome.logged.transaction.type : undefined;
    if (origin !== undefined && type === "createSession") this.#opening.opened(origin.connection);
    else if (origin !== undefined) this.#reply(proposal, origin, stats);
    if (sessionId === undefined) return;
    const attached = this.#connections.get(sessionId);
    if (type === "closeSession") {
      this.#sessions.remove(sessionId);
      if (attached !== undefined) this.#connections.close(attached);
    } else if (attached !== undefined) {
      this.#answerWaitingReads(attached);
    }
  }

  #reply(
    { zxid, outcome }: Proposal,
    { connection, xid, request, receivedAt }: ProposalOrigin,
    stats: readonly (WireStat | undefined)[],
  ): void {
    connection.pendingWrites -= 1;
    if (connection.phase === "closed") return;
    const writer = this.#replies.begin();
    let refused: Refusal | undefined;
    if ("logged" in outcome) {
      if (request !== undefined) {
        writeResult(writer, request, outcome.logged.transaction, stats);
      }
    } else if (request?.op === "multi" && outcome.part !== undefined) {
      // The answer to a multi says of each part how it fared; its header says nothing.
      const { part } = outcome;
      writeFailedMulti(writer, request.requests.length, { refused: outcome.refused, part });
    } else {
      refused = outcome.refused;
    }
    this.#connections.send(connection, this.#replies.finish({ xid, zxid, refused }));
    this.statistics.noteAnswer(this.#clock.monotonic() - receivedAt);
  }

  #answerWaitingReads(connection: ClientConnection): void {
    const { waitingReads } = connection;
    for (let read = waitingReads[0]; read !== undefined; read = waitingReads[0]) {
      if (read.afterZxid > this.#writes.appliedZxid) return;
      waitingReads.shift();
      this.#answerRead(connection, read);
    }
  }
}

/** A write, why it cannot be read as one, or nothing when nobody knows the code. */
function readOrRefuse(opCode: number, reader: JuteReader): WriteRequest | Refusal | undefined {
  if (opCode === OP_CODES.reconfig) return "RECONFIG_DISABLED";
  try {
    return readWriteRequest(opCode, reader);
  } catch (error) {
    if (!isMalformedJute(error)) throw error;
    return "MARSHALLING_ERROR";
  }
}
