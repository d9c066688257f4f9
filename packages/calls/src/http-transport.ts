import type { Readable } from "node:stream";
import { errorCode, type Scheduler, type Timer } from "@zoolog/base";
import type { Dispatcher, Pool } from "undici";
import {
  connectionFailed,
  connectionRefused,
  invalidResponse,
  requestTimedOut,
  transportClosed,
} from "./errors.ts";
import type { Transport, TransportRequest, TransportResponse } from "./transport.ts";

export type HttpTransportOptions = {
  /** Whose connections these are, for errors: `client`, `broker`. */
  readonly owner: string;
  /** Whose calls these are: in the broker's logs and, for members of groups, to operators. */
  readonly clientId: string;
  /** How long a TCP connection may take to come about, ms. */
  readonly connectTimeoutMs: number;
};

/**
 * Connections to one broker. A long poll occupies one, so this bounds how many readers of one
 * client wait at one broker; more requests than this queue in the pool until their timeout.
 */
const CONNECTIONS_PER_BROKER_MAX = 128;
/** Idle connections are dropped after this, or earlier when the broker says so in its answers. */
const KEEP_ALIVE_MS = 30_000;
/** An answer beyond this is refused: fetches ask for at most 50 MiB plus one large batch. */
const RESPONSE_BYTES_MAX = 256 * 1024 * 1024;
/** Never reserve more for an announced length than this before bytes arrive. */
const RESERVED_BYTES_MAX = 64 * 1024 * 1024;

/**
 * Loaded by the first call: a broker that has nobody to call is there a tenth sooner, and a command
 * that calls nobody in half the time.
 */
let loading: Promise<typeof import("undici")> | undefined;

/** HTTP/1.1 over pooled keep-alive connections. */
export class HttpTransport implements Transport {
  readonly #options: HttpTransportOptions;
  readonly #scheduler: Scheduler;
  readonly #pools = new Map<string, Pool>();
  #closed = false;

  constructor(options: HttpTransportOptions, dependencies: { readonly scheduler: Scheduler }) {
    this.#options = options;
    this.#scheduler = dependencies.scheduler;
  }

  async post(request: TransportRequest): Promise<TransportResponse> {
    const { endpoint, signal } = request;
    loading ??= import("undici");
    const undici = await loading;
    if (this.#closed) throw transportClosed(this.#options.owner);
    if (signal?.aborted === true) throw signal.reason;
    const pool = this.#pool(endpoint, undici);
    return await new Promise((resolve, reject) => {
      const bytes = byteLength(request.body);
      const exchange = new Exchange(request, this.#scheduler, resolve, reject);
      pool.dispatch(
        {
          path: request.path,
          method: "POST",
          headers: {
            ...request.headers,
            "content-type": request.contentType,
            "content-length": String(bytes),
            accept: request.contentType,
            "user-agent": this.#options.clientId,
            "zoolog-client-id": this.#options.clientId,
          },
          body: bodyOf(request.body, bytes),
        },
        exchange,
      );
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map((pool) => pool.destroy(transportClosed(this.#options.owner))));
  }

  #pool(endpoint: string, { Pool }: typeof import("undici")): Pool {
    let pool = this.#pools.get(endpoint);
    if (pool === undefined) {
      pool = new Pool(endpoint, {
        connections: CONNECTIONS_PER_BROKER_MAX,
        pipelining: 1,
        keepAliveTimeout: KEEP_ALIVE_MS,
        connect: { timeout: this.#options.connectTimeoutMs },
        // One timer per request, ours, covers headers and body alike.
        headersTimeout: 0,
        bodyTimeout: 0,
      });
      this.#pools.set(endpoint, pool);
    }
    return pool;
  }
}

function byteLength(chunks: readonly Uint8Array[]): number {
  return chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0);
}

/** Below this, one write of a joined copy costs less than a write for each chunk. */
const JOINED_BYTES_MAX = 64 * 1024;

/** undici writes any iterable of buffers without joining them, whatever its types say. */
function bodyOf(chunks: readonly Uint8Array[], bytes: number): Buffer | Readable {
  if (bytes <= JOINED_BYTES_MAX) return Buffer.concat(chunks);
  return chunks as unknown as Readable;
}

/** One request under way: settles its promise once, whatever comes first. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #request: TransportRequest;
  readonly #resolve: (response: TransportResponse) => void;
  readonly #reject: (reason: unknown) => void;
  readonly #timer: Timer;
  readonly #beginning: Timer | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #settled = false;
  #status = 0;
  #contentType = "";
  #body: Buffer = Buffer.alloc(0);
  #length = 0;

  constructor(
    request: TransportRequest,
    scheduler: Scheduler,
    resolve: (response: TransportResponse) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#request = request;
    this.#resolve = resolve;
    this.#reject = reject;
    const { endpoint, path, timeoutMs, answerBeginsMs } = request;
    const failAfter = (ms: number): Timer =>
      scheduler.after(ms, () => this.#fail(requestTimedOut(endpoint, path, ms)));
    this.#timer = failAfter(timeoutMs);
    this.#beginning = answerBeginsMs === undefined ? undefined : failAfter(answerBeginsMs);
    request.signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // The request was given up while it waited for a connection.
    if (this.#settled) controller.abort(new Error("given up"));
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#beginning?.cancel();
    this.#status = status;
    this.#contentType = String(headers["content-type"] ?? "");
    const announced = Number(headers["content-length"] ?? 0);
    if (announced > RESPONSE_BYTES_MAX) this.#refuse(`it announces ${announced} bytes`);
    else if (announced > 0)
      this.#body = Buffer.allocUnsafe(Math.min(announced, RESERVED_BYTES_MAX));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    const length = this.#length + chunk.length;
    if (length > RESPONSE_BYTES_MAX) {
      this.#refuse(`it is longer than ${RESPONSE_BYTES_MAX} bytes`);
      return;
    }
    if (length > this.#body.length) this.#grow(length);
    chunk.copy(this.#body, this.#length);
    this.#length = length;
  }

  onResponseEnd(): void {
    if (!this.#settle()) return;
    const body = this.#body.subarray(0, this.#length);
    this.#resolve({ status: this.#status, contentType: this.#contentType, body });
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (!this.#settle()) return;
    this.#reject(failureOf(this.#request.endpoint, error));
  }

  #grow(lengthMin: number): void {
    const grown = Buffer.allocUnsafe(Math.max(lengthMin, this.#body.length * 2));
    this.#body.copy(grown, 0, 0, this.#length);
    this.#body = grown;
  }

  readonly #onAbort = (): void => this.#fail(this.#request.signal?.reason);

  #refuse(why: string): void {
    this.#fail(invalidResponse(this.#request.endpoint, this.#request.path, why));
  }

  #fail(reason: unknown): void {
    if (!this.#settle()) return;
    this.#controller?.abort(new Error("given up"));
    this.#reject(reason);
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#timer.cancel();
    this.#beginning?.cancel();
    this.#request.signal?.removeEventListener("abort", this.#onAbort);
    return true;
  }
}

/** Failures before a connection stood: the broker cannot have seen the request. */
const NEVER_CONNECTED = new Set([
  "ECONNREFUSED",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "UND_ERR_CONNECT_TIMEOUT",
]);

function failureOf(endpoint: string, error: Error): unknown {
  const code = errorCode(error);
  if (code === "CLOSED") return error;
  return NEVER_CONNECTED.has(code ?? "")
    ? connectionRefused(endpoint, error)
    : connectionFailed(endpoint, error);
}
