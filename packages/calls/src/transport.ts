import type { AbortSignalLike } from "@zoolog/base";

/** One POST to one broker. */
export type TransportRequest = {
  /** Base URL of the broker: `http://host:port`. */
  readonly endpoint: string;
  /** `/v1/produce`. */
  readonly path: string;
  readonly contentType: string;
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Written one behind the other; they may be used again once the promise has settled. */
  readonly body: readonly Uint8Array[];
  readonly timeoutMs: number;
  /**
   * Until the first byte of the answer; without it, `timeoutMs`. A peer that is gone without a word is
   * found out long before a large answer over a slow network would have had its time.
   */
  readonly answerBeginsMs?: number | undefined;
  readonly signal?: AbortSignalLike | undefined;
};

export type TransportResponse = {
  readonly status: number;
  readonly contentType: string;
  /** Owned by the receiver; decoded batches may be views over it. */
  readonly body: Buffer;
};

/**
 * How bytes reach brokers and answers come back: undici in a process, simulated brokers in tests.
 *
 * `post` rejects with `CONNECTION_REFUSED` when the request cannot have reached the broker,
 * `NETWORK_EXCEPTION` or `REQUEST_TIMED_OUT` when it may have, and the signal's reason on abort.
 */
export interface Transport {
  post(request: TransportRequest): Promise<TransportResponse>;
  /** Breaks what is under way off. Idempotent. */
  close(): Promise<void>;
}
