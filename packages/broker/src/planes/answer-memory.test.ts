import { deferred } from "@zoolog/base";
import { LargeBuffers } from "@zoolog/protocol";
import { ManualTime } from "@zoolog/testkit";
import { ANONYMOUS } from "../principal.ts";
import { AnswerMemory } from "./answer-memory.ts";
import { ByteBudget } from "./byte-budget.ts";
import { Call } from "./call.ts";

/** Enough to be worth keeping. */
const READ_BYTES = 200 * 1024;

function setUp(maxWaitMs = 0, isSeenOut?: boolean) {
  const time = new ManualTime();
  const budget = new ByteBudget({ bytesMax: 800 });
  const limits = { roomWaitMs: 100 };
  const newCall = (): Call =>
    new Call(
      {
        bodyBytesMax: 1_000,
        connection: { once: () => {} },
        onClosed: () => {},
        clientId: "",
        remoteAddress: "",
        principal: ANONYMOUS,
      },
      { budget, onEnd: () => {} },
    );
  const call = newCall();
  const answer = { call, bytesMax: 100, maxWaitMs, isSeenOut };
  const memory = new AnswerMemory(answer, { ...time, limits });
  return { time, budget, call, newCall, memory };
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("no answer reserves more than its part, however much is asked for", async () => {
  const { budget, memory } = setUp();

  expect(await memory.reserve({ bytesMin: 500, bytesMax: 5_000 })).toBe(100);
  expect(budget.usedBytes).toBe(100);
});

test("what an answer has in the end is what it holds, more or less than was reserved", async () => {
  const { budget, call, memory } = setUp();
  await memory.reserve({ bytesMin: 10, bytesMax: 100 });

  memory.keep(70);
  const less = budget.usedBytes;
  memory.keep(300);
  const more = budget.usedBytes;
  call.end();

  expect([less, more, budget.usedBytes]).toEqual([70, 300, 0]);
});

test("readers leave a quarter of the room to requests, which come in while readers wait", async () => {
  const { budget, newCall, memory } = setUp();
  newCall().tryReserve(595);
  void memory.reserve({ bytesMin: 10, bytesMax: 100 }).catch(() => {});
  await settle();

  expect([budget.usedBytes, budget.tryTake({ bytes: 200, bytesLeft: 0 })]).toEqual([595, true]);
});

test("a reader waits for room and takes it when others have gone", async () => {
  const { budget, call, newCall, memory, time } = setUp();
  const other = newCall();
  other.tryReserve(795);
  const reserved = memory.reserve({ bytesMin: 10, bytesMax: 100 });
  await settle();

  other.end();

  // An eighth of what is free, but for a quarter that is left to requests.
  expect(await reserved).toBe(75);
  call.end();
  expect(budget.usedBytes).toBe(0);
  expect(time.pendingTimers).toBe(0);
});

test.each([
  ["shortly at least", 0, 100],
  ["as long as its caller would for records", 5_000, 5_000],
])("without room a reader waits %s and is turned away by name", async (_, maxWaitMs, waitMs) => {
  const { newCall, memory, time } = setUp(maxWaitMs);
  newCall().tryReserve(795);
  const reserved = memory.reserve({ bytesMin: 10, bytesMax: 100 });
  let settled = false;
  reserved.catch(() => {
    settled = true;
  });

  time.advance(waitMs - 1);
  await settle();
  const early = settled;
  time.advance(1);

  await expect(reserved).rejects.toMatchObject({
    code: "THROTTLING_QUOTA_EXCEEDED",
    retriable: true,
  });
  expect(early).toBe(false);
});

test("who hangs up waits no longer, reads nothing and leaves nothing behind", async () => {
  const { budget, call, newCall, memory, time } = setUp();
  const other = newCall();
  other.tryReserve(795);
  const waiting = memory.reserve({ bytesMin: 10, bytesMax: 100 });
  await settle();

  call.end();
  const granted = await waiting;
  other.end();

  expect(granted).toBe(0);
  expect(await memory.reserve({ bytesMin: 10, bytesMax: 100 })).toBe(0);
  expect(budget.usedBytes).toBe(0);
  expect(time.pendingTimers).toBe(0);
});

test("what an answer was read into is given back when nobody works on the answer any more", async () => {
  const { call, memory } = setUp(0, true);
  const buffers = new LargeBuffers();
  const read = buffers.take(READ_BYTES);
  const writing = deferred<void>();
  memory.lease?.hold(read, buffers);
  const working = call.holdWhile(writing.promise);

  call.end();
  const meanwhile = buffers.take(READ_BYTES);
  writing.resolve();
  await working;

  expect(meanwhile.buffer).not.toBe(read.buffer);
  expect(buffers.take(READ_BYTES).buffer).toBe(read.buffer);
});

test("an answer that nobody sees out is read into memory of its own", () => {
  expect(setUp().memory.lease).toBeUndefined();
});
