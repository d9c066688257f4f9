import { assert, type Clock, type Logger } from "@zoolog/base";
import type { JuteReader } from "../../jute/jute-reader.ts";
import { type ConnectRequest, readConnectRequest } from "../../jute/records.ts";
import type { WritePipeline } from "../pipeline/write-pipeline.ts";
import type { AttachedConnections } from "../sessions/attached-connections.ts";
import type { ClientConnection } from "../sessions/client-connection.ts";
import { isPasswordOf, type Session, type SessionTracker } from "../sessions/session-tracker.ts";
import type { ReplyEncoder } from "../wire/reply-encoder.ts";

export type SessionOpeningOptions = {
  readonly sessionTimeoutMsMin: number;
  readonly sessionTimeoutMsMax: number;
};

export type SessionOpeningDependencies = {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly sessions: SessionTracker;
  readonly writes: WritePipeline;
  readonly connections: AttachedConnections;
  readonly replies: ReplyEncoder;
};

const NO_PASSWORD = new Uint8Array(16);

/** The handshake: what a client says first, and whether it gets a session for it. */
export class SessionOpening {
  readonly #options: SessionOpeningOptions;
  readonly #dependencies: SessionOpeningDependencies;

  constructor(options: SessionOpeningOptions, dependencies: SessionOpeningDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** @throws ZoologError `MALFORMED_JUTE` */
  handle(connection: ClientConnection, reader: JuteReader): void {
    const { writes, connections, logger } = this.#dependencies;
    const request = readConnectRequest(reader);
    connection.expectsReadOnlyFlag = request.sendsReadOnlyFlag;
    if (request.lastZxidSeen > writes.appliedZxid) {
      // It has seen what this server has not: our data is older than it was. Nothing we say fits.
      logger.warn("client refused: it has seen a newer transaction than this server has", {
        client: connection.address,
        seen: request.lastZxidSeen,
        ours: writes.appliedZxid,
      });
      connections.close(connection);
      return;
    }
    const { sessionTimeoutMsMin, sessionTimeoutMsMax } = this.#options;
    const granted = Math.max(request.timeoutMs, sessionTimeoutMsMin);
    connection.timeoutMs = Math.min(granted, sessionTimeoutMsMax);
    if (request.sessionId === 0) this.#create(connection);
    else this.#resume(connection, request);
  }

  /** The session that `connection` asked for is durable. The connection may be gone by now. */
  opened(connection: ClientConnection): void {
    const { session } = connection;
    assert(session !== undefined, "the session that was opened");
    session.isDurable = true;
    if (connection.phase === "opening") this.#attach(connection, session);
  }

  #create(connection: ClientConnection): void {
    const { clock, sessions, writes } = this.#dependencies;
    const { timeoutMs } = connection;
    const now = clock.monotonic();
    const session = sessions.create(timeoutMs, now);
    connection.session = session;
    connection.phase = "opening";
    const { id: sessionId, password } = session;
    writes.propose(
      () => ({ transaction: { type: "createSession", sessionId, timeoutMs, password } }),
      { sessionId, origin: { connection, xid: 0, requestBytes: 0, receivedAt: now } },
    );
  }

  /** A client is back on a new connection. The old one, if the server still has it, is over. */
  #resume(connection: ClientConnection, request: ConnectRequest): void {
    const { clock, sessions, connections } = this.#dependencies;
    const session = sessions.get(request.sessionId);
    const isAlive =
      session !== undefined &&
      isPasswordOf(session, request.password) &&
      sessions.touch(session, connection.timeoutMs, clock.monotonic());
    if (isAlive) {
      this.#attach(connection, session);
    } else {
      this.#answer(connection, undefined);
      connections.close(connection);
    }
  }

  #attach(connection: ClientConnection, session: Session): void {
    this.#dependencies.connections.attach(connection, session);
    this.#answer(connection, session);
  }

  /** Without a session: the one that was asked for is no more. */
  #answer(connection: ClientConnection, session: Session | undefined): void {
    const { connections, replies } = this.#dependencies;
    const response =
      session === undefined
        ? { timeoutMs: 0, sessionId: 0, password: NO_PASSWORD }
        : { timeoutMs: connection.timeoutMs, sessionId: session.id, password: session.password };
    const options = { withReadOnlyFlag: connection.expectsReadOnlyFlag };
    connections.send(connection, replies.connectResponse(response, options));
  }
}
