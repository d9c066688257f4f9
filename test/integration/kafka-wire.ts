import { connect, type Socket } from "node:net";
import type { KafkaApi } from "@zoolog/protocol";
import { encodeRequest, KAFKA_MESSAGES, readResponse } from "@zoolog/protocol/kafka";

const LENGTH_BYTES = 4;

/** A socket that speaks Kafka's protocol as far as a test wants it to. */
export class KafkaWire {
  readonly #socket: Socket;
  /** The broker has closed it. */
  readonly closed: Promise<void>;
  #received = Buffer.alloc(0);
  #onData: () => void = () => {};
  #isClosed = false;

  constructor(port: number) {
    this.#socket = connect(port, "127.0.0.1");
    this.#socket.on("data", (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk]);
      this.#onData();
    });
    // A reset is an end like others.
    this.#socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      this.#socket.once("close", () => {
        this.#isClosed = true;
        this.#onData();
        resolve();
      });
    });
  }

  get connected(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#socket.readyState === "open") resolve();
      else this.#socket.once("connect", () => resolve());
    });
  }

  send(bytes: Uint8Array): void {
    this.#socket.write(bytes);
  }

  stopReading(): void {
    this.#socket.pause();
  }

  startReading(): void {
    this.#socket.resume();
  }

  /** The next answer, without its length; `undefined` when there will be none. */
  async frame(): Promise<Buffer | undefined> {
    for (;;) {
      const length =
        this.#received.length < LENGTH_BYTES ? undefined : this.#received.readInt32BE();
      if (length !== undefined && this.#received.length >= LENGTH_BYTES + length) {
        const frame = this.#received.subarray(LENGTH_BYTES, LENGTH_BYTES + length);
        this.#received = this.#received.subarray(LENGTH_BYTES + length);
        return frame;
      }
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#onData = resolve;
      });
    }
  }

  async ask<Api extends KafkaApi>(api: Api, version: number, request: object = {}) {
    this.send(kafkaRequest(api, { version, correlationId: 1 }, request));
    const frame = await this.frame();
    if (frame === undefined) throw new Error("the broker closed the connection");
    return readResponse(KAFKA_MESSAGES[api], version, frame).response;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** A whole frame. */
export function kafkaRequest<Api extends KafkaApi>(
  api: Api,
  header: { readonly version: number; readonly correlationId: number },
  request: object = {},
): Buffer {
  const sent = {
    apiVersion: header.version,
    correlationId: header.correlationId,
    clientId: "wire",
  };
  return Buffer.concat(encodeRequest(KAFKA_MESSAGES[api], sent, request as never));
}
