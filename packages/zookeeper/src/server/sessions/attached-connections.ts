import type { ServerStatistics } from "../server-statistics.ts";
import type { SessionId } from "../tree/transaction.ts";
import type { WatchRegistry } from "../tree/watch-registry.ts";
import type { ClientConnection } from "./client-connection.ts";
import type { Session } from "./session-tracker.ts";

export type AttachedConnectionsDependencies = {
  readonly watches: WatchRegistry;
  readonly statistics: ServerStatistics;
};

/** Which connection speaks for which session (one at most), and how connections end. */
export class AttachedConnections {
  readonly #watches: WatchRegistry;
  readonly #statistics: ServerStatistics;
  readonly #bySession = new Map<SessionId, ClientConnection>();

  constructor(dependencies: AttachedConnectionsDependencies) {
    this.#watches = dependencies.watches;
    this.#statistics = dependencies.statistics;
  }

  get(sessionId: SessionId): ClientConnection | undefined {
    return this.#bySession.get(sessionId);
  }

  /** From here on this connection speaks for the session; the one that did before is closed. */
  attach(connection: ClientConnection, session: Session): void {
    const old = this.#bySession.get(session.id);
    if (old !== undefined) this.close(old);
    connection.session = session;
    connection.phase = "open";
    this.#bySession.set(session.id, connection);
  }

  send(connection: ClientConnection, frame: Uint8Array): void {
    if (connection.phase === "closed") return;
    this.#statistics.sent += 1;
    connection.send(frame);
  }

  /** From our side: everything sent before still leaves. Idempotent. */
  close(connection: ClientConnection): void {
    if (connection.phase === "closed") return;
    this.disconnected(connection);
    connection.sink.close();
  }

  /** The socket is gone. The session lives on until it expires. Idempotent. */
  disconnected(connection: ClientConnection): void {
    connection.phase = "closed";
    connection.waitingReads.length = 0;
    this.#watches.removeWatcher(connection);
    const { session } = connection;
    if (session !== undefined && this.#bySession.get(session.id) === connection) {
      this.#bySession.delete(session.id);
    }
  }
}
