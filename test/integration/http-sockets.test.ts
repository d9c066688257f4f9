import { setTimeout as delay } from "node:timers/promises";
import { type LogFields, offset, silentLogger } from "@zoolog/base";
import { createBrokerMetrics } from "@zoolog/broker";
import { HttpPlane } from "@zoolog/broker/http";
import { systemClock, systemScheduler } from "@zoolog/host";
import { encodeMessage, encodeRecordBatch } from "@zoolog/protocol";
import { MemoryBroker } from "@zoolog/testkit";
import {
  busy,
  gauge,
  head,
  JSON_FORM,
  quiet,
  RECORDS,
  startedPlane,
  Wire,
} from "./plane-on-sockets.ts";

describe("hostile HTTP", () => {
  test.each([
    [
      "content-length and transfer-encoding",
      head(
        "POST /v1/metadata HTTP/1.1",
        JSON_FORM,
        "Content-Length: 2",
        "Transfer-Encoding: chunked",
      ),
    ],
    [
      "two content-lengths",
      head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 2", "Content-Length: 3"),
    ],
    [
      "a content-length that is none",
      head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: -1"),
    ],
    ["a folded header", "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX: a\r\n b\r\n\r\n"],
    ["a header without a colon", head("GET /health/live HTTP/1.1", "Nonsense")],
    ["a control character in a header", head("GET /health/live HTTP/1.1", "X: a\x01b")],
    ["no Host header", "GET /health/live HTTP/1.1\r\n\r\n"],
    [
      "a chunk size that is none",
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Transfer-Encoding: chunked")}xyz\r\n`,
    ],
    ["TLS on a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"],
    ["a Kafka client's frame", "\x00\x00\x00\x20\x00\x12\x00\x03\x00\x00\x00\x01"],
  ])("%s: 400 with the error body, and the connection ends", async (_what, bytes) => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(bytes);
    await wire.ended;

    expect(wire.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(wire.received).toContain('{"error":{"code":"MALFORMED_REQUEST"');
  });

  test.each([
    ["TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "http://"],
    ["Kafka's protocol", "\x00\x00\x00\x20\x00\x12\x00\x03\x00\x00\x00\x01", "kafka.port"],
  ])("%s on this port is named in the log, once for all who come", async (what, bytes, hint) => {
    const lines: (LogFields | undefined)[] = [];
    const logger = {
      ...silentLogger,
      warn: (_: string, fields?: LogFields) => void lines.push(fields),
    };
    const { port } = await startedPlane({}, logger);

    for (let count = 0; count < 3; count++) await new Wire(port).send(bytes).ended;
    await new Wire(port).send("\x00nonsense that nobody can name").ended;

    expect(lines).toMatchObject([
      {
        error: `this is the HTTP port, and ${what} came in`,
        hint: expect.stringContaining(hint),
        listener: "HTTP",
        remoteAddress: "127.0.0.1",
      },
    ]);
  });

  test.each([
    ["CONNECT", head("CONNECT example.com:443 HTTP/1.1"), 405, "METHOD_NOT_ALLOWED"],
    [
      "an expectation that nobody meets",
      head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 2", "Expect: 200-ok"),
      417,
      "EXPECTATION_FAILED",
    ],
  ])("%s: the error body, and the connection ends", async (_what, bytes, status, code) => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(bytes);
    await wire.ended;

    expect(wire.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(wire.received).toContain(`{"error":{"code":"${code}"`);
  });

  test.each([
    ["PROPFIND /v1/topics HTTP/1.1", "404"],
    ["TRACE / HTTP/1.1", "404"],
    ["OPTIONS * HTTP/1.1", "405"],
    ["GET http://127.0.0.1/v1/none HTTP/1.1", "404"],
  ])("%s is answered %s with the error body", async (line, status) => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(head(line, "Connection: close"));
    await wire.ended;

    expect(wire.received).toContain(`HTTP/1.1 ${status} `);
    expect(wire.received).toContain('{"error":{"code":');
  });

  test("an offer to speak another protocol is passed over, the call is answered", async () => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(
      head("GET /v1/cluster HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"),
    );

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("HTTP/1.0, which has no Host header, is served", async () => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send("GET /v1/cluster HTTP/1.0\r\n\r\n");

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("headers above the limit: 431, with the error body", async () => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(head("GET / HTTP/1.1", `X: ${"x".repeat(20_000)}`));
    await wire.ended;

    expect(wire.received).toMatch(/^HTTP\/1\.1 431 /);
    expect(wire.received).toContain('"code":"HEADERS_TOO_LARGE"');
  });

  test.each([
    ["headers", { headersTimeoutMs: 100 }, "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n"],
    [
      "a body",
      { headersTimeoutMs: 100, requestTimeoutMs: 200 },
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 100")}{"topics"`,
    ],
  ])("%s that do not arrive in time are cut off with 408", async (_what, limits, bytes) => {
    const { port } = await startedPlane(limits);

    const wire = new Wire(port).send(bytes);
    await wire.ended;

    expect(wire.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(wire.received).toContain('"code":"REQUEST_TOO_SLOW"');
  });

  test("an announced body above the limit is refused before it comes, an endless one on the way", async () => {
    const { port } = await startedPlane({ bodyBytesMax: 1_000 });
    const announced = new Wire(port).send(
      head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 1000000000"),
    );
    const chunk = `1f4\r\n${"x".repeat(500)}\r\n`;
    const endless = new Wire(port).send(
      head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Transfer-Encoding: chunked") + chunk.repeat(5),
    );

    await Promise.all([announced.ended, endless.ended]);

    for (const { received } of [announced, endless]) {
      expect(received).toMatch(/^HTTP\/1\.1 413 /);
      expect(received).toContain('"code":"REQUEST_TOO_LARGE"');
    }
  });

  test("a chunked body within the limits is a body like any other", async () => {
    const { port } = await startedPlane();

    const wire = new Wire(port).send(
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Transfer-Encoding: chunked")}` +
        '9\r\n{"topics"\r\n4\r\n:[]}\r\n0\r\n\r\n',
    );

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a caller who hangs up in the middle of a body leaves nothing behind", async () => {
    const { port, plane } = await startedPlane();
    const wire = new Wire(port).send(
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 100")}{"topics"`,
    );
    await busy(plane);

    wire.hangUp();
    await quiet(plane);

    expect(await gauge(plane, "zoolog_in_flight_bytes")).toBe(0);
  });

  test("a caller who hangs up while waiting releases its fetch, and the answer goes nowhere", async () => {
    const { api, port, plane } = await startedPlane();
    const answered: boolean[] = [];
    const records = [Buffer.alloc(100_000), Buffer.alloc(100_000)];
    const [logStartOffset, highWatermark] = [offset(0), offset(1)];
    const positions = { highWatermark, lastStableOffset: highWatermark, logStartOffset };
    api.fetch = async (_request, { signal }) => {
      await new Promise<void>((resolve) => signal.addEventListener("abort", resolve));
      answered.push(signal.aborted);
      return {
        topics: [{ topic: "orders", partitions: [{ partition: 0, ...positions, records }] }],
      };
    };
    const body = Buffer.from(encodeMessage({ maxWaitMs: 30_000, topics: [] }));
    const length = `Content-Length: ${body.length}`;
    const wire = new Wire(port);
    wire.send(head("POST /v1/fetch HTTP/1.1", "Content-Type: application/msgpack", length));
    wire.send(body.toString("latin1"));
    await busy(plane);

    wire.hangUp();
    await quiet(plane);
    while (answered.length === 0) await delay(5);

    expect(answered).toEqual([true]);
    expect((await plane.inject({ method: "GET", url: "/v1/cluster" })).statusCode).toBe(200);
  });

  test("a caller who hangs up is no failure of the broker's", async () => {
    const errors: string[] = [];
    const logger = { ...silentLogger, error: (message: string) => void errors.push(message) };
    const { api, port, plane } = await startedPlane({}, logger);
    api.fetch = (_request, { signal }) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener("abort", () => reject(signal.reason)),
      );
    const body = '{"maxWaitMs":30000,"topics":[]}';
    const wire = new Wire(port);
    wire.send(head("POST /v1/fetch HTTP/1.1", JSON_FORM, `Content-Length: ${body.length}`) + body);
    await busy(plane);

    wire.hangUp();
    const failures = "zoolog_http_failures_total";
    const metrics = async () => (await plane.inject({ method: "GET", url: "/metrics" })).body;
    while (!(await metrics()).includes(`${failures}{`)) await delay(5);

    expect(await metrics()).toContain(`${failures}{code="CALLER_GONE"} 1`);
    expect(errors).toEqual([]);
  });

  test("silent connections are closed", async () => {
    const { port } = await startedPlane({ unreadTimeoutMs: 100 });

    const silent = [new Wire(port), new Wire(port)];

    await Promise.all(silent.map(({ ended }) => ended));
  });

  test("connections above the limit are not let in, and counted", async () => {
    const { plane, port } = await startedPlane({ connectionsMax: 1 });
    const first = new Wire(port).send(head("GET /health/live HTTP/1.1"));
    await first.until("200 OK");

    await new Wire(port).ended;

    expect(await gauge(plane, "zoolog_http_connections_dropped_total")).toBe(1);
  });

  test("readers who do not take their answers cannot use up the memory", async () => {
    const { api, plane, port } = await startedPlane({ inFlightBytesMax: 20_000_000 });
    const records = [Buffer.alloc(40_000_000)];
    const [logStartOffset, highWatermark] = [offset(0), offset(1)];
    const positions = { highWatermark, lastStableOffset: highWatermark, logStartOffset };
    const partitions = [{ partition: 0, ...positions, records }];
    api.fetch = async () => ({ topics: [{ topic: "orders", partitions }] });
    const type = "application/msgpack";
    const body = Buffer.from(encodeMessage({ topics: [] }));
    const again = () =>
      plane.inject({
        method: "POST",
        url: "/v1/fetch",
        headers: { "content-type": type },
        payload: body,
      });

    const idle = new Wire(port);
    idle.pause();
    const length = `Content-Length: ${body.length}`;
    idle.send(head("POST /v1/fetch HTTP/1.1", `Content-Type: ${type}`, length));
    idle.send(body.toString("latin1"));
    while ((await gauge(plane, "zoolog_in_flight_bytes")) < 40_000_000) await delay(5);
    const refused = await again();
    idle.hangUp();
    await quiet(plane);
    const served = await again();

    expect(refused.statusCode).toBe(503);
    expect(served.statusCode).toBe(200);
  });

  test("a reader who takes nothing of an answer is cut after its time, with a line", async () => {
    const events: [string, LogFields | undefined][] = [];
    const warn = (event: string, fields?: LogFields) => void events.push([event, fields]);
    const logger = { ...silentLogger, warn };
    const { plane, port, produce } = await startedPlane({ unreadTimeoutMs: 100 }, logger);
    await produce("x".repeat(900_000));
    const silent = new Wire(port);
    silent.pause();

    for (let asked = 0; asked < 20; asked++) silent.send(head(`GET ${RECORDS} HTTP/1.1`));
    await busy(plane);
    await quiet(plane);

    expect(events).toMatchObject([
      ["connection closed", { error: expect.stringContaining("nothing of an answer was taken") }],
    ]);
  });

  test("people who do not take their records cannot use up the memory, nor hold up the others", async () => {
    const inFlightBytesMax = 3_000_000;
    const { plane, port, produce } = await startedPlane({ inFlightBytesMax });
    await produce("x".repeat(900_000));
    const health = new Wire(port);
    const held: number[] = [];
    const idle = Array.from({ length: 6 }, () => new Wire(port));
    for (const wire of idle) wire.pause();

    let refused = await plane.inject({ method: "GET", url: RECORDS });
    // The first answers are taken by the buffers of the sockets.
    for (let round = 0; round < 500 && refused.statusCode === 200; round++) {
      for (const wire of idle) wire.send(head(`GET ${RECORDS} HTTP/1.1`));
      await delay(5);
      held.push(await gauge(plane, "zoolog_in_flight_bytes"));
      refused = await plane.inject({ method: "GET", url: RECORDS });
    }
    health.send(head("GET /health/live HTTP/1.1"));
    await health.until('{"live":true}');
    for (const wire of idle) wire.hangUp();
    await quiet(plane);
    const served = await plane.inject({ method: "GET", url: RECORDS });

    expect(refused.statusCode).toBe(503);
    expect(refused.json()).toMatchObject({ error: { code: "THROTTLING_QUOTA_EXCEEDED" } });
    // What is there already is taken as long as there is room, so beyond it by one answer.
    expect(Math.max(...held)).toBeLessThan(inFlightBytesMax + 1_000_000);
    expect(served.statusCode).toBe(200);
  });

  test("pipelined calls are answered in order; a flood of them is turned away", async () => {
    const { plane, port } = await startedPlane({ pipelinedCallsMax: 4 });
    const waiting = JSON.stringify({
      maxWaitMs: 300,
      topics: [{ topic: "orders", partitions: [{ partition: 0, fetchOffset: 0 }] }],
    });
    const fetchCall =
      head("POST /v1/fetch HTTP/1.1", JSON_FORM, `Content-Length: ${waiting.length}`) + waiting;
    const last = head("GET /v1/cluster HTTP/1.1", "Connection: close");

    const wire = new Wire(port).send(fetchCall.repeat(6) + last);
    await wire.ended;

    const statuses = [...wire.received.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses.slice(0, 4)).toEqual(["200", "200", "200", "200"]);
    expect(statuses.slice(4)).toEqual(Array(statuses.length - 4).fill("503"));
    expect(statuses.length).toBeGreaterThan(4);
    await quiet(plane);
  });
});

/** The value of a gauge without labels. */
test("a fetch of many large batches comes whole, with its length announced", async () => {
  const { api, port } = await startedPlane();
  const value = Buffer.alloc(300_000, 7);
  for (let i = 0; i < 20; i++) {
    const records = encodeRecordBatch([{ timestamp: 0, value }]);
    await api.produce({
      requiredAcks: "all",
      timeoutMs: 0,
      topics: [{ topic: "orders", partitions: [{ partition: 0, records }] }],
    });
  }
  const body = encodeMessage({
    topics: [
      {
        topic: "orders",
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 5_000_000 }],
      },
    ],
  });

  const wire = new Wire(port);
  wire.send(
    head(
      "POST /v1/fetch HTTP/1.1",
      "Content-Type: application/msgpack",
      `Content-Length: ${body.length}`,
      "Connection: close",
    ),
  );
  wire.send(Buffer.from(body).toString("latin1"));
  await wire.ended;

  const length = Number(/content-length: (\d+)/.exec(wire.received)?.[1]);
  expect(length).toBeGreaterThan(4_800_000);
  expect(wire.received.length - wire.received.indexOf("\r\n\r\n") - 4).toBe(length);
});

test("a taken port is refused with what, why and what next", async () => {
  const { port } = await startedPlane();
  const second = new HttpPlane(
    { host: "127.0.0.1", port },
    {
      api: new MemoryBroker(),
      metrics: createBrokerMetrics(),
      logger: silentLogger,
      clock: systemClock,
      scheduler: systemScheduler,
    },
  );

  await expect(second.listen()).rejects.toMatchObject({
    code: "ADDRESS_IN_USE",
    message: `port ${port} of 127.0.0.1 is taken by another program`,
    hint: expect.any(String),
  });
  await second.close();
});
