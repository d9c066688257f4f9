import { FETCH_BYTES_MAX, MAX_WAIT_MS_MAX } from "@zoolog/protocol";
import {
  numberIn,
  oneOf,
  requireList,
  requireObject,
  requireText,
  requireWholeNumber,
  timeMs,
} from "../arguments.ts";
import { invalidOption } from "../errors.ts";
import { type OffsetPoint, type OffsetRange, parseOffsets } from "../offsets.ts";

/** Where to begin: a name, an offset, a time, or an offset per partition. */
export type ReadFrom = "start" | "end" | number | Date | Readonly<Record<number, number>>;

export type ReadOptions = {
  /** In the grammar of `parseOffsets`: `"start"`, `"-100"`, `"@-1h"`, `"5:9"`. Not with `from`. */
  readonly offsets?: string | OffsetRange;
  /** Default: `"start"`. Partitions that a record of offsets leaves out begin at the start. */
  readonly from?: ReadFrom;
  /** Default: all. */
  readonly partitions?: readonly number[];
  /**
   * False (default): end where the log ended when reading began. True: wait for new records for
   * ever, or up to the end of the range that `offsets` names.
   */
  readonly follow?: boolean;
  /**
   * Memory for records that were fetched and not yet handed out, bytes; default 16 MiB. A batch that is
   * larger is fetched all the same, alone: with little memory, one small fetch after the other.
   */
  readonly prefetchBytes?: number;
  /** A broker waits so long for new records before it answers with none, ms; default 500. */
  readonly maxWaitMs?: number;
  /** Verify the CRC-32C of each batch; default true. */
  readonly checkCrcs?: boolean;
  /**
   * When the position is not (or no longer) in the log; default `"fail"`. A topic that was made anew
   * meanwhile is read from its start, with `"end"` as well: all of it was written since.
   */
  readonly onOffsetOutOfRange?: "fail" | "start" | "end";
  /**
   * Where this process is (brokers: `broker.rack`). Records come from a replica in that rack, where one
   * is in sync; without it, and whenever that replica refuses, from the leader (KIP-392).
   */
  readonly rack?: string;
  /** How long a partition may fail without any success before the reader does, ms; default 2 min. */
  readonly retryTimeoutMs?: number;
  /** Ends reading: the iteration rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

export type ResolvedReadOptions = {
  readonly from: (partition: number) => OffsetPoint;
  readonly to: OffsetPoint | undefined;
  readonly partitions: readonly number[] | undefined;
  readonly follow: boolean;
  readonly prefetchBytes: number;
  readonly maxWaitMs: number;
  readonly checkCrcs: boolean;
  readonly onOffsetOutOfRange: "fail" | "start" | "end";
  readonly rack: string | undefined;
  readonly retryTimeoutMs: number;
  readonly signal: AbortSignal | undefined;
};

const MIB = 1024 * 1024;
const START: OffsetPoint = { at: "start" };

/** @throws ZoologError `INVALID_OPTION`, `INVALID_OFFSETS` */
export function resolveReadOptions(options: ReadOptions): ResolvedReadOptions {
  requireObject("options", options);
  const { from, offsets, partitions } = options;
  if (from !== undefined && offsets !== undefined) {
    throw invalidOption("from", "cannot be combined with offsets");
  }
  const isRange = typeof offsets === "object" && offsets !== null;
  const range = offsets === undefined || isRange ? offsets : parseOffsets(offsets);
  if (partitions !== undefined) {
    requireList("partitions", partitions);
    for (const partition of partitions) requireWholeNumber("partitions", partition);
  }
  return {
    from: range === undefined ? pointsFrom(from ?? "start") : () => range.from,
    to: range?.to,
    partitions,
    follow: options.follow ?? false,
    prefetchBytes: numberIn("prefetchBytes", options.prefetchBytes ?? 16 * MIB, 1, 1024 * MIB),
    maxWaitMs: numberIn("maxWaitMs", options.maxWaitMs ?? 500, 0, MAX_WAIT_MS_MAX),
    checkCrcs: options.checkCrcs ?? true,
    onOffsetOutOfRange: outOfRangeChoice(options.onOffsetOutOfRange ?? "fail"),
    rack: resolveRack(options.rack),
    retryTimeoutMs: timeMs("retryTimeoutMs", options.retryTimeoutMs ?? 120_000, 0),
    signal: options.signal,
  };
}

export function pointOf(from: "start" | "end" | number | Date): OffsetPoint {
  if (from === "start" || from === "end") return { at: from };
  if (from instanceof Date) return { at: "time", timestamp: from.getTime() };
  if (typeof from === "number" && Number.isSafeInteger(from) && from >= 0) {
    return { at: "offset", offset: from };
  }
  throw invalidOption("from", `must be "start", "end", an offset or a Date, not ${String(from)}`);
}

/** @throws ZoologError `INVALID_OPTION` */
export function outOfRangeChoice(choice: "fail" | "start" | "end"): "fail" | "start" | "end" {
  return oneOf("onOffsetOutOfRange", choice, ["fail", "start", "end"]);
}

const RACK_LENGTH_MAX = 255;

/** @throws ZoologError `INVALID_OPTION` */
export function resolveRack(rack: string | undefined): string | undefined {
  if (rack !== undefined) requireText("rack", rack, RACK_LENGTH_MAX);
  return rack;
}

function pointsFrom(from: ReadFrom): (partition: number) => OffsetPoint {
  if (typeof from === "object" && from !== null && !(from instanceof Date)) {
    const points = new Map(
      Object.entries(from).map(([partition, offset]) => [Number(partition), pointOf(offset)]),
    );
    return (partition) => points.get(partition) ?? START;
  }
  const point = pointOf(from);
  return () => point;
}

/** What one fetch asks for: enough to keep both sides busy, little enough to come soon. */
export const FETCH_BYTES = Math.min(4 * MIB, FETCH_BYTES_MAX);
