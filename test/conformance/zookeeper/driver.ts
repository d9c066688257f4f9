import type { Observation } from "./observation.ts";
import type { Call } from "./step.ts";

/** One session with one server, driven by steps and telling what it saw. */
export interface Driver {
  /** 16 hex digits. */
  readonly sessionId: string;
  readonly isConnected: boolean;
  /** Sends all, then waits for all answers. */
  call(calls: readonly Call[]): Promise<Observation>;
  authenticate(scheme: string, credential: string): Promise<Observation>;
  /** Ends the connection; the session stays for its timeout. */
  disconnect(): Promise<Observation>;
  /** Comes back in the same session, with its watches. Ends the connection first if there is one. */
  reconnect(): Promise<Observation>;
  /** Everything that the server has sent so far has been seen when it resolves. */
  fence(): Promise<Observation>;
  close(): Promise<Observation>;
  /** Ends the connection, waits until the session is `gone`, and looks what is said about it. */
  abandon(gone: () => Promise<void>): Promise<Observation>;
  /** Leaves nothing open. The session may stay. */
  dispose(): Promise<void>;
}
