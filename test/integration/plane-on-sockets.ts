import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { type Logger, silentLogger } from "@zoolog/base";
import { createBrokerMetrics } from "@zoolog/broker";
import { HttpPlane, type HttpPlaneOptions } from "@zoolog/broker/http";
import { systemClock, systemScheduler } from "@zoolog/host";
import { encodeRecordBatch } from "@zoolog/protocol";
import { MemoryBroker } from "@zoolog/testkit";

/** The plane on real sockets: what only bytes on a wire can show. */

const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

type Limits = NonNullable<HttpPlaneOptions["limits"]>;

export async function startedPlane(limits: Limits = {}, logger: Logger = silentLogger) {
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
  const [address] = await plane.listen();
  const { port } = address!;
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
export class Wire {
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

export const JSON_FORM = "Content-Type: application/json";

export const head = (line: string, ...headers: string[]): string =>
  `${[line, "Host: 127.0.0.1", ...headers].join("\r\n")}\r\n\r\n`;

export async function gauge(plane: HttpPlane, name: string): Promise<number> {
  const { body } = await plane.inject({ method: "GET", url: "/metrics" });
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(body)?.[1]);
}

/** Until a call beside the scrape itself is in flight. */
export async function busy(plane: HttpPlane): Promise<void> {
  while ((await gauge(plane, "zoolog_http_calls_in_flight")) < 2) await delay(5);
}

export async function quiet(plane: HttpPlane): Promise<void> {
  while ((await gauge(plane, "zoolog_http_calls_in_flight")) > 1) await delay(5);
}

export const RECORDS = "/v1/topics/orders/partitions/0/records";
export const follow = (query = "", ...headers: string[]): string =>
  head(`GET ${RECORDS}${query} HTTP/1.1`, "Accept: text/event-stream", ...headers);
