import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type LogFields, type Logger, offset, silentLogger } from "@zoolog/base";
import {
  type BrokerApi,
  createBrokerMetrics,
  HttpPlane,
  type HttpPlaneOptions,
} from "@zoolog/broker";
import { systemClock, systemScheduler } from "@zoolog/host";
import { encodeMessage, encodeRecordBatch } from "@zoolog/protocol";
import { MemoryBroker } from "@zoolog/testkit";

/** The plane on real sockets: what only bytes on a wire can show. */

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Limits = NonNullable<HttpPlaneOptions["limits"]>;

async function started(limits: Limits = {}, logger: Logger = silentLogger) {
  const api = new MemoryBroker();
  const plane = new HttpPlane(
    { host: "127.0.0.1", port: 0, limits: { timeoutCheckIntervalMs: 20, ...limits } },
    {
      api,
      metrics: createBrokerMetrics(),
      logger,
      clock: systemClock,
      scheduler: systemScheduler,
    },
  );
  const { port } = await plane.listen();
  closing.push(() => plane.close());
  const topics = [{ topic: "orders", numPartitions: 1 }];
  await api.createTopics({ timeoutMs: 0, validateOnly: false, topics });
  const produce = async (...values: string[]): Promise<void> => {
    const records = encodeRecordBatch(values.map((value) => ({ timestamp: 0, value })));
    const partitions = [{ partition: 0, records }];
    const request = { requiredAcks: "all" as const, timeoutMs: 0 };
    await api.produce({ ...request, topics: [{ topic: "orders", partitions }] });
  };
  return { api, plane, port, produce };
}

/** A socket that collects what it is sent. */
class Wire {
  readonly #socket: Socket;
  readonly ended: Promise<void>;
  received = "";
  #onData: () => void = () => {};

  /** @param keep characters of what was received that are kept; the end of it. */
  constructor(port: number, keep = Number.POSITIVE_INFINITY) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk: string) => {
      this.received += chunk;
      if (this.received.length > keep) this.received = this.received.slice(-keep);
      this.#onData();
    });
    this.#socket.on("error", () => {});
    this.ended = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    closing.push(async () => void this.#socket.destroy());
  }

  send(text: string): this {
    this.#socket.write(text, "latin1");
    return this;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  async until(text: string): Promise<string> {
    while (!this.received.includes(text)) {
      const isOver = await Promise.race([
        new Promise<false>((resolve) => {
          this.#onData = () => resolve(false);
        }),
        this.ended.then(() => true),
      ]);
      if (isOver && !this.received.includes(text)) {
        throw new Error(`the connection ended before ${text}: ${this.received}`);
      }
    }
    return this.received;
  }
}

const head = (line: string, ...headers: string[]): string =>
  `${[line, "Host: 127.0.0.1", ...headers].join("\r\n")}\r\n\r\n`;

const JSON_FORM = "Content-Type: application/json";

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
    const { port } = await started();

    const wire = new Wire(port).send(bytes);
    await wire.ended;

    expect(wire.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(wire.received).toContain('{"error":{"code":"MALFORMED_REQUEST"');
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
    const { port } = await started();

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
    const { port } = await started();

    const wire = new Wire(port).send(head(line, "Connection: close"));
    await wire.ended;

    expect(wire.received).toContain(`HTTP/1.1 ${status} `);
    expect(wire.received).toContain('{"error":{"code":');
  });

  test("an offer to speak another protocol is passed over, the call is answered", async () => {
    const { port } = await started();

    const wire = new Wire(port).send(
      head("GET /v1/cluster HTTP/1.1", "Connection: Upgrade", "Upgrade: websocket"),
    );

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("HTTP/1.0, which has no Host header, is served", async () => {
    const { port } = await started();

    const wire = new Wire(port).send("GET /v1/cluster HTTP/1.0\r\n\r\n");

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("headers above the limit: 431, with the error body", async () => {
    const { port } = await started();

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
    const { port } = await started(limits);

    const wire = new Wire(port).send(bytes);
    await wire.ended;

    expect(wire.received).toMatch(/^HTTP\/1\.1 408 /);
    expect(wire.received).toContain('"code":"REQUEST_TOO_SLOW"');
  });

  test("an announced body above the limit is refused before it comes, an endless one on the way", async () => {
    const { port } = await started({ bodyBytesMax: 1_000 });
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
    const { port } = await started();

    const wire = new Wire(port).send(
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Transfer-Encoding: chunked")}` +
        '9\r\n{"topics"\r\n4\r\n:[]}\r\n0\r\n\r\n',
    );

    expect(await wire.until('"clusterId":"memory"')).toMatch(/^HTTP\/1\.1 200 /);
  });

  test("a caller who hangs up in the middle of a body leaves nothing behind", async () => {
    const { port, plane } = await started();
    const wire = new Wire(port).send(
      `${head("POST /v1/metadata HTTP/1.1", JSON_FORM, "Content-Length: 100")}{"topics"`,
    );
    await busy(plane);

    wire.hangUp();
    await quiet(plane);

    expect(await gauge(plane, "zoolog_http_in_flight_bytes")).toBe(0);
  });

  test("a caller who hangs up while waiting releases its fetch, and the answer goes nowhere", async () => {
    const { api, port, plane } = await started();
    const answered: boolean[] = [];
    const records = [Buffer.alloc(100_000), Buffer.alloc(100_000)];
    const [logStartOffset, highWatermark] = [offset(0), offset(1)];
    const positions = { highWatermark, lastStableOffset: highWatermark, logStartOffset };
    api.fetch = async (_request, { signal }) => {
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
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

  test("silent connections are closed", async () => {
    const { port } = await started({ idleTimeoutMs: 100 });

    const silent = [new Wire(port), new Wire(port)];

    await Promise.all(silent.map(({ ended }) => ended));
  });

  test("connections above the limit are not let in, and counted", async () => {
    const { plane, port } = await started({ connectionsMax: 1 });
    const first = new Wire(port).send(head("GET /health/live HTTP/1.1"));
    await first.until("200 OK");

    await new Wire(port).ended;

    expect(await gauge(plane, "zoolog_http_connections_dropped_total")).toBe(1);
  });

  test("readers who do not take their answers cannot use up the memory", async () => {
    const { api, plane, port } = await started({ inFlightBytesMax: 20_000_000 });
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
    while ((await gauge(plane, "zoolog_http_in_flight_bytes")) < 40_000_000) await delay(5);
    const refused = await again();
    idle.hangUp();
    await quiet(plane);
    const served = await again();

    expect(refused.statusCode).toBe(503);
    expect(served.statusCode).toBe(200);
  });

  test("people who do not take their records cannot use up the memory, nor hold up the others", async () => {
    const inFlightBytesMax = 3_000_000;
    const { plane, port, produce } = await started({ inFlightBytesMax });
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
      held.push(await gauge(plane, "zoolog_http_in_flight_bytes"));
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
    const { plane, port } = await started({ pipelinedCallsMax: 4 });
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
async function gauge(plane: HttpPlane, name: string): Promise<number> {
  const { body } = await plane.inject({ method: "GET", url: "/metrics" });
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(body)?.[1]);
}

/** Until a call beside the scrape itself is in flight. */
async function busy(plane: HttpPlane): Promise<void> {
  while ((await gauge(plane, "zoolog_http_calls_in_flight")) < 2) await delay(5);
}

async function quiet(plane: HttpPlane): Promise<void> {
  while ((await gauge(plane, "zoolog_http_calls_in_flight")) > 1) await delay(5);
}

const RECORDS = "/v1/topics/orders/partitions/0/records";
const follow = (query = "", ...headers: string[]): string =>
  head(`GET ${RECORDS}${query} HTTP/1.1`, "Accept: text/event-stream", ...headers);

describe("an event stream", () => {
  test("brings what is there, then what comes, and a sign of life in between", async () => {
    const { port, produce } = await started({ heartbeatMs: 50 });
    await produce("a", "b");

    const wire = new Wire(port).send(follow());
    await wire.until("id: 1");
    await wire.until(": no news");
    await produce("c");
    const received = await wire.until("id: 2");

    expect(received).toContain("content-type: text/event-stream");
    expect(received).toContain(
      'id: 0\ndata: {"offset":0,"timestamp":0,"key":null,"value":"a","headers":[]}\n\n',
    );
    expect(received.match(/^id: /gm)).toHaveLength(3);
  });

  test("goes on behind the last event that a returning reader has seen", async () => {
    const { port, produce } = await started();
    await produce("a", "b", "c");

    const wire = new Wire(port).send(follow("?offset=0", "Last-Event-ID: 1"));

    expect(await wire.until("id: 2")).not.toContain("id: 1");
  });

  test("begins at the end when asked to", async () => {
    const { port, produce } = await started({ heartbeatMs: 30 });
    await produce("old");

    const wire = new Wire(port).send(follow("?offset=latest"));
    await wire.until(": no news");
    await produce("new");

    expect(await wire.until("id: 1")).not.toContain("old");
  });

  test("fails with a status before its first event, and with an event after it", async () => {
    const { api, port, produce } = await started({ heartbeatMs: 30 });
    await produce("a");
    const early = new Wire(port).send(follow("?offset=9", "Connection: close"));
    const badId = new Wire(port).send(follow("", "Last-Event-ID: x", "Connection: close"));
    const late = new Wire(port).send(follow());
    await late.until("id: 0");

    await api.deleteTopics({ timeoutMs: 0, topics: [{ topic: "orders" }] });
    await Promise.all([early.ended, badId.ended, late.until("event: error")]);

    expect(early.received).toMatch(/^HTTP\/1\.1 416 /);
    expect(badId.received).toMatch(/^HTTP\/1\.1 400 /);
    expect(late.received).toContain("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("reads no further ahead than its reader takes", async () => {
    const { api, port, produce } = await started({ heartbeatMs: 20 });
    for (let i = 0; i < 100; i++) await produce("x".repeat(400_000));
    let fetches = 0;
    const fetch = api.fetch.bind(api);
    api.fetch = (request, context) => {
      fetches += 1;
      return fetch(request, context);
    };

    const wire = new Wire(port, 100_000);
    wire.send(follow("?maxBytes=1"));
    await wire.until("id: 0");
    wire.pause();
    let before = -1;
    while (before !== fetches) {
      before = fetches;
      await delay(150);
    }
    const whilePaused = fetches;
    wire.resume();
    await wire.until("id: 99");

    expect(whilePaused).toBeLessThan(60);
  });

  test("counts what its reader does not take as in flight, one step at a time", async () => {
    const { plane, port, produce } = await started({ heartbeatMs: 20 });
    const bytes = "x".repeat(40_000);
    for (let i = 0; i < 400; i++) await produce(bytes);

    const idle = Array.from({ length: 5 }, () => new Wire(port));
    for (const wire of idle) {
      wire.pause();
      wire.send(follow());
    }
    const stalled = [0, 0];
    while (stalled.at(-1) !== stalled.at(-2) || stalled.at(-1) === 0) {
      await delay(150);
      stalled.push(await gauge(plane, "zoolog_http_in_flight_bytes"));
    }
    for (const wire of idle) wire.hangUp();
    await quiet(plane);

    expect(stalled.at(-1)).toBeGreaterThanOrEqual(5 * bytes.length);
    expect(stalled.at(-1)).toBeLessThan(5 * 2 * 64 * 1024);
    expect(await gauge(plane, "zoolog_http_in_flight_bytes")).toBe(0);
  });

  test("turned away for want of memory, ends with an error that says to come again", async () => {
    const { port, produce } = await started({ heartbeatMs: 20, inFlightBytesMax: 100_000 });
    await produce("a");
    const wire = new Wire(port).send(follow("?maxBytes=1", "Connection: close"));
    await wire.until("id: 0");
    const idle = new Wire(port);
    await produce("x".repeat(500_000));
    await wire.until("id: 1");
    idle.pause();
    for (let round = 0; round < 500 && !wire.received.includes("event: error"); round++) {
      idle.send(head(`GET ${RECORDS}?offset=1 HTTP/1.1`));
      await produce("b");
      await delay(5);
    }
    const { received } = wire;

    expect(received).toContain('"code":"THROTTLING_QUOTA_EXCEEDED"');
    expect(received).toContain('"retriable":true');
  });

  test("ends with its reader, and leaves nothing behind", async () => {
    const { port, plane } = await started({ streamsMax: 1 });
    const wire = new Wire(port).send(follow());
    await wire.until("retry:");
    const refused = new Wire(port).send(follow("", "Connection: close"));
    await refused.ended;

    wire.hangUp();
    await quiet(plane);

    expect(refused.received).toMatch(/^HTTP\/1\.1 503 /);
    expect(await gauge(plane, "zoolog_http_event_streams")).toBe(0);
  });
});

describe("closing", () => {
  const waitingFetch = JSON.stringify({
    maxWaitMs: 30_000,
    topics: [{ topic: "orders", partitions: [{ partition: 0, fetchOffset: 0 }] }],
  });

  test("answers waiting fetches, ends streams, and finishes what is in flight", async () => {
    const { api, plane, port } = await started();
    let finish: () => void = () => {};
    const describeCluster = api.describeCluster.bind(api);
    api.describeCluster = async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
      });
      return describeCluster();
    };
    const fetching = new Wire(port).send(
      head("POST /v1/fetch HTTP/1.1", JSON_FORM, `Content-Length: ${waitingFetch.length}`) +
        waitingFetch,
    );
    const stream = new Wire(port).send(follow());
    const working = new Wire(port).send(head("GET /v1/cluster HTTP/1.1"));
    await stream.until("retry:");
    while ((await gauge(plane, "zoolog_http_calls_in_flight")) < 4) await delay(5);

    const closed = plane.close();
    await Promise.all([fetching.ended, stream.ended]);
    const late = new Wire(port);
    await late.ended;
    finish();
    await Promise.all([closed, working.ended]);

    expect(fetching.received).toMatch(/^HTTP\/1\.1 200 /);
    expect(working.received).toMatch(/^HTTP\/1\.1 200 /);
    expect(late.received).toBe("");
  });

  test("cuts what does not end in time, and says so", async () => {
    const events: [string, LogFields | undefined][] = [];
    const logger = {
      ...silentLogger,
      warn: (event: string, fields?: LogFields) => void events.push([event, fields]),
    };
    const { api, plane, port } = await started({ closeTimeoutMs: 50 }, logger);
    let wasAborted = false;
    const component: BrokerApi = api;
    component.describeCluster = (context) =>
      new Promise((_resolve, reject) => {
        context.signal.addEventListener("abort", () => {
          wasAborted = true;
          reject(context.signal.reason);
        });
      });
    const stuck = new Wire(port).send(head("GET /v1/cluster HTTP/1.1"));
    await busy(plane);

    await plane.close();
    await stuck.ended;

    expect(wasAborted).toBe(true);
    expect(events).toEqual([["calls cut at close", { calls: 1 }]]);
  });

  test("is one thing, however often it is asked for", async () => {
    const { plane } = await started();

    await Promise.all([plane.close(), plane.close()]);
    await plane.close();
  });
});

test("a fetch of many large batches comes whole, with its length announced", async () => {
  const { api, port } = await started();
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
  const { port } = await started();
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
