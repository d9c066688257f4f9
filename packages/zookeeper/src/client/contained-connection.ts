import {
  assert,
  type Clock,
  type Deferred,
  deferred,
  errorCode,
  errorMessage,
  type Logger,
  type Random,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import ConnectionManager, {
  type PacketCallback,
  type PacketError,
} from "node-zookeeper-client/lib/ConnectionManager.js";
import jute, {
  type LibraryRecord,
  type Response,
  type ResponsePayload,
} from "node-zookeeper-client/lib/jute/index.js";
import { WIRE_ERROR_CODES, ZooKeeperError } from "../errors.ts";
import type { ConnectString } from "./connect-string.ts";
import { type Credential, Credentials } from "./credentials.ts";
import { Heartbeat } from "./heartbeat.ts";
import { InboundReplies } from "./inbound-replies.ts";
import { ATTEMPT_MS_MAX, ATTEMPT_MS_MIN, CLOSE_MS_MAX } from "./limits.ts";
import { ServerRotation } from "./server-rotation.ts";
import { SessionLease } from "./session-lease.ts";
import type { SessionState } from "./zookeeper-client.ts";

const { STATES } = ConnectionManager;

/** The session id of a client that has none yet. */
const NO_SESSION = Buffer.alloc(8);
/** The library counts xids up for ever and throws at 2^31; the server only wants them equal. */
const XID_MAX = 0x7fff_0000;

/** How one request ended. Each request ends exactly once. */
export type Outcome =
  | { readonly kind: "answered"; readonly payload: ResponsePayload }
  | { readonly kind: "refused"; readonly wireCode: number }
  /** The connection ended first: whether a write was applied is not known. */
  | { readonly kind: "lost" }
  /** The answer came and cannot be read. */
  | { readonly kind: "malformed"; readonly cause: unknown };

export type ConnectionOptions = {
  readonly target: ConnectString;
  readonly sessionTimeoutMs: number;
};

export type ConnectionDependencies = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
};

export type ConnectionEvents = {
  readonly stateChanged: (state: SessionState) => void;
  readonly watchFired: (type: number, path: string) => void;
  /** SetWatches requests to be sent behind the handshake, given the last zxid seen. */
  readonly watchesToRestore: (zxid: Buffer) => readonly LibraryRecord[];
  /** A server took the connection and hung up instead of answering the handshake. */
  readonly handshakeRefused: (timesInARow: number) => void;
};

/**
 * One session over the library's `ConnectionManager`, whose defects stop here. What it keeps of the
 * library: sockets, the handshake, records to bytes and back, its request queues. What it replaces,
 * by overriding the manager's own methods on the instance:
 *
 * | the library | here |
 * | --- | --- |
 * | waits for a silent server's handshake for ever | one timer over TCP connect and handshake |
 * | never notices a silent server; pings starve under watch events | `Heartbeat` |
 * | keeps half a frame over a reconnect, believes any length | `InboundReplies` |
 * | throws on unknown error codes, loses callbacks of bad replies | `InboundReplies` |
 * | queues requests while there is no connection, sends them late | `send` refuses |
 * | repeats AUTH and SET_WATCHES for each failed attempt | unsent packets end with the socket |
 * | fixed random pause, timers that outlive `close` | `ServerRotation`, own cancellable timers |
 * | `close` throws or hangs outside of a connection | bounded in every state |
 */
export class ContainedConnection {
  readonly #manager: ConnectionManager;
  readonly #library: Pick<ConnectionManager, "onSocketConnected" | "onSocketClosed">;
  readonly #dependencies: ConnectionDependencies;
  readonly #events: ConnectionEvents;
  readonly #rotation: ServerRotation;
  readonly #inbound: InboundReplies;
  readonly #lease = new SessionLease();
  readonly #heartbeat: Heartbeat;
  readonly #credentials = new Credentials();
  readonly #ended: Deferred<void> = deferred();
  #state: SessionState = "connecting";
  #lastFailure: string | undefined;
  /** One waits: either the next attempt, or the end of the running one. */
  #attemptTimer: Timer | undefined;
  #closeTimer: Timer | undefined;
  #handshakeSentAt: number | undefined;
  #handshakesRefused = 0;
  /** When pings were sent that are not answered; a server answers them in order. */
  #pingsSentAt: number[] = [];
  /** Why the server does not want us, when it refused a credential. */
  #refusal: ZooKeeperError | undefined;
  #stopped = false;

  constructor(
    options: ConnectionOptions,
    dependencies: ConnectionDependencies,
    events: ConnectionEvents,
  ) {
    this.#dependencies = dependencies;
    this.#events = events;
    this.#rotation = new ServerRotation(options.target.servers, dependencies.random);
    this.#heartbeat = new Heartbeat(dependencies, {
      ping: () => this.#ping(),
      giveUp: (silenceMs) => this.#dropConnection("server silent", { silenceMs }),
    });
    const manager = new ConnectionManager(
      libraryConnectString(options.target),
      { sessionTimeout: options.sessionTimeoutMs, spinDelay: 0 },
      (state) => this.#onLibraryState(state),
    );
    this.#library = {
      onSocketConnected: manager.onSocketConnected.bind(manager),
      onSocketClosed: manager.onSocketClosed.bind(manager),
    };
    this.#inbound = new InboundReplies(manager, {
      library: manager.onSocketData.bind(manager),
      isHandshakeDue: () => manager.state === STATES.CONNECTING,
      pingAnswered: () => this.#answered(this.#pingsSentAt.shift() ?? Number.NEGATIVE_INFINITY),
      credentialAnswered: (wireCode) => this.#onCredentialAnswered(wireCode),
    });
    this.#manager = manager;
    this.#override(manager);
  }

  #override(manager: ConnectionManager): void {
    manager.findNextServer = (use) => this.#findNextServer(use);
    manager.onSocketConnected = () => this.#onSocketConnected();
    manager.onSocketData = (chunk) => this.#onSocketData(chunk);
    manager.onSocketClosed = (hadError) => this.#onSocketClosed(hadError);
    manager.onSocketError = (error) => {
      this.#lastFailure = error.message === "" ? errorCode(error) : error.message;
    };
    // Ours cover them: the attempt timer the first, the heartbeat the second.
    manager.onSocketConnectTimeout = () => {};
    manager.onSocketTimeout = () => {};
    // The library sends no SetWatches of its own: one packet of any size, which a server may refuse.
    manager.watcherManager = {
      isEmpty: () => true,
      emit: (event) => this.#events.watchFired(event.type, event.path),
    };
  }

  get state(): SessionState {
    return this.#state;
  }

  get sessionId(): string | undefined {
    return this.#hasSession() ? this.#manager.sessionId.toString("hex") : undefined;
  }

  get sessionTimeoutMs(): number {
    return this.#manager.sessionTimeout;
  }

  get leaseRemainingMs(): number {
    return this.#lease.remainingMs(this.#now());
  }

  /** Why the last attempt failed, for messages. */
  get lastFailure(): string | undefined {
    return this.#lastFailure;
  }

  start(): void {
    this.#manager.connect();
  }

  /** Sends a request now; the caller has seen the state `connected`. `settled` is called once. */
  send(request: SendRequest, settled: (outcome: Outcome) => void): void {
    assert(this.#state === "connected", "requests are sent on a connection only");
    const sentAt = this.#now();
    let pending = true;
    this.#queue(request, (error, response) => {
      if (!pending) return;
      pending = false;
      const outcome = outcomeOf(error, response);
      if (outcome.kind === "answered" || outcome.kind === "refused") this.#answered(sentAt);
      settled(outcome);
    });
  }

  /** Resolves when a server took the credential; rejects when it refused, or the session ended. */
  addAuth(scheme: string, bytes: Uint8Array): Promise<void> {
    const credential = this.#credentials.add(scheme, bytes);
    if (this.#isEnded()) this.#credentials.endSession(this.endedError("addAuth"));
    else if (this.#handshakeSentAt !== undefined) this.#sendCredential(credential);
    return credential.answer.promise;
  }

  /**
   * Ends the session: asks the server to, when there is one or may be one soon, and stops in any
   * case after `CLOSE_MS_MAX`. The state is `closed` at once.
   */
  close(): Promise<void> {
    if (this.#isEnded()) return this.#ended.promise;
    this.#closeTimer = this.#dependencies.scheduler.after(CLOSE_MS_MAX, () => this.#stop());
    const managerState = this.#manager.state;
    if (managerState === STATES.CONNECTED) this.#manager.close();
    this.#end("closed");
    if (managerState !== STATES.CONNECTED && !this.#mayHaveSession()) this.#stop();
    return this.#ended.promise;
  }

  /** Gives the session up without a server's word. */
  abandon(): void {
    if (this.#isEnded()) return;
    this.#end("expired");
    this.#stop();
  }

  /** What a call after the session's end is told. */
  endedError(operation: string): ZooKeeperError {
    if (this.#refusal !== undefined) return this.#refusal;
    const expired = this.#state === "expired";
    return new ZooKeeperError({
      code: expired ? "SESSION_EXPIRED" : "CLIENT_CLOSED",
      message: `${operation} on a session that ${expired ? "expired" : "was closed"}`,
    });
  }

  // --- attempts to connect ----------------------------------------------------------------------

  #findNextServer(use: (server: { host: string; port: number }) => void): void {
    if (this.#stopped) return;
    const { server, pauseMs } = this.#rotation.next();
    this.#setAttemptTimer(pauseMs, () => {
      use(server);
      this.#setAttemptTimer(this.#attemptMsMax(), () =>
        this.#dropConnection("attempt timed out", { server: `${server.host}:${server.port}` }),
      );
    });
  }

  /** Leaves time to try every server within the session's timeout. */
  #attemptMsMax(): number {
    const share = this.sessionTimeoutMs / this.#rotation.size;
    return Math.min(Math.max(share, ATTEMPT_MS_MIN), ATTEMPT_MS_MAX);
  }

  #onSocketConnected(): void {
    clearTimeout(this.#manager.connectTimeoutHandler);
    if (this.#stopped) {
      this.#manager.socket?.destroy();
      return;
    }
    this.#handshakeSentAt = this.#now();
    this.#library.onSocketConnected();
    // These leave in this order, and before any request, when the handshake is answered.
    for (const credential of this.#credentials.all) this.#sendCredential(credential);
    for (const payload of this.#events.watchesToRestore(this.#manager.zxid)) {
      this.#queue({ opCode: jute.OP_CODES.SET_WATCHES, payload }, (error) => {
        if (error !== null && error !== undefined && "wireCode" in error) {
          this.#dropConnection("watches refused", { wireCode: error.wireCode });
        }
      });
    }
  }

  #onSocketClosed(hadError: boolean): void {
    if (this.#stopped) return;
    const refused =
      this.#manager.state === STATES.CONNECTING && this.#handshakeSentAt !== undefined;
    this.#clearConnection();
    if (refused) {
      this.#handshakesRefused += 1;
      this.#lastFailure = "the server hung up during the handshake";
    }
    // What was not sent ends like what was not answered, in the order asked. The library would send
    // it on the next connection, long after the caller gave up.
    this.#manager.pendingQueue.push(...this.#manager.packetQueue.queue.splice(0));
    this.#library.onSocketClosed(hadError);
    if (refused) this.#events.handshakeRefused(this.#handshakesRefused);
    if (this.#state === "closed" && !this.#mayHaveSession()) this.#stop();
  }

  /** Forgets everything that belonged to the socket. */
  #clearConnection(): void {
    this.#setAttemptTimer(0, undefined);
    clearTimeout(this.#manager.connectTimeoutHandler);
    this.#heartbeat.stop();
    this.#inbound.reset();
    this.#handshakeSentAt = undefined;
    this.#pingsSentAt = [];
    this.#credentials.connectionEnded();
  }

  #setAttemptTimer(delayMs: number, task: (() => void) | undefined): void {
    this.#attemptTimer?.cancel();
    this.#attemptTimer =
      task === undefined ? undefined : this.#dependencies.scheduler.after(delayMs, task);
  }

  #dropConnection(reason: string, fields: Record<string, unknown>): void {
    this.#dependencies.logger.warn("zookeeper connection dropped", { reason, ...fields });
    this.#lastFailure = reason;
    this.#manager.socket?.destroy();
  }

  // --- what arrives ------------------------------------------------------------------------------

  #onSocketData(chunk: Buffer): void {
    if (this.#stopped) return;
    this.#heartbeat.received();
    try {
      this.#inbound.receive(chunk);
    } catch (error) {
      this.#dropConnection("protocol error", { error: errorMessage(error) });
    }
  }

  #onCredentialAnswered(wireCode: number): void {
    const refusal = this.#credentials.answered(wireCode);
    if (refusal === undefined) return;
    this.#dependencies.logger.error("zookeeper authentication refused", { wireCode });
    this.#refusal = refusal;
    this.#end("closed");
    this.#stop();
  }

  #answered(sentAt: number): void {
    this.#rotation.succeeded();
    if (this.#state === "connected") this.#lease.renew(sentAt, this.sessionTimeoutMs);
  }

  // --- what is sent ------------------------------------------------------------------------------

  #queue(request: SendRequest, callback: PacketCallback): void {
    if (this.#manager.xid > XID_MAX) this.#manager.xid = 1;
    const header = new jute.protocol.RequestHeader(0, request.opCode);
    this.#manager.queue(new jute.Request(header, request.payload), callback);
    this.#heartbeat.sent();
  }

  #sendCredential(credential: Credential): void {
    this.#credentials.sent(credential);
    const header = new jute.protocol.RequestHeader(jute.XID_AUTHENTICATION, jute.OP_CODES.AUTH);
    const packet = new jute.protocol.AuthPacket(0, credential.scheme, credential.bytes);
    this.#manager.queue(new jute.Request(header, packet));
    this.#heartbeat.sent();
  }

  #ping(): void {
    this.#pingsSentAt.push(this.#now());
    const header = new jute.protocol.RequestHeader(jute.XID_PING, jute.OP_CODES.PING);
    this.#manager.queue(new jute.Request(header, null));
    this.#heartbeat.sent();
  }

  // --- states --------------------------------------------------------------------------------------

  #onLibraryState(state: number): void {
    switch (state) {
      case STATES.CONNECTED:
        this.#onConnected();
        return;
      case STATES.DISCONNECTED:
        if (this.#state === "connected") this.#setState("suspended");
        return;
      case STATES.SESSION_EXPIRED:
        this.#end("expired");
        this.#stop();
        return;
      case STATES.CLOSED:
        this.#stop();
        return;
      default:
        return;
    }
  }

  #onConnected(): void {
    this.#setAttemptTimer(0, undefined);
    this.#handshakesRefused = 0;
    if (this.#state === "closed") {
      this.#manager.close();
      return;
    }
    this.#lease.renew(this.#handshakeSentAt ?? this.#now(), this.sessionTimeoutMs);
    this.#heartbeat.start(this.sessionTimeoutMs);
    this.#setState("connected");
  }

  #setState(state: SessionState): void {
    this.#state = state;
    this.#events.stateChanged(state);
  }

  #isEnded(): boolean {
    return this.#state === "closed" || this.#state === "expired";
  }

  #end(state: "expired" | "closed"): void {
    if (this.#isEnded()) return;
    this.#lease.end();
    this.#heartbeat.stop();
    this.#setState(state);
    this.#credentials.endSession(this.endedError("addAuth"));
  }

  /** Nothing of this session goes on after this: no socket, no timer. */
  #stop(): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#closeTimer?.cancel();
    this.#clearConnection();
    this.#manager.state = STATES.CLOSED;
    this.#manager.pendingQueue.push(...this.#manager.packetQueue.queue.splice(0));
    this.#manager.cleanupPendingQueue(WIRE_ERROR_CODES.CONNECTION_LOSS);
    this.#manager.socket?.destroy();
    this.#ended.resolve();
  }

  #hasSession(): boolean {
    return !this.#manager.sessionId.equals(NO_SESSION);
  }

  /** A server may know a session of ours, perhaps one whose handshake is not answered yet. */
  #mayHaveSession(): boolean {
    return this.#hasSession() || this.#handshakeSentAt !== undefined;
  }

  #now(): number {
    return this.#dependencies.clock.monotonic();
  }
}

export type SendRequest = { readonly opCode: number; readonly payload: LibraryRecord };

/** The library wants one to begin with; it never sees the servers, and the chroot it prepends. */
function libraryConnectString(target: ConnectString): string {
  return `unused:1${target.chroot ?? ""}`;
}

function outcomeOf(error: PacketError | null | undefined, response: Response | undefined): Outcome {
  if (error === null || error === undefined) {
    return { kind: "answered", payload: response?.payload ?? {} };
  }
  if ("wireCode" in error) return { kind: "refused", wireCode: error.wireCode };
  if ("malformed" in error) return { kind: "malformed", cause: error.malformed };
  return { kind: "lost" };
}
