import { deferred } from "@zoolog/base";
import fc from "fast-check";
import { ask, framed, receivedBy, startedPlane, turn } from "./kafka-plane.fixture.ts";
import type { KafkaHandlers } from "./request-dispatch.ts";

const lengthOf = (length: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(length);
  return bytes;
};

/** A header of nothing that is known. */
function requestOf(apiKey: number, apiVersion: number): Buffer {
  const frame = Buffer.alloc(14);
  frame.writeInt32BE(10, 0);
  frame.writeInt16BE(apiKey, 4);
  frame.writeInt16BE(apiVersion, 6);
  frame.writeInt32BE(1, 8);
  frame.writeInt16BE(-1, 12);
  return frame;
}

test.each([
  ["gotcha 8: a negative length", lengthOf(-1), "MALFORMED_MESSAGE", "-1 bytes long"],
  ["gotcha 8: a length above the limit", lengthOf(2 ** 31 - 1), "REQUEST_TOO_LARGE", "2147483647"],
  ["a frame too short for a header", Buffer.concat([lengthOf(2), Buffer.alloc(2)]), "MALFORMED"],
  ["an empty frame", lengthOf(0), "MALFORMED"],
  ["a call that nobody knows", requestOf(1_000, 0), "UNSUPPORTED", "call 1000 is not offered"],
  ["a call that brokers send each other", requestOf(4, 0), "UNSUPPORTED", "call 4 is not offered"],
  [
    "a version that is not offered",
    requestOf(3, 99),
    "UNSUPPORTED",
    "in versions 0 to 12, not in 99",
  ],
  ["a negative version", requestOf(3, -1), "UNSUPPORTED", "not in -1"],
  ["a body that ends early", framed("Metadata", { version: 4 }).fill(0x7f, 18), "MALFORMED"],
  ["gotcha 8: TLS", Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1]), "WRONG_PORT", "TLS came in"],
])("%s closes its connection with a line that says so, and no other", async (_, bytes, ...said) => {
  const { network, lines, budget, metrics } = await startedPlane();
  const [hostile, other] = [network.dial(), network.dial()];

  hostile.send(bytes);
  await turn();

  expect(hostile.isClosed).toBe(true);
  expect(hostile.received).toEqual([]);
  expect(lines).toMatchObject([{ event: "connection closed", fields: { listener: "KAFKA" } }]);
  const [, text] = said;
  if (text !== undefined) expect(lines[0]?.fields?.["error"]).toContain(text);
  expect(metrics.kafka.connectionsFailed.value).toBe(1);
  expect(budget.usedBytes).toBe(0);
  expect(await ask(other, "ApiVersions", 0)).toMatchObject({ errorCode: undefined });
});

test("gotcha 8: HTTP is told in HTTP that this is another port, and closed", async () => {
  const { network, lines, budget, metrics, time } = await startedPlane();
  const [lost, lingering] = [network.dial(), network.dial()];

  lost.send(Buffer.from("GET / HTTP/1.1\r\n"));
  lost.send(Buffer.from("host: broker\r\n\r\n"));
  lingering.send(Buffer.from("POST /v1/metadata HTTP/1.1\r\n"));
  await turn();

  const answer = Buffer.concat(lost.received).toString();
  const [head, body = ""] = answer.split("\r\n\r\n");
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(body)).toEqual({
    error: {
      code: "WRONG_PORT",
      message: "this is a port for Kafka clients (listener KAFKA), and HTTP came in",
      retriable: false,
      hint: "Use the HTTP port: http.port, 8092 by default.",
    },
  });
  expect(lines).toMatchObject([{ event: "connection closed", fields: { listener: "KAFKA" } }]);
  expect(metrics.kafka.connectionsFailed.value).toBe(2);
  expect(budget.usedBytes).toBe(0);
  time.advance(10_000);
  expect([lost, lingering].map(({ isClosed }) => isClosed)).toEqual([true, true]);
});

test("garbage of any kind closes its connection or is waited for, and never costs more than it sent", async () => {
  const { network, budget } = await startedPlane();
  const other = network.dial();

  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 8 }),
      async (chunks) => {
        const hostile = network.dial();
        let sent = 0;
        for (const chunk of chunks) {
          if (hostile.isClosed) break;
          hostile.send(chunk);
          sent += chunk.length;
          await turn();
          expect(budget.usedBytes).toBeLessThanOrEqual(sent + 1_000);
        }
        hostile.hangUp();
        await turn();
        expect(budget.usedBytes).toBe(0);
      },
    ),
    { numRuns: 60 },
  );

  expect(await ask(other, "ApiVersions", 0)).toMatchObject({ errorCode: undefined });
});

test("many who announce large requests and send nothing leave the room to the others", async () => {
  const { network, budget } = await startedPlane({ budgetBytes: 10_000 });
  for (let count = 0; count < 500; count++) network.dial().send(lengthOf(1_000_000));
  const used = budget.usedBytes;

  const answer = await ask(network.dial(), "ApiVersions", 0);

  expect(used).toBe(2_000);
  expect(answer).toMatchObject({ errorCode: undefined });
});

test("where there is no room a connection is not read, goes on when there is, and keeps its bytes", async () => {
  const { network, budget, time } = await startedPlane({ budgetBytes: 1_000 });
  expect(budget.tryReserve(990)).toBe(true);
  const connection = network.dial();

  connection.send(framed("ApiVersions", { version: 0, correlationId: 1 }));
  connection.send(framed("ApiVersions", { version: 0, correlationId: 2 }));
  await turn();
  const [paused, received] = [connection.isPaused, receivedBy(connection).length];
  budget.release(990);
  for (let turns = 0; turns < 5; turns++) await turn();

  expect([paused, received]).toEqual([true, 0]);
  expect(receivedBy(connection).map((frame) => frame.readInt32BE(0))).toEqual([1, 2]);
  expect(connection.isPaused).toBe(false);
  expect(time.pendingTimers).toBe(1);
});

test("who goes as soon as there is room has nothing begun, and holds nothing", async () => {
  const begun: string[] = [];
  const handlers: KafkaHandlers = {
    ApiVersions: (_request, { clientId }) => {
      begun.push(clientId);
      return { apiKeys: [] };
    },
  };
  const { network, budget } = await startedPlane({ budgetBytes: 1_000, handlers });
  expect(budget.tryReserve(990)).toBe(true);
  const connection = network.dial();
  connection.send(framed("ApiVersions", { version: 0 }));

  budget.release(990);
  connection.hangUp();
  await turn();

  expect([begun, budget.usedBytes]).toEqual([[], 0]);
});

test("who waits for room longer than there is hope for it is closed, so that half-read requests free each other", async () => {
  const { network, budget, time, lines } = await startedPlane({
    budgetBytes: 1_000,
    limits: { roomWaitMs: 10_000 },
  });
  const halves = [network.dial(), network.dial()];
  for (const half of halves) half.send(Buffer.concat([lengthOf(900), Buffer.alloc(450)]));
  for (const half of halves) half.send(Buffer.alloc(450));
  await turn();
  const held = budget.usedBytes;

  time.advance(10_000);
  await turn();

  expect(held).toBe(908);
  expect(halves.map(({ isClosed }) => isClosed)).toEqual([true, true]);
  expect(budget.usedBytes).toBe(0);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("bytes are in flight") });
});

/** Two bytes for each topic. */
const metadataOf = (topics: number): Buffer =>
  framed(
    "Metadata",
    { version: 9 },
    { topics: Array.from({ length: topics }, () => ({ name: "" })) },
  );

test("what a request was decoded into is charged by its elements until it is answered", async () => {
  const held = deferred<void>();
  const handlers: KafkaHandlers = {
    Metadata: async () => {
      await held.promise;
      return { brokers: [], topics: [] };
    },
  };
  const { network, budget } = await startedPlane({ handlers, budgetBytes: 4_000_000 });
  const connection = network.dial();
  const request = metadataOf(10_064);

  connection.send(request);
  await turn();
  const [atWork, received] = [budget.usedBytes, connection.received.length];
  held.resolve();
  await turn();

  expect([atWork, received]).toEqual([request.length + 10_000 * 200, 0]);
  expect(receivedBy(connection)).toHaveLength(1);
  expect(budget.usedBytes).toBe(0);
});

test("more elements than there is room for close their connection, a few are worked on all the same", async () => {
  const { network, budget, lines } = await startedPlane({ budgetBytes: 1_000_000 });
  const [many, few] = [network.dial(), network.dial()];
  const requests = [metadataOf(5_000), metadataOf(64)] as const;
  many.send(requests[0].subarray(0, -1));
  few.send(requests[1].subarray(0, -1));
  const others = budget.bytesMax - budget.usedBytes - 1_000;
  expect(budget.tryReserve(others)).toBe(true);

  many.send(requests[0].subarray(-1));
  few.send(requests[1].subarray(-1));
  await turn();

  expect([many.isClosed, few.isClosed]).toEqual([true, false]);
  expect(receivedBy(few)).toHaveLength(1);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("bytes are in flight") });
  expect(budget.usedBytes).toBe(others);
});

test("a request that drips is closed after its time; time in which it is not read does not count", async () => {
  const { network, time, lines } = await startedPlane({
    limits: { frameTimeoutMs: 120_000, checkIntervalMs: 1_000 },
  });
  const drip = network.dial();

  for (let second = 0; second < 125 && !drip.isClosed; second++) {
    drip.send(second === 0 ? lengthOf(10_000) : Buffer.alloc(1));
    time.advance(1_000);
  }

  expect(drip.isClosed).toBe(true);
  expect(lines[0]?.fields).toMatchObject({ error: expect.stringContaining("within 120 s") });
});

test("one line stands for all that the same mistake would fill the log with", async () => {
  const { network, time, lines, plane } = await startedPlane();
  for (let count = 0; count < 100; count++) network.dial().send(lengthOf(-1));
  const early = lines.length;

  time.advance(10_000);
  for (let count = 0; count < 3; count++) network.dial().send(lengthOf(-1));
  await plane.close();

  expect(early).toBe(1);
  expect(lines.slice(1)).toMatchObject([{ fields: { repeated: 99 } }, { fields: { repeated: 2 } }]);
});

test("connections over the limit are closed at once, in all and of one address", async () => {
  const { network, lines, metrics } = await startedPlane({
    limits: { connectionsMax: 4, connectionsPerAddressMax: 2 },
  });

  const dialled = ["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"].map(
    (address) => network.dial(address),
  );
  dialled[0]?.hangUp();
  const again = network.dial("10.0.0.1");

  expect(dialled.map(({ isClosed }) => isClosed)).toEqual([true, false, true, false, false, true]);
  expect(again.isClosed).toBe(false);
  expect(metrics.kafka.connectionsRefused.value).toBe(2);
  expect(lines).toMatchObject([
    { event: "connection refused", fields: { error: expect.stringContaining("this address") } },
    { event: "connection refused", fields: { error: "there are 4 connections already" } },
  ]);
});
