import { deferred } from "@zoolog/base";
import type { MemoryConnection } from "@zoolog/testkit";
import { ask, framed, receivedBy, startedPlane, turn } from "./kafka-plane.fixture.ts";
import type { KafkaHandlers } from "./request-dispatch.ts";

const CHUNK_BYTES = 1_000;

/** Of 100,000 bytes of room large requests have 50,000. */
const SETUP = {
  budgetBytes: 100_000,
  limits: {
    requestBytesMax: 40_000,
    smallRequestBytesMax: 2 * CHUNK_BYTES,
    largeRequestWaitMs: 20_000,
    checkIntervalMs: 1_000,
  },
};

/** A request that is so long with its length, and is answered. */
function requestOf(bytes: number, correlationId = 1): Buffer {
  const named = (clientSoftwareName: string): Buffer =>
    framed(
      "ApiVersions",
      { version: 3, correlationId },
      { clientSoftwareName, clientSoftwareVersion: "1" },
    );
  const name = "x".repeat(bytes);
  return named(name.slice(named(name).length - bytes));
}

async function turns(): Promise<void> {
  for (let count = 0; count < 5; count++) await turn();
}

/** As TCP does it: while the server does not read, nothing comes. */
async function send(connection: MemoryConnection, bytes: Buffer): Promise<number> {
  let sent = 0;
  while (sent < bytes.length && !connection.isPaused && !connection.isClosed) {
    connection.send(bytes.subarray(sent, sent + CHUNK_BYTES));
    sent += CHUNK_BYTES;
    await turn();
  }
  return Math.min(sent, bytes.length);
}

async function sendHalf(connection: MemoryConnection, bytes: number): Promise<void> {
  await send(connection, requestOf(bytes).subarray(0, bytes / 2));
}

const arePaused = (connections: readonly MemoryConnection[]) =>
  connections.map(({ isPaused }) => isPaused);

const areClosed = (connections: readonly MemoryConnection[]) =>
  connections.map(({ isClosed }) => isClosed);

test("a large request is read when all of it fits beside the others, in the order of coming", async () => {
  const { network, budget } = await startedPlane(SETUP);
  const [first, second, third, little] = [
    network.dial(),
    network.dial(),
    network.dial(),
    network.dial(),
  ];
  for (const connection of [first, second, third]) await sendHalf(connection, 20_000);
  await sendHalf(little, 5_000);
  const before = arePaused([first, second, third, little]);
  const used = budget.usedBytes;

  first.hangUp();
  await turns();

  expect(before).toEqual([false, false, true, true]);
  expect(used).toBe(2 * 10_000 + 2 * 2_000);
  expect(arePaused([second, third, little])).toEqual([false, false, false]);
});

test("however many large requests came half, answers have a quarter of the room, and do not wait behind them", async () => {
  const { network, budget } = await startedPlane(SETUP);
  const halves = Array.from({ length: 10 }, () => network.dial());
  for (const half of halves) await sendHalf(half, 25_000);
  for (const half of halves.slice(0, 2)) await send(half, Buffer.alloc(12_000));
  const used = budget.usedBytes;

  const share = budget.tryShare({ bytesMin: 9_000, bytesMax: 9_000, bytesLeft: 25_000 });

  expect(arePaused(halves)).toEqual(halves.map((_, i) => i >= 2));
  expect(used).toBeLessThan(50_000 + 8 * 2_000);
  expect(share).toBe(9_000);
});

test("who announces a large request and sends its beginning takes no room of the others", async () => {
  const { network } = await startedPlane(SETUP);
  const beginnings = Array.from({ length: 20 }, () => network.dial());
  for (const beginning of beginnings) await send(beginning, requestOf(40_000).subarray(0, 2_000));
  const client = network.dial();

  await send(client, requestOf(40_000));
  await turns();

  expect(receivedBy(client)).toHaveLength(1);
});

test("large requests of many that come at the same time all come to their end", async () => {
  const { network, budget } = await startedPlane(SETUP);
  const clients = Array.from({ length: 15 }, (_, i) => ({
    connection: network.dial(),
    rest: requestOf(10_000 + 2_000 * i),
  }));

  for (let round = 0; round < 1_000; round++) {
    for (const client of clients) {
      if (client.connection.isPaused) continue;
      client.connection.send(client.rest.subarray(0, CHUNK_BYTES));
      client.rest = client.rest.subarray(CHUNK_BYTES);
    }
    await turn();
  }

  const answers = clients.map(({ connection }) => receivedBy(connection).length);
  expect(answers).toEqual(Array.from({ length: 15 }, () => 1));
  expect(budget.usedBytes).toBe(0);
});

test("the largest request fits alone, however little room there is beside it", async () => {
  const { network } = await startedPlane({
    budgetBytes: 41_000,
    limits: { ...SETUP.limits, requestBytesMax: 40_000 - 4 },
  });
  const client = network.dial();

  await send(client, requestOf(40_000));
  await turns();

  expect(receivedBy(client)).toHaveLength(1);
});

/** ApiVersions in version 3 is answered when the test says so. */
function heldRequests() {
  const held = deferred<void>();
  const handlers: KafkaHandlers = {
    ApiVersions: async (_request, { apiVersion }) => {
      if (apiVersion === 3) await held.promise;
      return { apiKeys: [] };
    },
  };
  return { handlers, letGo: () => held.resolve() };
}

test("a large request has its room until it is answered", async () => {
  const { handlers, letGo } = heldRequests();
  const { network } = await startedPlane({ ...SETUP, handlers });
  const [working, waiting] = [network.dial(), network.dial()];
  await send(working, requestOf(30_000));
  await sendHalf(waiting, 30_000);
  const before = waiting.isPaused;

  letGo();
  await turns();

  expect(before).toBe(true);
  expect(receivedBy(working)).toHaveLength(1);
  expect(waiting.isPaused).toBe(false);
});

test("what a connection had read ahead and had begun is room for others when it goes", async () => {
  const { handlers } = heldRequests();
  const { network, budget } = await startedPlane({ ...SETUP, handlers });
  const [gone, waiting] = [network.dial(), network.dial()];
  await send(gone, Buffer.concat([requestOf(100), requestOf(20_000), requestOf(20_000)]));
  await sendHalf(gone, 10_000);
  await sendHalf(waiting, 40_000);
  const before = waiting.isPaused;

  gone.hangUp();
  await turns();

  expect(before).toBe(true);
  expect(waiting.isPaused).toBe(false);
  // What is worked on is still held.
  expect(budget.usedBytes).toBe(100 + 3_000);
});

test("a large request that waits too long for the others is cut with a line and leaves nothing behind", async () => {
  const { handlers, letGo } = heldRequests();
  const { network, budget, time, lines } = await startedPlane({ ...SETUP, handlers });
  const [working, waiting] = [network.dial(), network.dial()];
  await send(working, requestOf(40_000));
  await sendHalf(waiting, 30_000);

  time.advance(SETUP.limits.largeRequestWaitMs - 1);
  const inTime = waiting.isClosed;
  time.advance(1);
  letGo();
  await turns();

  expect([inTime, waiting.isClosed]).toEqual([false, true]);
  expect(lines).toMatchObject([
    { fields: { error: expect.stringContaining("too many large requests") } },
  ]);
  expect(budget.usedBytes).toBe(0);
});

test("who would take longer to send a large request than others wait is cut as soon as some do", async () => {
  const { network, time, lines } = await startedPlane(SETUP);
  const [coming, dripping, waiting] = [network.dial(), network.dial(), network.dial()];
  const second = (): void => {
    dripping.send(Buffer.alloc(900));
    coming.send(Buffer.alloc(1_100));
    time.advance(1_000);
  };
  await sendHalf(dripping, 20_000);
  await sendHalf(coming, 20_000);
  for (let passed = 0; passed < 3; passed++) second();
  const nobodyWaited = areClosed([dripping, coming]);

  await sendHalf(waiting, 20_000);
  second();
  await turns();

  expect(nobodyWaited).toEqual([false, false]);
  expect(areClosed([dripping, coming, waiting])).toEqual([true, false, false]);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("hardly grew") });
  expect(waiting.isPaused).toBe(false);
});

test("of small requests that came half and stand still as many are cut as others need room", async () => {
  const { network, time, budget } = await startedPlane(SETUP);
  const standing = Array.from({ length: 66 }, () => network.dial());
  for (const connection of standing) await send(connection, requestOf(2_000).subarray(0, 1_500));
  await time.advanceAndSettle(5_000);
  const waiting = network.dial();
  await send(waiting, requestOf(2_000));
  const before = [...areClosed(standing), budget.usedBytes];

  await time.advanceAndSettle(2_000);

  expect(before).toEqual([...standing.map(() => false), 99_000 + 1_000]);
  expect(areClosed(standing).filter((isClosed) => isClosed)).toHaveLength(1);
  await send(waiting, requestOf(2_000).subarray(1_000));
  expect(receivedBy(waiting)).toHaveLength(1);
});

test("it is cut as well when others wait for room of any kind, and not when it waits itself", async () => {
  const { network, budget, time } = await startedPlane(SETUP);
  const [dripping, small] = [network.dial(), network.dial()];
  await sendHalf(dripping, 20_000);
  time.advance(1_500);
  const freeBytes = budget.bytesMax - budget.usedBytes;
  expect(budget.tryReserve(freeBytes)).toBe(true);
  dripping.send(Buffer.alloc(10));
  time.advance(1_500);
  const [waited, wasCut] = [dripping.isPaused, dripping.isClosed];
  budget.release(freeBytes);
  await turns();
  time.advance(1_000);
  expect(budget.tryReserve(100_000 - budget.usedBytes)).toBe(true);

  await send(small, requestOf(1_000));
  time.advance(1_000);
  await turns();

  expect([waited, wasCut]).toEqual([true, false]);
  expect(areClosed([dripping, small])).toEqual([true, false]);
  expect(receivedBy(small)).toHaveLength(1);
});

test("what comes behind a large request on its connection has room and time of its own", async () => {
  const { network, budget, time, lines } = await startedPlane({
    ...SETUP,
    limits: { ...SETUP.limits, frameTimeoutMs: 30_000 },
  });
  const [client, other] = [network.dial(), network.dial()];
  const requests = Buffer.concat([requestOf(30_000), requestOf(500)]);

  await send(client, requests.subarray(0, 29_000));
  time.advance(20_000);
  client.send(requests.subarray(29_000, 30_100));
  time.advance(20_000);
  client.send(requests.subarray(30_100));
  await turns();
  await send(other, requestOf(40_000));
  await turns();

  expect(receivedBy(client)).toHaveLength(2);
  expect(receivedBy(other)).toHaveLength(1);
  expect([budget.usedBytes, lines]).toEqual([0, []]);
});

test("a large request behind one that takes long is cut when others have waited for so long", async () => {
  const { handlers } = heldRequests();
  const { network, time, lines } = await startedPlane({ ...SETUP, handlers });
  const [small, ahead, waiting] = [network.dial(), network.dial(), network.dial()];
  await send(ahead, Buffer.concat([requestOf(100), requestOf(40_000)]));
  await send(small, Buffer.concat([requestOf(100), requestOf(200)]));
  time.advance(SETUP.limits.largeRequestWaitMs);
  const nobodyWaited = ahead.isClosed;

  await sendHalf(waiting, 40_000);
  time.advance(1_000);
  await turns();

  expect(nobodyWaited).toBe(false);
  expect(areClosed([ahead, small, waiting])).toEqual([true, false, false]);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("behind others") });
  expect(waiting.isPaused).toBe(false);
});

test("large requests leave an eighth of the room to small ones, which do not wait behind them", async () => {
  const { network, budget } = await startedPlane(SETUP);
  expect(budget.tryReserve(60_000)).toBe(true);
  const large = network.dial();

  await sendHalf(large, 40_000);
  const used = budget.usedBytes;
  await send(large, Buffer.alloc(19_000));

  expect([used, budget.usedBytes, large.isPaused]).toEqual([80_000, 87_000, true]);
  expect(await ask(network.dial(), "ApiVersions", 0)).toMatchObject({ errorCode: undefined });
});
