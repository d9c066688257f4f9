import type { Clock, Scheduler, Timer } from "@zoolog/base";

/**
 * Parts of the session timeout. Java pings after a third without sending and gives a connection up
 * after two thirds without receiving, which leaves a third to reach another server.
 */
const PING_PART = 1 / 4;
const SILENCE_PART = 2 / 3;
const TICK_PART = 1 / 20;
const TICK_MS_MIN = 10;
const TICK_MS_MAX = 1_000;

export type HeartbeatActions = {
  /** Send a ping. */
  readonly ping: () => void;
  /** Nothing was received for two thirds of the session timeout. */
  readonly giveUp: (silenceMs: number) => void;
};

/**
 * Keeps a connection's session alive and notices a server that went silent.
 *
 * The library does neither well: its ping timer is the socket's idle timer, which a stream of watch
 * events resets for ever, so that the server expires a busy watcher; and a frozen server stays
 * "connected" for as long as TCP holds. Pings here follow what we *sent*, silence what we received.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #scheduler: Scheduler;
  readonly #actions: HeartbeatActions;
  #timer: Timer | undefined;
  #timeoutMs = 0;
  #sentAt = 0;
  #receivedAt = 0;

  constructor(
    dependencies: { readonly clock: Clock; readonly scheduler: Scheduler },
    actions: HeartbeatActions,
  ) {
    this.#clock = dependencies.clock;
    this.#scheduler = dependencies.scheduler;
    this.#actions = actions;
  }

  /** A session with this timeout is connected now. */
  start(timeoutMs: number): void {
    this.stop();
    this.#timeoutMs = timeoutMs;
    this.#sentAt = this.#clock.monotonic();
    this.#receivedAt = this.#sentAt;
    const tickMs = Math.min(Math.max(timeoutMs * TICK_PART, TICK_MS_MIN), TICK_MS_MAX);
    this.#timer = this.#scheduler.every(tickMs, () => this.#tick());
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  sent(): void {
    this.#sentAt = this.#clock.monotonic();
  }

  received(): void {
    this.#receivedAt = this.#clock.monotonic();
  }

  #tick(): void {
    if (this.#clock.monotonic() - this.#sentAt >= this.#timeoutMs * PING_PART) this.#actions.ping();
    if (!this.#isSilent()) return;
    // After a pause of this process (GC, SIGSTOP) timers run before the sockets are read. What the
    // server sent meanwhile lies in the kernel: let it in before the server is called silent.
    const timer = this.#timer;
    this.#scheduler.soon(() => {
      if (this.#timer === timer && timer !== undefined && this.#isSilent()) {
        this.#actions.giveUp(this.#clock.monotonic() - this.#receivedAt);
      }
    });
  }

  #isSilent(): boolean {
    return this.#clock.monotonic() - this.#receivedAt > this.#timeoutMs * SILENCE_PART;
  }
}
