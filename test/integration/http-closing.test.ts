import { setTimeout as delay } from "node:timers/promises";
import { type LogFields, silentLogger } from "@zoolog/base";
import type { BrokerApi } from "@zoolog/broker";
import {
  busy,
  follow,
  gauge,
  head,
  JSON_FORM,
  RECORDS,
  startedPlane,
  Wire,
} from "./plane-on-sockets.ts";

describe("closing", () => {
  const waitingFetch = JSON.stringify({
    maxWaitMs: 30_000,
    topics: [{ topic: "orders", partitions: [{ partition: 0, fetchOffset: 0 }] }],
  });

  test("answers waiting fetches, ends streams, and finishes what is in flight", async () => {
    const { api, plane, port } = await startedPlane();
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
    const { api, plane, port } = await startedPlane({ closeTimeoutMs: 50 }, logger);
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

  test("does not wait for who reads nothing of an answer, and says so", async () => {
    const events: [string, LogFields | undefined][] = [];
    const warn = (event: string, fields?: LogFields) => void events.push([event, fields]);
    const { plane, port, produce } = await startedPlane(
      { closeTimeoutMs: 5_000, closingUnreadTimeoutMs: 200 },
      { ...silentLogger, warn },
    );
    await produce("x".repeat(900_000));
    const silent = new Wire(port);
    silent.pause();
    for (let asked = 0; asked < 20; asked++) silent.send(head(`GET ${RECORDS} HTTP/1.1`));
    await busy(plane);

    await plane.close();

    expect(events).toMatchObject([
      ["connection closed", { error: expect.stringContaining("taken for 0.2 s") }],
    ]);
  });

  test("is one thing, however often it is asked for", async () => {
    const { plane } = await startedPlane();

    await Promise.all([plane.close(), plane.close()]);
    await plane.close();
  });
});
