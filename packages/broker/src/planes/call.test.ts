import { deferred } from "@zoolog/base";
import { ANONYMOUS } from "../principal.ts";
import { ByteBudget } from "./byte-budget.ts";
import { Call } from "./call.ts";
import { largeRequestBudget, SMALL_REQUEST_BYTES_MAX } from "./large-requests.ts";

function newCall(bytesMax = 1_000, largeRequests = new ByteBudget({ bytesMax })) {
  const budget = new ByteBudget({ bytesMax });
  const origin = {
    bodyBytesMax: 1_000,
    connection: { once: () => {} },
    onClosed: () => {},
    clientId: "",
    remoteAddress: "",
    principal: ANONYMOUS,
  };
  return { budget, call: new Call(origin, { budget, largeRequests, onEnd: () => {} }) };
}

test("a body counts as long as somebody works on it, also when its sender has hung up", async () => {
  const { budget, call } = newCall();
  const [appended, answered] = [deferred<void>(), deferred<void>()];
  call.tryReserve(600);
  const working = [call.holdWhile(appended.promise), call.holdWhile(answered.promise)];

  call.end();
  answered.resolve();
  await working[1];
  const atHangUp = budget.usedBytes;
  appended.resolve();
  await working[0];

  expect(atHangUp).toBe(600);
  expect(budget.usedBytes).toBe(0);
});

test("work that fails frees the body like work that is done", async () => {
  const { budget, call } = newCall();
  call.tryReserve(600);
  const working = expect(call.holdWhile(Promise.reject(new Error("broken")))).rejects.toThrow();

  call.end();
  await working;

  expect(budget.usedBytes).toBe(0);
});

test("what is given back behind the end is given back once", async () => {
  const { budget, call } = newCall();
  const reading = deferred<void>();
  call.tryReserve(600);
  const working = call.holdWhile(reading.promise);
  call.end();

  call.release(200);
  const meanwhile = budget.usedBytes;
  reading.resolve();
  await working;
  call.release(400);

  expect(meanwhile).toBe(400);
  expect(budget.usedBytes).toBe(0);
});

test("what is to be done at the end is done once, and at once when that is over", () => {
  const { call } = newCall();
  const done: string[] = [];

  call.atEnd(() => done.push("early"));
  call.end();
  call.atEnd(() => done.push("late"));

  expect(done).toEqual(["early", "late"]);
});

test("what was reserved before is given back at the end, and memory is free when nobody works on it", async () => {
  const { budget, call } = newCall();
  const appended = deferred<void>();
  const happened: string[] = [];
  budget.tryReserve(600);
  call.adopt(600);
  call.whenUnused(() => happened.push("unused"));
  const working = call.holdWhile(appended.promise);

  call.end();
  happened.push("ended");
  appended.resolve();
  await working;

  expect(happened).toEqual(["ended", "unused"]);
  expect(budget.usedBytes).toBe(0);
});

test("whoever works for a caller who is gone is told so by name, before the end and behind it", () => {
  const [early, late] = [newCall().call, newCall().call];
  const { signal } = early;

  early.end();
  late.end();

  expect(signal.reason).toMatchObject({ code: "CALLER_GONE" });
  expect(late.signal.reason).toMatchObject({ code: "CALLER_GONE" });
});

test("large bodies have half of the room together, small ones all of it, and give it back", () => {
  const inFlightBytesMax = 8 * SMALL_REQUEST_BYTES_MAX;
  const large = largeRequestBudget({ requestBytesMax: 0, inFlightBytesMax });
  const open = () => newCall(inFlightBytesMax, large).call;
  const [first, second, small] = [open(), open(), open()];
  for (let pieces = 0; pieces < 3; pieces++) {
    expect(first.tryReserveBody(SMALL_REQUEST_BYTES_MAX)).toBe(true);
  }

  expect(second.tryReserveBody(SMALL_REQUEST_BYTES_MAX)).toBe(true);
  expect(second.tryReserveBody(SMALL_REQUEST_BYTES_MAX)).toBe(false);
  expect(small.tryReserveBody(SMALL_REQUEST_BYTES_MAX)).toBe(true);
  expect(large.usedBytes).toBe(3 * SMALL_REQUEST_BYTES_MAX);
  first.end();
  expect(large.usedBytes).toBe(0);
  expect(second.tryReserveBody(SMALL_REQUEST_BYTES_MAX)).toBe(true);
  expect(largeRequestBudget({ requestBytesMax: 9, inFlightBytesMax: 10 }).bytesMax).toBe(9);
});
