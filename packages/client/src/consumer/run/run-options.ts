import { integerIn, oneOf, requireObject, requireTopicName, timeMs } from "../../arguments.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";

/** What a handler is told beside the record. */
export type HandlerContext = {
  /**
   * Aborted when the partition is given up or the consumer ends, which wait for what is being handled
   * for a while. Who stops early throws (`signal.throwIfAborted()`): the record is read again.
   */
  readonly signal: AbortSignal;
  /** 1 for the first. */
  readonly attempt: number;
};

/** A record is handled when what this returns resolves, also after `signal` has aborted. */
export type RecordHandler<K, V> = (
  record: ReaderRecord<K, V>,
  context: HandlerContext,
) => Promise<unknown> | unknown;

export type RunOptions = {
  /** Records that are handled at the same time; default 1. */
  readonly concurrency?: number;
  /**
   * Which records wait for each other: those of a partition (default), those with the same key, or
   * none. Records without a key wait for nobody with `"key"`.
   */
  readonly order?: "partition" | "key" | "none";
  /** How often a handler that fails is tried again before the record counts as poison. */
  readonly retry?: {
    /** Default 5. 0: never. */
    readonly times?: number;
    /** Wait before the first retry, ms; default 100. It doubles with each. */
    readonly backoffMs?: number;
    /** Default 10,000. */
    readonly backoffMaxMs?: number;
  };
  /**
   * A record that cannot be handled: `"fail"` (default) ends the run with it unhandled; `"skip"` goes
   * on behind it; a dead-letter topic, which must exist, takes it as it is, with the cause in its
   * headers.
   */
  readonly onPoison?: "fail" | "skip" | { readonly deadLetter: string };
  /** Ends the run, not the consumer: handlers that run are waited for. */
  readonly signal?: AbortSignal;
};

export type ResolvedRunOptions = {
  readonly concurrency: number;
  readonly order: "partition" | "key" | "none";
  readonly retries: number;
  readonly backoffMs: number;
  readonly backoffMaxMs: number;
  readonly onPoison: "fail" | "skip" | { readonly deadLetter: string };
  readonly signal: AbortSignal | undefined;
};

/** More handlers than this wait for the same event loop. */
const CONCURRENCY_MAX = 10_000;

/** @throws ZoologError `INVALID_OPTION`, `INVALID_TOPIC_EXCEPTION` */
export function resolveRunOptions(options: RunOptions): ResolvedRunOptions {
  requireObject("options", options);
  const { concurrency = 1, onPoison = "fail", order = "partition", retry = {}, signal } = options;
  const { backoffMaxMs = 10_000, backoffMs = 100, times = 5 } = retry;
  integerIn("concurrency", concurrency, 1, CONCURRENCY_MAX);
  integerIn("retry.times", times, 0, Number.MAX_SAFE_INTEGER);
  timeMs("retry.backoffMs", backoffMs, 0);
  timeMs("retry.backoffMaxMs", backoffMaxMs, 0);
  oneOf("order", order, ["partition", "key", "none"]);
  if (typeof onPoison === "object" && onPoison !== null) requireTopicName(onPoison.deadLetter);
  else oneOf("onPoison", onPoison, ["fail", "skip"]);
  return { concurrency, order, retries: times, backoffMs, backoffMaxMs, onPoison, signal };
}
