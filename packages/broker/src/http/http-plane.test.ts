import { Readable } from "node:stream";
import { type ErrorBody, encodeMessage, NATIVE_CALLS, RecordBatch } from "@zoolog/protocol";
import {
  batch,
  call,
  callJson,
  JSON_TYPE,
  MSGPACK_TYPE,
  oneFetched,
  oneProduced,
  partitionOf,
  started,
} from "./http-plane.fixture.ts";

describe("calls", () => {
  test("in msgpack: produced batches come back byte for byte, with their place patched in", async () => {
    const { plane } = await started();

    const produced = await call(plane, "produce", oneProduced(batch("a", "b")));
    await call(plane, "produce", oneProduced(batch("c")));
    const fetched = await call(plane, "fetch", oneFetched(0));

    expect(produced).toMatchObject({ status: 200 });
    expect(partitionOf(produced.message)).toMatchObject({ partition: 0, baseOffset: 0 });
    const { records, highWatermark } = partitionOf<{ records: Buffer; highWatermark: number }>(
      fetched.message,
    );
    expect(highWatermark).toBe(3);
    const first = RecordBatch.parse(records);
    const second = RecordBatch.parse(records, first.sizeInBytes);
    expect([first.baseOffset, second.baseOffset]).toEqual([0, 2]);
    expect([...first.records()].map(({ value }) => String(value))).toEqual(["a", "b"]);
  });

  test("in JSON: the same with base64", async () => {
    const { plane } = await started();

    const produced = await callJson(plane, "produce", oneProduced(batch("a").toString("base64")));
    const fetched = await callJson(plane, "fetch", oneFetched(0));

    expect(partitionOf(produced.message)).toMatchObject({ baseOffset: 0 });
    const { records } = partitionOf<{ records: string }>(fetched.message);
    expect([...RecordBatch.parse(Buffer.from(records, "base64")).records()]).toHaveLength(1);
  });

  test.each([
    ["leader", true],
    ["none", false],
  ] as const)("memory of large bodies is used again after acks=%s: %s", async (acks, isReused) => {
    const { api, plane } = await started();
    const memory: ArrayBufferLike[] = [];
    const produce = api.produce.bind(api);
    api.produce = (request) => {
      memory.push(request.topics[0]!.partitions[0]!.records.buffer);
      return produce(request);
    };
    const message = { ...(oneProduced(batch("x".repeat(200_000))) as object), requiredAcks: acks };
    const body = Buffer.from(encodeMessage(message));
    const post = () =>
      plane.inject({
        method: "POST",
        url: "/v1/produce",
        headers: { "content-type": MSGPACK_TYPE, "content-length": String(body.length) },
        // As from a socket: large bodies come in chunks.
        payload: Readable.from([body.subarray(0, 65_536), body.subarray(65_536)]),
      });

    expect((await post()).statusCode).toBe(200);
    await post();

    expect(memory[0] === memory[1]).toBe(isReused);
  });

  test("a failed partition leaves the others and the status alone", async () => {
    const { plane } = await started();

    const { status, message } = await call(plane, "produce", {
      topics: [
        {
          topic: "orders",
          partitions: [
            { partition: 7, records: batch("a") },
            { partition: 1, records: batch("b") },
          ],
        },
      ],
    });

    expect(status).toBe(200);
    expect(message).toMatchObject({
      topics: [
        {
          partitions: [
            { partition: 7, error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } },
            { partition: 1, baseOffset: 0 },
          ],
        },
      ],
    });
  });

  test("every other call reaches its method", async () => {
    const { plane } = await started();
    const created = await call(plane, "create-topics", { topics: [{ topic: "new" }] });
    const metadata = await call(plane, "metadata", {});
    const described = await call(plane, "describe-topics", { topics: ["new"] });
    const cluster = await call(plane, "describe-cluster", {});
    const listed = await call(plane, "list-offsets", {
      topics: [{ topic: "orders", partitions: [{ partition: 0, at: "latest" }] }],
    });
    const initialised = await call(plane, "init-producer-id", {});
    const deleted = await call(plane, "delete-topics", { topics: [{ topic: "new" }] });

    expect(created.message).toMatchObject({ topics: [{ topic: "new", numPartitions: 1 }] });
    expect(metadata.message).toMatchObject({ topics: [{ topic: "orders" }, { topic: "new" }] });
    expect(described.message).toMatchObject({ topics: [{ topic: "new", partitions: [{}] }] });
    expect(cluster.message).toMatchObject({ clusterId: "memory", topicCount: 2 });
    expect(partitionOf(listed.message)).toMatchObject({ offset: 0 });
    expect(initialised.message).toEqual({ producerId: 0, producerEpoch: 0 });
    expect(deleted.message).toMatchObject({ topics: [{ topic: "new" }] });
  });

  test("a call without a body is one with no fields", async () => {
    const { plane } = await started();

    const response = await plane.inject({ method: "POST", url: "/v1/describe-cluster" });

    expect(response.json()).toMatchObject({ clusterId: "memory" });
  });

  test("a waiting fetch is answered by the next record", async () => {
    const { plane } = await started();

    const fetched = call(plane, "fetch", oneFetched(0, { maxWaitMs: 30_000 }));
    await call(plane, "produce", oneProduced(batch("late")));

    expect(
      partitionOf<{ records: Buffer }>((await fetched).message).records.length,
    ).toBeGreaterThan(0);
  });
});

describe("topics and the cluster", () => {
  test("a topic is created, seen and deleted", async () => {
    const { plane } = await started();

    const put = await plane.inject({
      method: "PUT",
      url: "/v1/topics/a",
      payload: { numPartitions: 3 },
    });
    const bare = await plane.inject({ method: "PUT", url: "/v1/topics/b" });
    const post = await plane.inject({ method: "POST", url: "/v1/topics", payload: { topic: "c" } });
    const twice = await plane.inject({ method: "PUT", url: "/v1/topics/a" });
    const list = await plane.inject({ method: "GET", url: "/v1/topics" });
    const one = await plane.inject({ method: "GET", url: "/v1/topics/a" });
    const deleted = await plane.inject({ method: "DELETE", url: "/v1/topics/a" });
    const gone = await plane.inject({ method: "GET", url: "/v1/topics/a" });
    const absent = await plane.inject({ method: "DELETE", url: "/v1/topics/a" });
    const cluster = await plane.inject({ method: "GET", url: "/v1/cluster" });

    expect([put.statusCode, bare.statusCode, post.statusCode]).toEqual([201, 201, 201]);
    expect(put.headers["location"]).toBe("/v1/topics/a");
    expect(twice.statusCode).toBe(409);
    expect(absent.statusCode).toBe(404);
    expect(absent.json()).toMatchObject({ error: { retriable: false } });
    expect(list.json().topics.map(({ topic }: { topic: string }) => topic)).toEqual([
      "orders",
      "a",
      "b",
      "c",
    ]);
    expect(one.json()).toMatchObject({ topic: "a", partitions: [{}, {}, {}] });
    expect(deleted.json()).toMatchObject({ topic: "a" });
    expect(gone.statusCode).toBe(404);
    expect(cluster.json()).toMatchObject({ clusterId: "memory", topicCount: 3 });
  });
});

describe("what machines ask", () => {
  test("health follows the broker", async () => {
    const { api, plane } = await started();
    const status = async (url: string) => (await plane.inject({ method: "GET", url })).statusCode;

    expect([await status("/health/live"), await status("/health/ready")]).toEqual([200, 200]);
    api.healthNow = { live: true, ready: false, reasons: ["Not registered yet."] };
    expect([await status("/health/live"), await status("/health/ready")]).toEqual([200, 503]);
    api.healthNow = { live: false, ready: false, reasons: ["The disk is gone."] };
    const dead = await plane.inject({ method: "GET", url: "/health/live" });
    expect(dead.statusCode).toBe(503);
    expect(dead.json()).toEqual({ live: false, reasons: ["The disk is gone."] });
  });

  test("metrics count calls by route, not by path, and failures by name", async () => {
    const { plane } = await started();
    for (const topic of ["orders", "missing", "a%2fb"]) {
      await plane.inject({ method: "GET", url: `/v1/topics/${topic}` });
    }
    await plane.inject({ method: "GET", url: "/random/path" });

    const { body, headers } = await plane.inject({ method: "GET", url: "/metrics" });

    expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
    expect(body).toContain(
      'zoolog_http_calls_total{route="/v1/topics/:topic",method="GET",status="404"} 1',
    );
    expect(body).toContain('zoolog_http_failures_total{code="INVALID_TOPIC_EXCEPTION"} 1');
    expect(body).toContain('zoolog_http_calls_total{route="unknown",method="GET",status="404"} 1');
    expect(body).toMatch(
      /zoolog_http_call_duration_seconds_bucket\{route="\/v1\/topics\/:topic",le="0.0005"\} 3/,
    );
    expect(body).toContain("process_resident_memory_bytes");
    expect(body).not.toContain("missing");
  });

  test("the documentation has the methods of every path, as the router knows them", async () => {
    const { plane } = await started();

    const document = (await plane.inject({ method: "GET", url: "/docs/openapi.json" })).json();

    expect(document.openapi).toBe("3.1.0");
    for (const [path, methods] of Object.entries(document.paths as Record<string, object>)) {
      const url = path.replace("{topic}", "orders").replace("{partition}", "0");
      const { headers } = await plane.inject({ method: "OPTIONS", url });
      const allowed = String(headers["allow"]).toLowerCase().split(", ");
      const routed = allowed.filter((method) => method !== "head").sort();
      expect({ path, methods: routed }).toEqual({ path, methods: Object.keys(methods).sort() });
    }
  });

  test("the documentation is a page without scripts that loads nothing", async () => {
    const { plane } = await started();

    const page = await plane.inject({ method: "GET", url: "/docs" });

    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).not.toMatch(/<script|<link|src=/);
    for (const call of Object.keys(NATIVE_CALLS)) expect(page.body).toContain(`/v1/${call}<`);
    expect(page.body).toContain("/v1/topics/{topic}/records");
  });

  test("who opens the broker in a browser is shown the documentation, people's routes first", async () => {
    const { plane } = await started();

    const root = await plane.inject({ method: "GET", url: "/" });
    const page = await plane.inject({ method: "GET", url: String(root.headers.location) });

    expect(root.statusCode).toBe(302);
    const firsts = ["/v1/topics/{topic}/records<", "/v1/topics<", "/health/live<", "/v1/produce<"];
    const places = firsts.map((path) => page.body.indexOf(path));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places[0]).toBeGreaterThan(0);
  });

  test("HEAD works where GET is cheap", async () => {
    const { plane } = await started();

    const response = await plane.inject({ method: "HEAD", url: "/health/ready" });

    expect(response.statusCode).toBe(200);
    expect(response.body).toBe("");
  });
});

describe("the form of the answer", () => {
  test.each([
    [undefined, MSGPACK_TYPE, MSGPACK_TYPE],
    [undefined, JSON_TYPE, JSON_TYPE],
    ["*/*", MSGPACK_TYPE, MSGPACK_TYPE],
    [JSON_TYPE, MSGPACK_TYPE, JSON_TYPE],
    [MSGPACK_TYPE, JSON_TYPE, MSGPACK_TYPE],
    ["application/*", JSON_TYPE, JSON_TYPE],
    ["text/html, application/msgpack;q=0.5, application/json;q=0.4", JSON_TYPE, MSGPACK_TYPE],
    ["text/html,application/xhtml+xml,*/*;q=0.8", JSON_TYPE, JSON_TYPE],
  ])("accept %p with a body in %p is answered in %p", async (accept, type, expected) => {
    const { plane } = await started();
    const payload = type === JSON_TYPE ? "{}" : Buffer.from([0x80]);

    const response = await plane.inject({
      method: "POST",
      url: "/v1/describe-cluster",
      headers: { "content-type": type, ...(accept === undefined ? {} : { accept }) },
      payload,
    });

    expect(response.statusCode).toBe(200);
    expect(response.headers["content-type"]).toContain(expected);
  });

  test("a form that we do not have is refused before anything is done", async () => {
    const { plane } = await started();

    const response = await plane.inject({
      method: "PUT",
      url: "/v1/topics/never",
      headers: { accept: "text/html" },
    });
    const topics = await plane.inject({ method: "GET", url: "/v1/topics" });

    expect(response.statusCode).toBe(406);
    expect(response.json<ErrorBody>().error.code).toBe("NOT_ACCEPTABLE");
    expect(topics.body).not.toContain("never");
  });

  test("an error comes in the form of the call", async () => {
    const { plane } = await started();

    const { status, message } = await call(plane, "fetch", { topics: 5 });

    expect(status).toBe(400);
    expect(message).toEqual({
      error: {
        code: "INVALID_REQUEST",
        message: "topics must be a list",
        retriable: false,
        hint: expect.any(String),
      },
    });
  });
});

describe("failures inside the broker", () => {
  test("a named one keeps its name; another says nothing about our insides", async () => {
    const { api, plane } = await started();
    const failing = (error: unknown) => {
      api.describeCluster = () => Promise.reject(error);
      return plane.inject({ method: "GET", url: "/v1/cluster" });
    };

    const named = await failing(Object.assign(new Error("secret path /data"), { code: "EIO" }));

    expect(named.statusCode).toBe(500);
    expect(named.body).not.toContain("secret");
    expect(named.json<ErrorBody>().error.code).toBe("UNKNOWN_SERVER_ERROR");
  });
});
