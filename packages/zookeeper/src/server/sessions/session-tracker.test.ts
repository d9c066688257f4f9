import { seededRandom } from "@zoolog/testkit";
import { isPasswordOf, SessionTracker } from "./session-tracker.ts";

const TICK_MS = 1000;

function tracker(epoch = 1) {
  return new SessionTracker({ tickTimeMs: TICK_MS, epoch }, { random: seededRandom(1) });
}

/** Calls `expire` as often as the shell does; answers when each session was ended. */
function run(subject: SessionTracker, options: { from: number; to: number }) {
  const ended = new Map<number, number>();
  for (let now = options.from; now <= options.to; now += subject.checkPeriodMs) {
    for (const session of subject.expire(now)) ended.set(session.id, now);
  }
  return ended;
}

test("a silent session ends after its timeout and at most one tick later", () => {
  const subject = tracker();
  const session = subject.create(4000, 300);

  const ended = run(subject, { from: 300, to: 10_000 }).get(session.id)!;

  expect(ended).toBeGreaterThanOrEqual(4300);
  expect(ended).toBeLessThanOrEqual(4300 + TICK_MS + subject.checkPeriodMs);
});

test("a session that speaks lives on, counted from when it last spoke", () => {
  const subject = tracker();
  const session = subject.create(4000, 0);
  expect(run(subject, { from: 0, to: 3900 }).size).toBe(0);

  expect(subject.touch(session, 4000, 3900)).toBe(true);

  expect(run(subject, { from: 4000, to: 7750 }).size).toBe(0);
  expect(run(subject, { from: 8000, to: 9250 }).has(session.id)).toBe(true);
});

test("a session that is ending cannot be kept alive", () => {
  const subject = tracker();
  const session = subject.create(4000, 0);
  run(subject, { from: 0, to: 6000 });

  expect(session.isClosing).toBe(true);
  expect(subject.touch(session, 4000, 6000)).toBe(false);
});

test("the time a server stood still is not held against its clients", () => {
  const subject = tracker();
  const session = subject.create(4000, 0);
  run(subject, { from: 0, to: 1000 });

  // The process was stopped for a minute; pings may wait in its sockets, unread.
  expect(subject.expire(61_000)).toEqual([]);

  expect(run(subject, { from: 61_250, to: 63_000 }).size).toBe(0);
  expect(run(subject, { from: 63_250, to: 66_000 }).has(session.id)).toBe(true);
});

test("a removed session does not come back as expired", () => {
  const subject = tracker();
  const session = subject.create(4000, 0);

  subject.remove(session.id);

  expect(run(subject, { from: 0, to: 10_000 }).size).toBe(0);
  expect(subject.get(session.id)).toBeUndefined();
});

test("session ids of different starts of a server never meet", () => {
  const first = tracker(1);
  const second = tracker(2);

  const ids = [first, first, second, second].map((subject) => subject.create(4000, 0).id);

  expect(new Set(ids).size).toBe(4);
  expect(ids.every((id) => Number.isSafeInteger(id) && id > 0)).toBe(true);
});

test("only the right password is the password", () => {
  const session = tracker().create(4000, 0);

  expect(isPasswordOf(session, Buffer.from(session.password))).toBe(true);
  expect(isPasswordOf(session, new Uint8Array(16))).toBe(false);
  expect(isPasswordOf(session, session.password.subarray(1))).toBe(false);
  expect(isPasswordOf(session, undefined)).toBe(false);
});
