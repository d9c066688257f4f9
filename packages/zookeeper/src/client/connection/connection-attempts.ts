import type { Random, Scheduler, Timer } from "@zoolog/base";
import type { ServerAddress } from "../connect-string.ts";
import { ATTEMPT_MS_MAX, ATTEMPT_MS_MIN } from "../limits.ts";
import { ServerRotation } from "./server-rotation.ts";

export type AttemptHandlers = {
  /** Connect to this server now. */
  readonly begin: (server: ServerAddress) => void;
  /** TCP and handshake together took too long. */
  readonly timedOut: (server: ServerAddress) => void;
};

/** Attempts to connect, one at a time: the pause before each, and the end of one that hangs. */
export class ConnectionAttempts {
  readonly #rotation: ServerRotation;
  readonly #scheduler: Scheduler;
  /** One waits: either the next attempt, or the end of the running one. */
  #timer: Timer | undefined;

  constructor(
    servers: readonly ServerAddress[],
    dependencies: { readonly random: Random; readonly scheduler: Scheduler },
  ) {
    this.#rotation = new ServerRotation(servers, dependencies.random);
    this.#scheduler = dependencies.scheduler;
  }

  next(sessionTimeoutMs: number, handlers: AttemptHandlers): void {
    const { server, pauseMs } = this.#rotation.next();
    this.#wait(pauseMs, () => {
      handlers.begin(server);
      this.#wait(this.#attemptMsMax(sessionTimeoutMs), () => handlers.timedOut(server));
    });
  }

  /** Nothing is waited for any more: the attempt succeeded or ended. */
  ended(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** A server answered more than the handshake. */
  succeeded(): void {
    this.#rotation.succeeded();
  }

  #wait(delayMs: number, task: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#scheduler.after(delayMs, task);
  }

  /** Leaves time to try every server within the session's timeout. */
  #attemptMsMax(sessionTimeoutMs: number): number {
    const share = sessionTimeoutMs / this.#rotation.size;
    return Math.min(Math.max(share, ATTEMPT_MS_MIN), ATTEMPT_MS_MAX);
  }
}
