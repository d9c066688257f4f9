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
import ConnectionManager from "node-zookeeper-client/lib/ConnectionManager.js";
import jute, { type LibraryRecord } from "node-zookeeper-client/lib/jute/index.js";
import { WIRE_ERROR_CODES, ZooKeeperError } from "../../errors.ts";
import { type ConnectString, libraryConnectString } from "../connect-string.ts";
import { CLOSE_MS_MAX } from "../limits.ts";
import { InboundReplies } from "../wire/inbound-replies.ts";
import { OutboundRequests, type Outcome, type SendRequest } from "../wire/outbound-requests.ts";
import type { SessionState } from "../zookeeper-client.ts";
import { type ConnectSocket, connectOver } from "./client-socket.ts";
import { ConnectionAttempts } from "./connection-attempts.ts";
import { type Credential, Credentials } from "./credentials.ts";
import { Heartbeat } from "./heartbeat.ts";
import { SessionLease } from "./session-lease.ts";

const { STATES } = ConnectionManager;

/** The session id of a client that has none yet. */
const NO_SESSION = Buffer.alloc(8);

export type ConnectionOptions = {
  readonly target: ConnectString;
  readonly sessionTimeoutMs: number;
};

export type ConnectionDependencies = {
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly logger: Logger;
  /** Default: `net.connect`, called by the library. */
  readonly connectSocket?: ConnectSocket;
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
 * | repeats AUTH and SET_WATCHES for each failed attempt | `OutboundRequests` ends them with the socket |
 * | fixed random pause, timers that outlive `close` | `ConnectionAttempts`, cancellable timers |
 * | `close` throws or hangs outside of a connection | bounded in every state |
 */
export class ContainedConnection {
  readonly #manager: ConnectionManager;
  readonly #library: Pick<ConnectionManager, "onSocketConnected" | "onSocketClosed">;
  readonly #dependencies: ConnectionDependencies;
  readonly #events: ConnectionEvents;
  readonly #attempts: ConnectionAttempts;
  readonly #inbound: InboundReplies;
  readonly #outbound: OutboundRequests;
  readonly #lease = new SessionLease();
  readonly #heartbeat: Heartbeat;
  readonly #credentials = new Credentials();
  readonly #ended: Deferred<void> = deferred();
  #state: SessionState = "connecting";
  #lastFailure: string | undefined;
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
    this.#attempts = new ConnectionAttempts(options.target.servers, dependencies);
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
    this.#outbound = new OutboundRequests(manager, () => this.#heartbeat.sent());
    this.#manager = manager;
    this.#override(manager);
  }

  #override(manager: ConnectionManager): void {
    const { connectSocket } = this.#dependencies;
    if (connectSocket !== undefined) connectOver(manager, connectSocket);
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

  /** The one that servers compare with their own at the next handshake. */
  get zxidSeen(): number {
    return Number(this.#manager.zxid.readBigUInt64BE());
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
    this.#outbound.request(request, (outcome) => {
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
    this.#attempts.next(this.sessionTimeoutMs, {
      begin: use,
      timedOut: ({ host, port }) =>
        this.#dropConnection("attempt timed out", { server: `${host}:${port}` }),
    });
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
      this.#outbound.request({ opCode: jute.OP_CODES.SET_WATCHES, payload }, (outcome) => {
        if (outcome.kind !== "refused") return;
        this.#dropConnection("watches refused", { wireCode: outcome.wireCode });
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
    this.#outbound.connectionEnded();
    this.#library.onSocketClosed(hadError);
    if (refused) this.#events.handshakeRefused(this.#handshakesRefused);
    if (this.#state === "closed" && !this.#mayHaveSession()) this.#stop();
  }

  /** Forgets everything that belonged to the socket. */
  #clearConnection(): void {
    this.#attempts.ended();
    clearTimeout(this.#manager.connectTimeoutHandler);
    this.#heartbeat.stop();
    this.#inbound.reset();
    this.#handshakeSentAt = undefined;
    this.#pingsSentAt = [];
    this.#credentials.connectionEnded();
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
    this.#attempts.succeeded();
    if (this.#state === "connected") this.#lease.renew(sentAt, this.sessionTimeoutMs);
  }

  #sendCredential(credential: Credential): void {
    this.#credentials.sent(credential);
    this.#outbound.credential(credential.scheme, credential.bytes);
  }

  #ping(): void {
    this.#pingsSentAt.push(this.#now());
    this.#outbound.ping();
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
    this.#attempts.ended();
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
    this.#outbound.connectionEnded();
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
