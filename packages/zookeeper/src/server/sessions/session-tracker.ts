import { timingSafeEqual } from "node:crypto";
import { assert, type Random } from "@zoolog/base";
import type { SessionId } from "../tree/transaction.ts";

/** A client's session: it outlives connections, and ephemerals live as long as it does. */
export type Session = {
  readonly id: SessionId;
  /** As granted when it was opened. A reconnect may ask for another one, for its connection. */
  readonly timeoutMs: number;
  readonly password: Uint8Array;
  /** Its opening is in the log: it would survive a restart. */
  isDurable: boolean;
  /** Its end has been decided but is not durable yet: it accepts nothing more. */
  isClosing: boolean;
  /** Its newest write; what it reads next must include it. 0 before the first. */
  lastWriteZxid: number;
  /** The end of the bucket it expires with, on the tracker's clock. */
  expiresAt: number;
};

export type SessionSettings = Pick<Session, "id" | "timeoutMs" | "password">;

const PASSWORD_BYTES = 16;

const CHECKS_PER_TICK = 4;

/** An epoch leaves the counter 32 bits; both together stay within a safe integer. */
const IDS_PER_EPOCH = 2 ** 32;

/**
 * Which sessions live, and until when. Sessions expire in buckets of one tick: at the first tick
 * after the timeout, so up to one tick late and never early, and one timer serves them all.
 *
 * `now` is monotonic time in milliseconds. A server that did not run for a while (a stopped
 * process, a long pause) cannot know who spoke meanwhile, so that while does not count.
 */
export class SessionTracker {
  readonly #tickTimeMs: number;
  readonly #epoch: number;
  readonly #random: Random;
  readonly #sessions = new Map<SessionId, Session>();
  readonly #buckets = new Map<number, Set<Session>>();
  #created = 0;
  #expiredUpTo = Number.NEGATIVE_INFINITY;
  #lastTickAt: number | undefined;
  #standstillMs = 0;

  constructor(
    options: {
      readonly tickTimeMs: number;
      /** Never used by a server with this data before: keeps session ids unique for ever. */
      readonly epoch: number;
    },
    dependencies: { readonly random: Random },
  ) {
    this.#tickTimeMs = options.tickTimeMs;
    this.#epoch = options.epoch;
    this.#random = dependencies.random;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** How often `expire` is to be called: a session ends at most this much after its bucket. */
  get checkPeriodMs(): number {
    return Math.max(1, Math.floor(this.#tickTimeMs / CHECKS_PER_TICK));
  }

  get(id: number): Session | undefined {
    return this.#sessions.get(id as SessionId);
  }

  /** What a snapshot keeps: a session whose end is not durable yet is still there. */
  durable(): SessionSettings[] {
    return [...this.#sessions.values()].filter((session) => session.isDurable);
  }

  create(timeoutMs: number, now: number): Session {
    this.#created += 1;
    assert(this.#created < IDS_PER_EPOCH, "session ids of this epoch are used up");
    const id = (this.#epoch * IDS_PER_EPOCH + this.#created) as SessionId;
    const password = this.#random.bytes(PASSWORD_BYTES);
    return this.#track({ id, timeoutMs, password }, { isDurable: false }, now);
  }

  /** A session from before a restart gets its whole timeout again. */
  restore(settings: SessionSettings, now: number): Session {
    return this.#track(settings, { isDurable: true }, now);
  }

  /** The client has spoken. False when the session is closing: it gets no answer any more. */
  touch(session: Session, timeoutMs: number, now: number): boolean {
    if (session.isClosing) return false;
    this.#moveToBucket(session, timeoutMs, now);
    return true;
  }

  remove(id: SessionId): void {
    const session = this.#sessions.get(id);
    if (session === undefined) return;
    this.#sessions.delete(id);
    this.#leaveBucket(session);
  }

  /**
   * Called every `checkPeriodMs`: marks the sessions that have run out as closing and answers them.
   * They stay until `remove`.
   */
  expire(now: number): Session[] {
    this.#noteStandstill(now);
    const time = now - this.#standstillMs;
    const expired: Session[] = [];
    for (const [bucketEnd, sessions] of this.#buckets) {
      if (bucketEnd > time) continue;
      this.#buckets.delete(bucketEnd);
      for (const session of sessions) {
        if (session.isClosing) continue;
        session.isClosing = true;
        expired.push(session);
      }
    }
    this.#expiredUpTo = time;
    return expired;
  }

  #track(settings: SessionSettings, state: Pick<Session, "isDurable">, now: number): Session {
    const session: Session = {
      ...settings,
      ...state,
      isClosing: false,
      lastWriteZxid: 0,
      expiresAt: Number.NaN,
    };
    this.#sessions.set(session.id, session);
    this.#moveToBucket(session, settings.timeoutMs, now);
    return session;
  }

  #noteStandstill(now: number): void {
    const gap = this.#lastTickAt === undefined ? 0 : now - this.#lastTickAt;
    this.#lastTickAt = now;
    if (gap > 2 * this.checkPeriodMs) this.#standstillMs += gap - this.checkPeriodMs;
  }

  #moveToBucket(session: Session, timeoutMs: number, now: number): void {
    const time = Math.max(now - this.#standstillMs, this.#expiredUpTo);
    const end = (Math.floor((time + timeoutMs) / this.#tickTimeMs) + 1) * this.#tickTimeMs;
    if (end === session.expiresAt) return;
    this.#leaveBucket(session);
    session.expiresAt = end;
    const bucket = this.#buckets.get(end);
    if (bucket === undefined) this.#buckets.set(end, new Set([session]));
    else bucket.add(session);
  }

  #leaveBucket(session: Session): void {
    const bucket = this.#buckets.get(session.expiresAt);
    bucket?.delete(session);
    if (bucket?.size === 0) this.#buckets.delete(session.expiresAt);
  }
}

/** In constant time: the password is all that guards a session. */
export function isPasswordOf(session: Session, password: Uint8Array | undefined): boolean {
  if (password === undefined || password.length !== session.password.length) return false;
  return timingSafeEqual(password, session.password);
}
