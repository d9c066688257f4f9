import {
  type AbortSignalLike,
  brokerEpoch,
  brokerId,
  leaderEpoch,
  offset,
  silentLogger,
  type TopicId,
} from "@zoolog/base";
import { decodeMessage, encodeMessage, PEER_CALLS } from "@zoolog/protocol";
import { ManualTime, MemoryBroker } from "@zoolog/testkit";
import { createBrokerMetrics } from "../metrics.ts";
import type { PeerApi } from "../peer-api.ts";
import type { BrokerPrincipal } from "../principal.ts";
import type { HttpLimits } from "./http-limits.ts";
import { HttpPlane } from "./http-plane.ts";
import { peerApiWith } from "./peer-api.fixture.ts";

const TOPIC_ID = "abcdefghijklmnopqrstuv" as TopicId;
const BROKER: BrokerPrincipal = {
  kind: "broker",
  brokerId: brokerId(1),
  brokerEpoch: brokerEpoch(7),
};
const MSGPACK = "application/msgpack";

function planeOver(components: Partial<PeerApi>, limits: Partial<HttpLimits> = {}) {
  const { clock, scheduler } = new ManualTime();
  const plane = new HttpPlane(
    { host: "127.0.0.1", port: 0, limits },
    {
      api: new MemoryBroker(),
      peers: {
        api: peerApiWith(components),
        brokerOf: (credential) => (credential === "good" ? BROKER : undefined),
      },
      metrics: createBrokerMetrics(),
      logger: silentLogger,
      clock,
      scheduler,
    },
  );
  const call = async (name: string, message: unknown, headers: Record<string, string> = {}) => {
    const response = await plane.inject({
      method: "POST",
      url: `/v1/${name}`,
      headers: { "content-type": MSGPACK, "zoolog-broker": "good", ...headers },
      payload: Buffer.from(encodeMessage(message)),
    });
    return {
      status: response.statusCode,
      message: decodeMessage(response.rawPayload).value as never,
      headers: response.headers,
    };
  };
  return { plane, call };
}

const asked = (maxWaitMs: number) => ({
  maxWaitMs,
  session: { id: 0, epoch: 0 },
  topics: [
    {
      topicId: TOPIC_ID,
      partitions: [{ partition: 0, currentLeaderEpoch: 0, fetchOffset: 0, logStartOffset: 0 }],
    },
  ],
  forgotten: [],
});

test("a component is told who calls, and its records come in one piece", async () => {
  const records = [Buffer.from("abc"), Buffer.alloc(5_000, "d")];
  const callers: unknown[] = [];
  const { call } = planeOver({
    replicate: async (_request, { principal }, memory) => {
      callers.push(principal);
      await memory.reserve({ bytesMin: 1, bytesMax: 10_000 });
      const partitions = [
        { partition: 0, highWatermark: offset(0), logStartOffset: offset(0), records },
      ];
      return { session: { id: 3, epoch: 1 }, topics: [{ topicId: TOPIC_ID, partitions }] };
    },
  });

  const { status, message } = await call("replicate", asked(0));

  expect(status).toBe(200);
  expect(callers).toEqual([BROKER]);
  expect(message).toEqual({
    session: { id: 3, epoch: 1 },
    topics: [
      {
        topicId: TOPIC_ID,
        partitions: [
          { partition: 0, highWatermark: 0, logStartOffset: 0, records: Buffer.concat(records) },
        ],
      },
    ],
  });
});

test("a closing plane lets no long poll wait on", async () => {
  const hungUp = async ({ signal }: { readonly signal: AbortSignalLike }): Promise<void> => {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  };
  const { plane, call } = planeOver({
    clusterImage: async (_request, context) => {
      await hungUp(context);
      return {};
    },
    replicate: async (_request, context) => {
      await hungUp(context);
      return { session: { id: 0, epoch: 0 }, topics: [] };
    },
  });
  const image = call("cluster-image", { maxWaitMs: 30_000 });
  const replicated = call("replicate", asked(30_000));
  await new Promise((resolve) => setImmediate(resolve));

  await plane.close();

  expect((await image).status).toBe(200);
  expect((await replicated).status).toBe(200);
});

test("what no component serves yet is said to be of another version", async () => {
  const { call } = planeOver({});

  const { status, message } = await call("controlled-shutdown", {});

  expect(status).toBe(400);
  expect(message).toMatchObject({ error: { code: "UNSUPPORTED_VERSION" } });
});

test.each(Object.keys(PEER_CALLS))("%s is refused unread to whoever is no broker", async (name) => {
  const { call } = planeOver({});
  const body = "x".repeat(1_000);

  const forged = await call(name, body, { "zoolog-broker": "bad" });

  expect(forged.status).toBe(403);
  expect(forged.message).toMatchObject({ error: { code: "CLUSTER_AUTHORIZATION_FAILED" } });
  expect(forged.headers.connection).toBe("close");
});

test("a forged credential is refused on a client's call, too", async () => {
  const { call } = planeOver({});

  const { status } = await call("metadata", {}, { "zoolog-broker": "bad" });

  expect(status).toBe(403);
});

test("brokers speak msgpack only", async () => {
  const { call } = planeOver({});

  expect((await call("replicate", {}, { "content-type": "application/json" })).status).toBe(415);
});

test("clients that fill the plane keep no broker out", async () => {
  const { call } = planeOver(
    { clusterImage: async () => ({}) },
    { inFlightCallsMax: 0, inFlightBytesMax: 0 },
  );

  expect((await call("cluster-image", { maxWaitMs: 0 })).status).toBe(200);
  expect((await call("metadata", {})).status).toBe(200);
});

test("a message of brokers may hold more values than a stranger's", async () => {
  const partitions = Array.from({ length: 50_000 }, (_, partition) => ({
    partition,
    currentLeaderEpoch: leaderEpoch(0),
    fetchOffset: 0,
    logStartOffset: 0,
  }));
  const seen: number[] = [];
  const { call } = planeOver({
    replicate: async ({ topics }) => {
      seen.push(topics[0]?.partitions.length ?? 0);
      return { session: { id: 0, epoch: 0 }, topics: [] };
    },
  });

  const { status } = await call("replicate", {
    ...asked(0),
    topics: [{ topicId: TOPIC_ID, partitions }],
  });

  expect([status, seen]).toEqual([200, [50_000]]);
});
