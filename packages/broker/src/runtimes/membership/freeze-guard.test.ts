import type { Clock, Scheduler } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { FreezeGuard } from "./freeze-guard.ts";

const SESSION_MS = 6_000;

/** A process that can be stopped: its clock goes on, its timers do not fire. */
class Process {
  readonly time = new ManualTime();
  #stoodStillMs = 0;
  #pingedAt = 0;
  isKnown = true;
  thaws = 0;
  readonly clock: Clock = {
    now: () => this.time.clock.now(),
    monotonic: () => this.time.clock.monotonic() + this.#stoodStillMs,
  };
  readonly scheduler: Scheduler = this.time.scheduler;
  readonly guard = new FreezeGuard({
    store: {
      sessionTimeoutMs: SESSION_MS,
      leaseRemainingMs: () => this.#pingedAt + SESSION_MS - this.clock.monotonic(),
    },
    isKnown: () => this.isKnown,
    onThaw: () => {
      this.thaws += 1;
    },
    clock: this.clock,
    scheduler: this.scheduler,
  });

  /** ZooKeeper answers a ping. */
  ping(): void {
    this.#pingedAt = this.clock.monotonic();
  }

  standStill(ms: number): void {
    this.#stoodStillMs += ms;
  }
}

test("with its lease a broker acknowledges everything, without it what epochs make safe", () => {
  const process = new Process();

  expect(process.guard.authority()).toBe("lease");
  process.time.advance(SESSION_MS);
  expect(process.guard.authority()).toBe("epochsOnly");
  expect(process.thaws).toBe(0);
  process.ping();
  expect(process.guard.authority()).toBe("lease");
});

test("who stood still for longer than a lease acknowledges nothing, from the first question on", () => {
  const process = new Process();

  process.standStill(SESSION_MS);

  expect(process.guard.authority()).toBe("none");
  expect(process.thaws).toBe(1);
});

test("a timer that fires before the first question does not hide that time has passed", () => {
  const process = new Process();

  process.standStill(SESSION_MS);
  process.time.advance(300);

  expect(process.guard.authority()).toBe("none");
});

test("only an answer to a question asked since then is a confirmation", () => {
  const process = new Process();
  const before = process.clock.monotonic();
  process.standStill(SESSION_MS);
  expect(process.guard.authority()).toBe("none");

  process.guard.confirmed(before);
  expect(process.guard.authority()).toBe("none");
  process.guard.confirmed(process.clock.monotonic());
  expect(process.guard.authority()).toBe("epochsOnly");
});

test("the lease ends it as well, once the image knows the registration that holds it", () => {
  const process = new Process();
  process.standStill(SESSION_MS);
  expect(process.guard.authority()).toBe("none");

  process.isKnown = false;
  process.ping();
  expect(process.guard.authority()).toBe("none");
  process.isKnown = true;
  expect(process.guard.authority()).toBe("lease");
});

test("a stall shorter than a lease is none", () => {
  const process = new Process();
  process.standStill(SESSION_MS / 2);
  process.ping();

  expect(process.guard.authority()).toBe("lease");
  expect(process.thaws).toBe(0);
  process.guard.close();
  expect(process.time.pendingTimers).toBe(0);
});
