import { silentLogger } from "@zoolog/base";
import { decodeMessage, encodeMessage, encodeRecordBatch } from "@zoolog/protocol";
import { ManualTime, MemoryBroker } from "@zoolog/testkit";
import { createBrokerMetrics } from "../metrics.ts";
import type { HttpLimits } from "./http-limits.ts";
import { HttpPlane } from "./http-plane.ts";

export const JSON_TYPE = "application/json";
export const MSGPACK_TYPE = "application/msgpack";

export type Setup = { readonly limits?: Partial<HttpLimits>; readonly host?: string };

export async function started(setup: Setup = {}) {
  const api = new MemoryBroker();
  const time = new ManualTime();
  const metrics = createBrokerMetrics();
  // Turns of the event loop are real; only waiting stands still.
  const scheduler = { ...time.scheduler, soon: setImmediate };
  const plane = new HttpPlane(
    { host: setup.host ?? "127.0.0.1", port: 0, ...(setup.limits && { limits: setup.limits }) },
    { api, metrics, logger: silentLogger, clock: time.clock, scheduler },
  );
  await api.createTopics({
    timeoutMs: 0,
    validateOnly: false,
    topics: [{ topic: "orders", numPartitions: 2 }],
  });
  return { api, plane, metrics, time };
}

export type Plane = Awaited<ReturnType<typeof started>>["plane"];

export async function call(plane: Plane, name: string, message: unknown) {
  const response = await plane.inject({
    method: "POST",
    url: `/v1/${name}`,
    headers: { "content-type": MSGPACK_TYPE },
    payload: Buffer.from(encodeMessage(message)),
  });
  return {
    status: response.statusCode,
    message: decodeMessage(response.rawPayload).value as never,
  };
}

export async function callJson(plane: Plane, name: string, message: unknown) {
  const response = await plane.inject({
    method: "POST",
    url: `/v1/${name}`,
    payload: message as object,
  });
  return { status: response.statusCode, message: response.json() as never };
}

export const batch = (...values: string[]): Buffer =>
  encodeRecordBatch(values.map((value) => ({ timestamp: 1_000, value })));

export const oneProduced = (records: unknown): unknown => ({
  requiredAcks: "leader",
  topics: [{ topic: "orders", partitions: [{ partition: 0, records }] }],
});

export const oneFetched = (fetchOffset: number, more: object = {}): unknown => ({
  maxWaitMs: 0,
  topics: [{ topic: "orders", partitions: [{ partition: 0, fetchOffset }] }],
  ...more,
});

export function partitionOf<T = { readonly error?: { readonly code: string } }>(
  message: unknown,
): T {
  return (message as { topics: [{ partitions: [T] }] }).topics[0].partitions[0];
}
