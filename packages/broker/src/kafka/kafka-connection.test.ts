import { deferred } from "@zoolog/base";
import { framed, receivedBy, startedPlane, turn } from "./kafka-plane.fixture.ts";
import type { KafkaHandlers } from "./request-dispatch.ts";

const correlationIds = (connection: Parameters<typeof receivedBy>[0]) =>
  receivedBy(connection).map((frame) => frame.readInt32BE(0));

/** Each request of ApiVersions waits until the test lets it go. */
function heldRequests() {
  const begun: { readonly clientId: string; readonly signal: { readonly aborted: boolean } }[] = [];
  const waiting: (() => void)[] = [];
  const handlers: KafkaHandlers = {
    ApiVersions: async (_request, context) => {
      begun.push({ clientId: context.clientId, signal: context.signal });
      const held = deferred<void>();
      waiting.push(() => held.resolve());
      await held.promise;
      return { apiKeys: [] };
    },
  };
  const letGo = async (): Promise<void> => {
    waiting.shift()?.();
    await turn();
  };
  return { handlers, begun, letGo };
}

const request = (correlationId: number, clientId = "c") =>
  framed("ApiVersions", { version: 0, correlationId, clientId });

test("gotcha 6: a request is begun when the one before it is answered, and answers keep the order", async () => {
  const { handlers, begun, letGo } = heldRequests();
  const { network } = await startedPlane({ handlers });
  const connection = network.dial();

  connection.send(Buffer.concat([request(7, "a"), request(5, "b"), request(6, "c")]));
  await turn();
  const first = begun.map(({ clientId }) => clientId);
  await letGo();
  await letGo();
  await letGo();

  expect(first).toEqual(["a"]);
  expect(begun.map(({ clientId }) => clientId)).toEqual(["a", "b", "c"]);
  expect(correlationIds(connection)).toEqual([7, 5, 6]);
});

test("a request that waits holds up its own connection and no other", async () => {
  const { handlers, begun, letGo } = heldRequests();
  const { network } = await startedPlane({ handlers });
  const [slow, other] = [network.dial(), network.dial()];
  slow.send(request(1, "slow"));
  await turn();

  other.send(request(2, "other"));
  await turn();

  expect(begun.map(({ clientId }) => clientId)).toEqual(["slow", "other"]);
  await letGo();
  await letGo();
});

test("the socket is paused while as much is read ahead as may be, and read again when it is not", async () => {
  const { handlers, letGo } = heldRequests();
  const { network, time } = await startedPlane({ handlers, limits: { framesAheadMax: 2 } });
  const connection = network.dial();

  connection.send(Buffer.concat([1, 2].map((id) => request(id))));
  await turn();
  const oneAhead = connection.isPaused;
  connection.send(Buffer.concat([3, 4, 5].map((id) => request(id))));
  await turn();
  const full = connection.isPaused;
  for (let answered = 0; answered < 3; answered++) await letGo();
  const read = connection.isPaused;
  await letGo();
  await letGo();

  expect([oneAhead, full, read]).toEqual([false, true, false]);
  expect(correlationIds(connection)).toEqual([1, 2, 3, 4, 5]);
  time.advance(0);
});

test("gotcha 7: what asks for no answer gets none, and the next request is worked on", async () => {
  let asked = 0;
  const { network } = await startedPlane({
    handlers: { ApiVersions: async () => (asked++ === 0 ? undefined : { apiKeys: [] }) },
  });
  const connection = network.dial();

  connection.send(Buffer.concat([request(1), request(2)]));
  await turn();
  await turn();

  expect(correlationIds(connection)).toEqual([2]);
});

test("a client that does not read its answers has one of them in memory, however much it asks", async () => {
  const { network, budget } = await startedPlane();
  const connection = network.dial();
  connection.stopReading();

  for (let id = 0; id < 50; id++) connection.send(request(id));
  await turn();
  await turn();
  const [pending, used, paused] = [connection.pendingBytes, budget.usedBytes, connection.isPaused];
  connection.startReading();
  for (let id = 0; id < 50; id++) await turn();

  const [one] = receivedBy(connection);
  expect(pending).toBe(4 + (one?.length ?? 0));
  expect(paused).toBe(true);
  expect(used).toBe(pending + 50 * request(1).length);
  expect(correlationIds(connection)).toEqual(Array.from({ length: 50 }, (_, id) => id));
  expect(budget.usedBytes).toBe(0);
});

test("an answer that there is no room for closes its connection", async () => {
  const apiKey = { apiKey: 0, minVersion: 0, maxVersion: 0 };
  const { network, budget, lines } = await startedPlane({
    budgetBytes: 1_000,
    handlers: { ApiVersions: () => ({ apiKeys: Array.from({ length: 20 }, () => apiKey) }) },
  });
  const [first, second] = [network.dial(), network.dial()];
  first.stopReading();
  first.send(request(1));
  await turn();
  expect(budget.tryReserve(1_000 - budget.usedBytes - request(2).length)).toBe(true);

  second.send(request(2));
  await turn();

  expect([first.isClosed, second.isClosed]).toEqual([false, true]);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("bytes are in flight") });
});

test("every byte that came is charged until it is answered, and given back when its sender goes", async () => {
  const { handlers, begun } = heldRequests();
  const { network, budget } = await startedPlane({ handlers });
  const connection = network.dial();
  const stream = Buffer.concat([1, 2, 3].map((id) => request(id)));

  connection.send(stream.subarray(0, stream.length - 3));
  await turn();
  const held = budget.usedBytes;
  connection.hangUp();
  const gone = budget.usedBytes;

  expect(held).toBe(stream.length - 3);
  expect(begun[0]?.signal.aborted).toBe(true);
  // What is worked on stays charged: its handler still has it.
  expect(gone).toBe(request(1).length);
});

test("an idle connection holds nothing and is closed after its time, one at work is not", async () => {
  const { handlers, letGo } = heldRequests();
  const { network, budget, time } = await startedPlane({
    handlers,
    limits: { idleTimeoutMs: 60_000, checkIntervalMs: 1_000 },
  });
  const [idle, working] = [network.dial(), network.dial()];
  working.send(request(1));
  await turn();

  time.advance(61_000);
  await letGo();

  expect([idle.isClosed, working.isClosed]).toEqual([true, false]);
  expect(correlationIds(working)).toEqual([1]);
  expect(budget.usedBytes).toBe(0);
});

test("time in which a request could not come in does not count as dripping", async () => {
  const { handlers, letGo } = heldRequests();
  const { network, time } = await startedPlane({
    handlers,
    limits: { framesAheadMax: 1, frameTimeoutMs: 120_000, checkIntervalMs: 1_000 },
  });
  const connection = network.dial();
  connection.send(Buffer.concat([request(1), request(2), request(3).subarray(0, 9)]));
  await turn();

  time.advance(300_000);
  await letGo();
  time.advance(2_000);
  const afterPause = connection.isClosed;
  time.advance(120_000);

  expect(afterPause).toBe(false);
  expect(connection.isClosed).toBe(true);
});

test("a closing plane answers what it works on, begins nothing more and tells who waits for news", async () => {
  const held = deferred<void>();
  const begun: string[] = [];
  const { plane, network } = await startedPlane({
    handlers: {
      ApiVersions: async (_request, context) => {
        begun.push(context.clientId);
        if (context.clientId === "waits") {
          context.markWaiting();
          await new Promise<void>((resolve) =>
            context.signal.addEventListener("abort", () => resolve()),
          );
        } else await held.promise;
        return { apiKeys: [] };
      },
    },
  });
  const [idle, works, waits] = [network.dial(), network.dial(), network.dial()];
  works.send(Buffer.concat([request(1, "works"), request(2, "behind")]));
  waits.send(request(3, "waits"));
  await turn();

  const closing = plane.close();
  await turn();
  const early = [idle.isClosed, works.isClosed, correlationIds(waits)];
  held.resolve();
  await closing;

  expect(early).toEqual([true, false, [3]]);
  expect(correlationIds(works)).toEqual([1]);
  expect(begun).toEqual(["works", "waits"]);
  expect(works.isClosed).toBe(true);
});

test("who takes nothing of an answer for its time is cut with a line; who takes some now and then is not", async () => {
  const { network, budget, time, lines } = await startedPlane({
    limits: { unreadTimeoutMs: 30_000, checkIntervalMs: 1_000 },
  });
  const [silent, slow] = [network.dial(), network.dial()];
  for (const reader of [silent, slow]) {
    reader.stopReading();
    reader.send(request(1));
  }
  await turn();

  for (let second = 0; second < 29; second++) time.advance(1_000);
  const inTime = silent.isClosed;
  slow.pendingBytes -= 1;
  // What it sends does not count: the answer is what lies here.
  silent.send(request(2));
  time.advance(2_000);

  expect([inTime, silent.isClosed, slow.isClosed]).toEqual([false, true, false]);
  expect(lines).toMatchObject([
    { event: "connection closed", fields: { error: expect.stringContaining("taken for 30 s") } },
  ]);
  expect(budget.usedBytes).toBe(request(1).length + slow.pendingBytes + 1);
});

test("each answer has its own time to be taken, also one as long as the last", async () => {
  const { network, time } = await startedPlane({
    limits: { unreadTimeoutMs: 30_000, checkIntervalMs: 1_000 },
  });
  const reader = network.dial();
  reader.stopReading();
  reader.send(request(1));
  await turn();
  time.advance(29_000);

  reader.startReading();
  await turn();
  reader.stopReading();
  reader.send(request(2));
  await turn();
  time.advance(5_000);

  expect(reader.pendingBytes).toBeGreaterThan(0);
  expect(reader.isClosed).toBe(false);
});

test("a closing plane does not wait for who reads nothing, and lets what is worked on go out", async () => {
  const { handlers, letGo } = heldRequests();
  const { plane, network, time, budget } = await startedPlane({
    handlers: { ...handlers, ListGroups: () => ({ groups: [] }) },
    limits: { closeTimeoutMs: 30_000 },
  });
  const [works, silent] = [network.dial(), network.dial()];
  silent.stopReading();
  silent.send(framed("ListGroups", { version: 0 }));
  works.send(request(7));
  await turn();

  const closing = plane.close();
  time.advance(1_000);
  const inTime = silent.isClosed;
  time.advance(2_000);
  const early = [silent.isClosed, works.isClosed];
  await letGo();
  await closing;

  expect([inTime, early]).toEqual([false, [true, false]]);
  expect(correlationIds(works)).toEqual([7]);
  expect(budget.usedBytes).toBe(0);
});

test("a closing plane does not wait longer than its time", async () => {
  const { handlers } = heldRequests();
  const { plane, network, time, lines } = await startedPlane({
    handlers,
    limits: { closeTimeoutMs: 5_000 },
  });
  const connection = network.dial();
  connection.send(request(1));
  await turn();

  const closing = plane.close();
  await turn();
  time.advance(5_000);
  await closing;

  expect(connection.isClosed).toBe(true);
  expect(lines).toMatchObject([{ event: "calls cut at close" }]);
});

test.each([
  ["KAFKA", "kafka.port"],
  ["EXTERNAL", "kafka.listeners"],
])(
  "a port that is taken is named, and for %s the setting to change: %s",
  async (listener, setting) => {
    const { network, newPlane } = await startedPlane();
    network.isPortTaken = true;

    const listening = newPlane([{ listener, host: "127.0.0.1", port: 9092 }]).listen();

    await expect(listening).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining("9092"),
      hint: expect.stringContaining(setting),
    });
  },
);
