/**
 * What becomes of a group's offsets, as a plan that people read before anything is written: for each
 * partition the offset as it is, as it shall be, and the records in between.
 */
import type { Bounds } from "../../input/offset-point.ts";

/** One partition of a plan. `before` is missing where the group has committed nothing yet. */
export type OffsetMove = {
  readonly topic: string;
  readonly partition: number;
  readonly before?: number;
  readonly after: number;
  /** Records: above 0 they are skipped, below 0 they are read again. */
  readonly difference?: number;
  readonly lagBefore?: number;
  readonly lagAfter: number;
  /** Where `after` was asked for, when the partition has no such offset. */
  readonly asked?: number;
};

/** What is to happen to each partition. */
export type WantedOffset =
  /** An offset, which may lie outside the partition. */
  | { readonly to: "offset"; readonly offset: number }
  /** From where the group is; where it is nowhere, from the start. */
  | { readonly to: "shift"; readonly by: number };

/** Offsets that the partition does not have become its nearest end, as with Kafka's tool. */
export function offsetMove(
  where: { readonly topic: string; readonly partition: number },
  before: number | undefined,
  wanted: WantedOffset,
  { end, start }: Bounds,
): OffsetMove {
  const asked = wanted.to === "offset" ? wanted.offset : (before ?? start) + wanted.by;
  const after = Math.max(start, Math.min(asked, end));
  return {
    topic: where.topic,
    partition: where.partition,
    ...(before === undefined ? {} : { before, lagBefore: Math.max(0, end - before) }),
    after,
    ...(before === undefined ? {} : { difference: after - before }),
    lagAfter: end - after,
    ...(after === asked ? {} : { asked }),
  };
}

export type MovesSummary = {
  readonly partitions: number;
  readonly skipped: number;
  readonly readAgain: number;
  readonly lagAfter: number;
};

export function summaryOf(moves: readonly OffsetMove[]): MovesSummary {
  let skipped = 0;
  let readAgain = 0;
  let lagAfter = 0;
  for (const move of moves) {
    const difference = move.difference ?? 0;
    if (difference > 0) skipped += difference;
    else readAgain -= difference;
    lagAfter += move.lagAfter;
  }
  return { partitions: moves.length, skipped, readAgain, lagAfter };
}
