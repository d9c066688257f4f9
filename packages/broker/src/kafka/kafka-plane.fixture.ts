import { type LogFields, type Logger, silentLogger } from "@zoolog/base";
import type { KafkaApi } from "@zoolog/protocol";
import { encodeRequest, KAFKA_MESSAGES, readResponse } from "@zoolog/protocol/kafka";
import { ManualTime, MemoryBroker, type MemoryConnection, MemoryNetwork } from "@zoolog/testkit";
import type { ListenerAddress } from "../broker-address.ts";
import { createBrokerMetrics } from "../metrics.ts";
import { ByteBudget } from "../planes/byte-budget.ts";
import { largeRequestBudget } from "../planes/large-requests.ts";
import { kafkaHandlers } from "./handlers/kafka-handlers.ts";
import { DEFAULT_KAFKA_LIMITS, type KafkaLimits } from "./kafka-limits.ts";
import { KafkaPlane } from "./kafka-plane.ts";
import type { KafkaHandlers } from "./request-dispatch.ts";

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

type Setup = {
  readonly limits?: Partial<KafkaLimits>;
  /** Instead of those of the broker. */
  readonly handlers?: KafkaHandlers;
  readonly budgetBytes?: number;
};

/** A plane over a broker in memory and a network without sockets. */
export async function startedPlane(setup: Setup = {}) {
  const api = new MemoryBroker();
  api.listeners.set("KAFKA", { host: "b1.example", port: 9092 });
  const time = new ManualTime();
  const network = new MemoryNetwork();
  const metrics = createBrokerMetrics();
  const lines: { readonly event: string; readonly fields: LogFields | undefined }[] = [];
  const note = (event: string, fields?: LogFields) => void lines.push({ event, fields });
  const logger: Logger = { ...silentLogger, warn: note, error: note };
  const clients = new ByteBudget({ bytesMax: setup.budgetBytes ?? 1024 * 1024 });
  const largeRequests = largeRequestBudget({
    requestBytesMax: setup.limits?.requestBytesMax ?? DEFAULT_KAFKA_LIMITS.requestBytesMax,
    inFlightBytesMax: clients.bytesMax,
  });
  const newPlane = (listeners: readonly ListenerAddress[]) =>
    new KafkaPlane(
      { listeners, limits: setup.limits ?? {} },
      {
        handlers: setup.handlers ?? kafkaHandlers({ api }),
        budgets: { clients, largeRequests, brokers: clients },
        network,
        metrics,
        logger,
        clock: time.clock,
        scheduler: { ...time.scheduler, soon: setImmediate },
      },
    );
  const plane = newPlane([{ listener: "KAFKA", host: "127.0.0.1", port: 9092 }]);
  await plane.listen();
  return { api, plane, newPlane, network, time, metrics, budget: clients, lines };
}

/** The broker's administrative calls, for tests that answer in its place: as loose as what they say. */
export function scriptedAdmin(api: MemoryBroker) {
  return api.admin as unknown as Record<string, (request: never) => Promise<unknown>>;
}

/** A request as a client sends it. */
export function framed<Api extends KafkaApi>(
  api: Api,
  header: { readonly version: number; readonly correlationId?: number; readonly clientId?: string },
  request: object = {},
): Buffer {
  const { version: apiVersion, correlationId = 1, clientId = "test" } = header;
  const message = KAFKA_MESSAGES[api];
  const sent = { apiVersion, correlationId, clientId };
  return Buffer.concat(encodeRequest(message, sent, request as never));
}

/** The frames that the client has received, each without its length. */
export function receivedBy(connection: MemoryConnection): Buffer[] {
  const frames: Buffer[] = [];
  let rest = Buffer.concat(connection.received);
  while (rest.length >= 4) {
    const length = rest.readInt32BE(0);
    frames.push(rest.subarray(4, 4 + length));
    rest = rest.subarray(4 + length);
  }
  return frames;
}

/** One request, and its answer. */
export async function ask<Api extends KafkaApi>(
  connection: MemoryConnection,
  api: Api,
  version: number,
  request: object = {},
) {
  const before = connection.received.length;
  connection.send(framed(api, { version }, request));
  for (let turns = 0; connection.received.length === before && turns < 100; turns++) await turn();
  const frame = receivedBy(connection).at(-1);
  if (frame === undefined) throw new Error("there is no answer");
  return readResponse(KAFKA_MESSAGES[api], version, frame).response;
}
