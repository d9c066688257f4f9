import { brokerEpoch, brokerId, silentLogger } from "@zoolog/base";
import {
  checkMessage,
  decodeMessage,
  type ErrorBody,
  encodeMessage,
  encodeRecordBatch,
  errorBody,
} from "@zoolog/protocol";
import { ManualTime, MemoryBroker } from "@zoolog/testkit";
import fc from "fast-check";
import { createBrokerMetrics } from "../metrics.ts";
import type { HttpLimits } from "./http-limits.ts";
import { HttpPlane } from "./http-plane.ts";
import { peerApiWith } from "./peer-api.fixture.ts";
import { PEER_MESSAGES } from "./peer-messages.fixture.ts";

/** Every answer to bad input that docs/formats/native-plane.md promises. */

const MSGPACK = { "content-type": "application/msgpack" };
const FROM_BROKER = { ...MSGPACK, "zoolog-broker": "anything" };
const JSON_FORM = { "content-type": "application/json" };

async function started(limits: Partial<HttpLimits> = {}) {
  const api = new MemoryBroker();
  const { clock, scheduler } = new ManualTime();
  const peer = { kind: "broker", brokerId: brokerId(1), brokerEpoch: brokerEpoch(7) } as const;
  const plane = new HttpPlane(
    { host: "127.0.0.1", port: 0, limits },
    {
      api,
      // Whoever gets past the checks of its message is told that nobody serves the call.
      peers: { api: peerApiWith(), brokerOf: () => peer },
      metrics: createBrokerMetrics(),
      logger: silentLogger,
      clock,
      scheduler,
    },
  );
  await api.createTopics({
    timeoutMs: 0,
    validateOnly: false,
    topics: [{ topic: "orders", numPartitions: 1 }],
  });
  return plane;
}

const batch = (): Buffer => encodeRecordBatch([{ timestamp: 0, value: "record" }]);

const produceOf = (topic: string, partition: number, records: Uint8Array) => ({
  topics: [{ topic, partitions: [{ partition, records }] }],
});

const fetchOf = (topic: string, partition: number, fetchOffset: number) => ({
  maxWaitMs: 0,
  topics: [{ topic, partitions: [{ partition, fetchOffset }] }],
});

/** What the call or its only partition failed with. */
async function failure(plane: HttpPlane, name: string, payload: Buffer, headers = MSGPACK) {
  const response = await plane.inject({
    method: "POST",
    url: `/v1/${name}`,
    headers,
    payload,
  });
  const message = decodeMessage(response.rawPayload).value as {
    error?: { code: string };
    topics?: [{ partitions: [{ error?: { code: string } }] }];
  };
  const code = message.error?.code ?? message.topics?.[0].partitions[0].error?.code;
  return `${response.statusCode} ${code}`;
}

function damaged(damage: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.from(batch());
  damage(bytes);
  return bytes;
}

const ATTRIBUTES_LOW_BYTE = 22;

describe("a call", () => {
  test.each<[string, string, unknown, string]>([
    ["unknown topic", "produce", produceOf("nope", 0, batch()), "200 UNKNOWN_TOPIC_OR_PARTITION"],
    ["unknown topic", "fetch", fetchOf("nope", 0, 0), "200 UNKNOWN_TOPIC_OR_PARTITION"],
    [
      "wrong partition",
      "produce",
      produceOf("orders", 5, batch()),
      "200 UNKNOWN_TOPIC_OR_PARTITION",
    ],
    ["negative partition", "produce", produceOf("orders", -1, batch()), "400 INVALID_REQUEST"],
    ["topic ..", "produce", produceOf("..", 0, batch()), "400 INVALID_TOPIC_EXCEPTION"],
    [
      "topic of 250 characters",
      "fetch",
      fetchOf("x".repeat(250), 0, 0),
      "400 INVALID_TOPIC_EXCEPTION",
    ],
    ["topic with a slash", "fetch", fetchOf("a/../b", 0, 0), "400 INVALID_TOPIC_EXCEPTION"],
    ["negative offset", "fetch", fetchOf("orders", 0, -1), "400 INVALID_REQUEST"],
    ["offset past the end", "fetch", fetchOf("orders", 0, 99), "200 OFFSET_OUT_OF_RANGE"],
    [
      "unknown acks",
      "produce",
      { ...produceOf("orders", 0, batch()), requiredAcks: "two" },
      "400 INVALID_REQUEST",
    ],
    ["empty batch", "produce", produceOf("orders", 0, Buffer.alloc(0)), "200 INVALID_RECORD"],
    [
      "batch cut short",
      "produce",
      produceOf("orders", 0, batch().subarray(0, 40)),
      "200 CORRUPT_MESSAGE",
    ],
    [
      "two batches",
      "produce",
      produceOf("orders", 0, Buffer.concat([batch(), batch()])),
      "200 INVALID_RECORD",
    ],
    [
      "corrupt CRC",
      "produce",
      produceOf(
        "orders",
        0,
        damaged((bytes) => bytes.writeUInt32BE(1, 17)),
      ),
      "200 CORRUPT_MESSAGE",
    ],
    [
      "corrupt record",
      "produce",
      produceOf(
        "orders",
        0,
        damaged((bytes) => (bytes[65] = 0xff)),
      ),
      "200 CORRUPT_MESSAGE",
    ],
    [
      "batch too large",
      "produce",
      produceOf("orders", 0, encodeRecordBatch([{ timestamp: 0, value: Buffer.alloc(2 ** 21) }])),
      "200 MESSAGE_TOO_LARGE",
    ],
  ])("%s in %s is answered %#", async (_what, name, message, expected) => {
    const plane = await started();

    expect(await failure(plane, name, Buffer.from(encodeMessage(message)))).toBe(expected);
  });

  test("unsupported compression is named, not taken for damage", async () => {
    const { crc32c } = await import("@zoolog/protocol");
    const plane = await started();
    const records = damaged((bytes) => {
      bytes[ATTRIBUTES_LOW_BYTE] = 5;
      bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17);
    });

    const message = Buffer.from(encodeMessage(produceOf("orders", 0, records)));

    expect(await failure(plane, "produce", message)).toBe("200 UNSUPPORTED_COMPRESSION_TYPE");
  });

  test.each<[string, Buffer]>([
    ["truncated msgpack", Buffer.from(encodeMessage(fetchOf("orders", 0, 0))).subarray(0, -3)],
    ["deeply nested msgpack", Buffer.alloc(200_000, 0x91)],
    ["msgpack that claims 4 GiB", Buffer.from("c6ffffffff00", "hex")],
    ["msgpack with __proto__", Buffer.from("81a95f5f70726f746f5f5f01", "hex")],
    ["an offset of 2^53", Buffer.from("81a66f6666736574cf0020000000000000", "hex")],
    ["an empty body that says it is msgpack", Buffer.alloc(0)],
  ])("%s is refused as malformed", async (_what, payload) => {
    const plane = await started();

    expect(await failure(plane, "fetch", payload)).toBe("400 MALFORMED_BODY");
    for (const [name, message] of Object.entries(PEER_MESSAGES)) {
      expect(await failure(plane, name, payload, FROM_BROKER)).toBe("400 MALFORMED_BODY");
      const cut = Buffer.from(encodeMessage(message)).subarray(0, -1);
      expect(await failure(plane, name, cut, FROM_BROKER)).toBe("400 MALFORMED_BODY");
    }
  });

  test.each(Object.entries(PEER_MESSAGES))(
    "%s of a broker with more than its lists or a message may hold is refused",
    async (name, message) => {
      const plane = await started();
      const lists = Object.entries(message).filter(([, value]) => Array.isArray(value));
      const send = (sent: unknown) =>
        failure(plane, name, Buffer.from(encodeMessage(sent)), FROM_BROKER);

      expect(await send(message)).toBe("400 UNSUPPORTED_VERSION");
      for (const [field, value] of lists) {
        const tooMany = Array<unknown>(100_001).fill(value[0]);
        expect(await send({ ...message, [field]: tooMany })).toBe("400 INVALID_REQUEST");
      }
      const values = Array<unknown>(4_000_001).fill(0);
      expect(await send({ ...message, maxWaitMs: values })).toBe("400 MALFORMED_BODY");
    },
  );

  test("JSON too deep, cut short, or with __proto__ is refused", async () => {
    const plane = await started();
    const send = async (payload: string) => {
      const url = "/v1/metadata";
      const response = await plane.inject({ method: "POST", url, headers: JSON_FORM, payload });
      return `${response.statusCode} ${response.json<ErrorBody>().error.code}`;
    };

    expect(await send("[".repeat(200_000))).toBe("400 MALFORMED_BODY");
    expect(await send('{"topics":[')).toBe("400 MALFORMED_BODY");
    expect(await send('{"__proto__":{"x":1}}')).toBe("400 INVALID_REQUEST");
    expect(await send('{"constructor":{"prototype":{"x":1}}}')).toBe("400 INVALID_REQUEST");
    expect(await send("null")).toBe("400 INVALID_REQUEST");
    expect(await send('{"topics":"orders"}')).toBe("400 INVALID_REQUEST");
  });
});

describe("a content type", () => {
  test.each([
    ["text/plain"],
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["application/json, text/plain"],
    ["text/plain; application/json"],
    ["application/jsonx"],
    ["json"],
    ["application/json; charset=utf-16"],
  ])("%j is refused with 415", async (type) => {
    const plane = await started();

    const response = await plane.inject({
      method: "POST",
      url: "/v1/metadata",
      headers: { "content-type": type },
      payload: "{}",
    });

    expect(response.statusCode).toBe(415);
    expect(response.json<ErrorBody>().error.code).toBe("UNSUPPORTED_MEDIA_TYPE");
  });

  test("none at all with a body is refused; JSON in UTF-8 is fine", async () => {
    const plane = await started();
    const send = (headers: Record<string, string>) =>
      plane.inject({ method: "POST", url: "/v1/metadata", headers, payload: Buffer.from("{}") });

    expect((await send({})).statusCode).toBe(415);
    expect((await send({ "content-type": "application/json; charset=UTF-8" })).statusCode).toBe(
      200,
    );
    expect((await send({ "content-type": "APPLICATION/JSON" })).statusCode).toBe(200);
  });

  test.each(["gzip", "br", "deflate", "zstd", "identity, gzip"])(
    "encoded as %s is refused",
    async (encoding) => {
      const plane = await started();

      const response = await plane.inject({
        method: "POST",
        url: "/v1/metadata",
        headers: { ...JSON_FORM, "content-encoding": encoding },
        payload: "{}",
      });

      expect(response.statusCode).toBe(415);
      expect(response.json<ErrorBody>().error.code).toBe("UNSUPPORTED_CONTENT_ENCODING");
      expect(response.headers["connection"]).toBe("close");
    },
  );
});

describe("a path", () => {
  test.each([
    ["GET", "/v1/topics/..%2f..%2fetc%2fpasswd", 400, "INVALID_TOPIC_EXCEPTION"],
    ["PUT", "/v1/topics/..%2fx", 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET", "/v1/topics/%00", 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET", "/v1/topics/%e2%98%83", 400, "INVALID_TOPIC_EXCEPTION"],
    ["DELETE", "/v1/topics/a%20b", 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET", `/v1/topics/${"x".repeat(250)}`, 400, "INVALID_TOPIC_EXCEPTION"],
    ["GET", `/v1/topics/${"x".repeat(249)}`, 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["GET", `/v1/topics/${"x".repeat(301)}`, 414, "URI_TOO_LONG"],
    ["GET", "/v1/topics/%zz", 400, "MALFORMED_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/x/records", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/-1/records", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/99999999999/records", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/1/records", 404, "UNKNOWN_TOPIC_OR_PARTITION"],
    ["GET", "/v1/topics/orders/partitions/0/records?offset=-1", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/0/records?offset=7", 416, "OFFSET_OUT_OF_RANGE"],
    [
      "GET",
      "/v1/topics/orders/partitions/0/records?offset=9007199254740993",
      400,
      "INVALID_REQUEST",
    ],
    ["GET", "/v1/topics/orders/partitions/0/records?offset=1&offset=2", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/0/records?ofset=1", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/0/records?__proto__=1", 400, "INVALID_REQUEST"],
    ["GET", "/v1/topics/orders/partitions/0/records?maxBytes=1e9", 400, "INVALID_REQUEST"],
    ["POST", "/", 405, "METHOD_NOT_ALLOWED"],
    ["GET", "/v1", 404, "NOT_FOUND"],
    ["GET", "/v1/Topics", 404, "NOT_FOUND"],
    ["POST", "/v1/replicate", 403, "CLUSTER_AUTHORIZATION_FAILED"],
    ["GET", "/v1/produce", 405, "METHOD_NOT_ALLOWED"],
    ["PATCH", "/v1/topics/orders", 405, "METHOD_NOT_ALLOWED"],
    ["OPTIONS", "/v1/topics", 405, "METHOD_NOT_ALLOWED"],
    ["HEAD", "/v1/topics/orders/partitions/0/records", 405, undefined],
  ] as const)("%s %s is answered %d %s", async (method, url, status, code) => {
    const plane = await started();

    const response = await plane.inject({ method, url });

    expect(response.statusCode).toBe(status);
    if (code === undefined) return;
    const checked = checkMessage(errorBody, response.json());
    expect(checked.value?.error.code).toBe(code);
  });

  test("405 says what is allowed, and sends no CORS headers", async () => {
    const plane = await started();

    const response = await plane.inject({ method: "OPTIONS", url: "/v1/topics/orders" });

    expect(response.headers["allow"]).toBe("GET, HEAD, PUT, DELETE");
    expect(Object.keys(response.headers).join()).not.toContain("access-control");
  });
});

describe("a web page", () => {
  const ask = async (headers: Record<string, string>, method: "GET" | "POST" = "POST") => {
    const plane = await started();
    const payload = method === "POST" ? "{}" : undefined;
    const type = method === "POST" ? JSON_FORM : {};
    const url = method === "POST" ? "/v1/metadata" : "/v1/topics";
    const response = await plane.inject({
      method,
      url,
      headers: { ...type, ...headers },
      ...(payload && { payload }),
    });
    return response.statusCode === 200 ? "200" : response.json<ErrorBody>().error.code;
  };

  test("of another site may not call, nor one that hides where it is from", async () => {
    expect(await ask({ host: "127.0.0.1:8092", origin: "http://evil.example" })).toBe(
      "ORIGIN_REFUSED",
    );
    expect(await ask({ host: "127.0.0.1:8092", origin: "http://127.0.0.1:9999" })).toBe(
      "ORIGIN_REFUSED",
    );
    expect(await ask({ host: "127.0.0.1:8092", origin: "null" })).toBe("ORIGIN_REFUSED");
  });

  test("whose name was made to point here is known by the host it asks for", async () => {
    expect(await ask({ host: "evil.example:8092", origin: "http://evil.example:8092" })).toBe(
      "HOST_REFUSED",
    );
    expect(await ask({ host: "evil.example:8092" }, "GET")).toBe("HOST_REFUSED");
    expect(await ask({ host: "localhost.evil.example" }, "GET")).toBe("HOST_REFUSED");
    expect(await ask({ host: "127.0.0.1.evil.example" }, "GET")).toBe("HOST_REFUSED");
  });

  test("of our own may, and so may every program that names us as we are", async () => {
    expect(await ask({ host: "localhost:8092", origin: "http://localhost:8092" })).toBe("200");
    expect(await ask({ host: "LOCALHOST" }, "GET")).toBe("200");
    expect(await ask({ host: "[::1]:8092" }, "GET")).toBe("200");
    expect(await ask({ host: "192.168.1.5:8092" }, "GET")).toBe("200");
  });
});

describe("too much", () => {
  test("a body above the limit is refused with 413, announced or not", async () => {
    const plane = await started({ bodyBytesMax: 100, produceBodyBytesMax: 1_000 });
    const send = (name: string, bytes: number) =>
      plane.inject({
        method: "POST",
        url: `/v1/${name}`,
        headers: MSGPACK,
        payload: Buffer.alloc(bytes),
      });

    const metadata = await send("metadata", 101);
    const produce = await send("produce", 1_001);

    expect(metadata.statusCode).toBe(413);
    expect(decodeMessage(metadata.rawPayload).value).toMatchObject({
      error: { code: "REQUEST_TOO_LARGE", message: "the body is larger than 100 bytes" },
    });
    expect(produce.statusCode).toBe(413);
    expect((await send("produce", 1_000)).statusCode).toBe(400);
  });

  test("JSON is for people: its bodies are bounded on every route, those of msgpack are not", async () => {
    const plane = await started({ jsonBodyBytesMax: 100 });
    const message = produceOf(
      "orders",
      0,
      encodeRecordBatch([{ timestamp: 0, value: "x".repeat(200) }]),
    );
    const send = (type: string, payload: Buffer) =>
      plane.inject({
        method: "POST",
        url: "/v1/produce",
        headers: { "content-type": type },
        payload,
      });

    const json = await send("application/json", Buffer.from(JSON.stringify(message)));
    const msgpack = await send("application/msgpack", Buffer.from(encodeMessage(message)));

    expect(json.statusCode).toBe(413);
    expect(json.json<ErrorBody>().error.hint).toContain("msgpack");
    expect(msgpack.statusCode).toBe(200);
  });

  test.each(["metadata", "describe-topics"])(
    "%s of one topic over and over is refused, so that no short call has an endless answer",
    async (name) => {
      const plane = await started();
      const topics = ["other", ...Array<string>(9_999).fill("orders")];

      const response = await plane.inject({
        method: "POST",
        url: `/v1/${name}`,
        payload: { topics },
      });

      expect(response.statusCode).toBe(400);
      expect(response.json<ErrorBody>().error.message).toBe("topics[2] is the same as [1]");
    },
  );

  test("when the bytes in flight are used up, calls are turned away for a moment", async () => {
    const plane = await started({ inFlightBytesMax: 50 });

    const response = await plane.inject({
      method: "POST",
      url: "/v1/metadata",
      headers: JSON_FORM,
      payload: JSON.stringify({ topics: ["x".repeat(50)] }),
    });
    const after = await plane.inject({ method: "POST", url: "/v1/metadata", payload: {} });

    expect(response.statusCode).toBe(503);
    expect(response.headers["retry-after"]).toBe("1");
    expect(response.json<ErrorBody>().error).toMatchObject({
      code: "THROTTLING_QUOTA_EXCEEDED",
      retriable: true,
    });
    expect(after.statusCode).toBe(200);
  });

  test("when too many calls are in flight only the machines around are let in", async () => {
    const plane = await started({ inFlightCallsMax: 1 });
    const message = { ...fetchOf("orders", 0, 0), maxWaitMs: 30_000 };
    const waiting = plane.inject({ method: "POST", url: "/v1/fetch", payload: message }).then();

    const refused = await plane.inject({ method: "GET", url: "/v1/topics" });
    const health = await plane.inject({ method: "GET", url: "/health/live" });

    expect(refused.json<ErrorBody>().error.code).toBe("THROTTLING_QUOTA_EXCEEDED");
    expect(health.statusCode).toBe(200);
    await plane.close();
    expect((await waiting).statusCode).toBe(200);
  });
});

test("whatever the body, the answer is below 500 and has the error body", async () => {
  const plane = await started();
  const messages: [string, unknown][] = [
    ["produce", produceOf("orders", 0, batch())],
    ["fetch", fetchOf("orders", 0, 0)],
    [
      "list-offsets",
      { topics: [{ topic: "orders", partitions: [{ partition: 0, at: { timestamp: 5 } }] }] },
    ],
    ["metadata", { topics: ["orders"] }],
    [
      "create-topics",
      { topics: [{ topic: "orders", numPartitions: 1, configs: { "cleanup.policy": "delete" } }] },
    ],
    ["delete-topics", { topics: [{ topic: "nope" }] }],
    ["describe-topics", { topics: ["orders"] }],
    ["init-producer-id", { transactionalId: "t", transactionTimeoutMs: 5 }],
    ["topics/orders/records", { records: [{ key: "k", value: { json: 1 }, headers: { a: "b" } }] }],
    ...Object.entries(PEER_MESSAGES),
  ];
  const edges = fc.constantFrom<unknown>(
    -1,
    -0,
    2 ** 31,
    2 ** 53 - 1,
    1e300,
    0.5,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    true,
    "",
    "__proto__",
    "x".repeat(300),
    [],
    {},
    [[[[]]]],
    { __proto__: null, constructor: 1 },
    Buffer.alloc(3),
  );
  /** Puts an edge value somewhere into the message, or flips and cuts the bytes. */
  const hostile = fc.record({
    chosen: fc.nat(messages.length - 1),
    place: fc.nat(),
    edge: edges,
    flips: fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
    cut: fc.nat(40),
  });
  const property = fc.asyncProperty(hostile, async ({ chosen, place, edge, flips, cut }) => {
    const [name, message] = messages[chosen]!;
    const payload = Buffer.from(encodeMessage(withEdge(message, place, edge)));
    for (const [at, byte] of flips) payload[at % payload.length] = byte;
    const sent = payload.subarray(0, payload.length - Math.max(0, cut - 30));

    const response = await plane.inject({
      method: "POST",
      url: `/v1/${name}`,
      headers: Object.hasOwn(PEER_MESSAGES, name) ? FROM_BROKER : MSGPACK,
      payload: sent,
    });

    expect(response.statusCode).toBeLessThan(500);
    if (response.statusCode < 400) return;
    expect(checkMessage(errorBody, decodeMessage(response.rawPayload).value).fault).toBeUndefined();
  });
  await fc.assert(property, { numRuns: 1_500 });
});

/** The message with the value at one of its places replaced. */
function withEdge(message: unknown, place: number, edge: unknown): unknown {
  const copy = structuredClone(message);
  const places: [Record<string, unknown>, string][] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
    for (const [key, child] of Object.entries(value)) {
      places.push([value as Record<string, unknown>, key]);
      visit(child);
    }
  };
  visit(copy);
  const [holder, key] = places[place % (places.length + 1)] ?? [];
  if (holder !== undefined && key !== undefined) holder[key] = edge;
  return copy;
}
