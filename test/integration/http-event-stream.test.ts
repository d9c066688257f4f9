import { setTimeout as delay } from "node:timers/promises";
import {
  follow,
  gauge,
  head,
  JSON_FORM,
  quiet,
  RECORDS,
  startedPlane,
  Wire,
} from "./plane-on-sockets.ts";

describe("an event stream", () => {
  test("brings what is there, then what comes, and a sign of life in between", async () => {
    const { port, produce } = await startedPlane({ heartbeatMs: 50 });
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
    const { port, produce } = await startedPlane();
    await produce("a", "b", "c");

    const wire = new Wire(port).send(follow("?offset=0", "Last-Event-ID: 1"));

    expect(await wire.until("id: 2")).not.toContain("id: 1");
  });

  test("begins at the end when asked to", async () => {
    const { port, produce } = await startedPlane({ heartbeatMs: 30 });
    await produce("old");

    const wire = new Wire(port).send(follow("?offset=latest"));
    await wire.until(": no news");
    await produce("new");

    expect(await wire.until("id: 1")).not.toContain("old");
  });

  test("fails with a status before its first event, and with an event after it", async () => {
    const { api, port, produce } = await startedPlane({ heartbeatMs: 30 });
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
    const { api, port, produce } = await startedPlane({ heartbeatMs: 20 });
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
    const { plane, port, produce } = await startedPlane({ heartbeatMs: 20 });
    const bytes = "x".repeat(40_000);
    for (let i = 0; i < 400; i++) await produce(bytes);

    const idle = Array.from({ length: 5 }, () => new Wire(port));
    for (const wire of idle) {
      wire.pause();
      wire.send(follow());
    }
    const inFlight = () => gauge(plane, "zoolog_in_flight_bytes");
    while ((await inFlight()) < 5 * bytes.length) await delay(5);
    const stalled: number[] = [];
    while (stalled.length < 20) {
      await delay(5);
      stalled.push(await inFlight());
    }
    for (const wire of idle) wire.hangUp();
    await quiet(plane);

    expect(Math.max(...stalled)).toBeLessThan(5 * 2 * 64 * 1024);
    expect(await gauge(plane, "zoolog_in_flight_bytes")).toBe(0);
  });

  test("turned away for want of memory, ends with an error that says to come again", async () => {
    const { port, produce } = await startedPlane({ heartbeatMs: 20, inFlightBytesMax: 100_000 });
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

  test("ends with its connection, also where its response waits behind another", async () => {
    const { port, plane } = await startedPlane();
    const body = JSON.stringify({
      maxWaitMs: 30_000,
      topics: [{ topic: "orders", partitions: [{ partition: 0, fetchOffset: 0 }] }],
    });
    const fetchCall = head("POST /v1/fetch HTTP/1.1", JSON_FORM, `Content-Length: ${body.length}`);
    const wire = new Wire(port).send(fetchCall + body + follow().repeat(5));
    while ((await gauge(plane, "zoolog_http_event_streams")) < 5) await delay(5);

    wire.hangUp();
    await quiet(plane);

    expect(await gauge(plane, "zoolog_http_event_streams")).toBe(0);
  });

  test("ends with its reader, and leaves nothing behind", async () => {
    const { port, plane } = await startedPlane({ streamsMax: 1 });
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
