import type { Offset } from "@zoolog/base";
import type { Segment } from "../segment/segment.ts";
import type { SegmentRead } from "../segment/segment-read.ts";
import type { PieceAhead } from "./read-ahead.ts";

type Place = {
  offset: number;
  segment: Segment | undefined;
  position: number;
  ahead: PieceAhead<SegmentRead | undefined> | undefined;
};

/** Where a read begins, and what of it was read ahead. Good until the next call. */
export type ReadHint = Readonly<Pick<Place, "position" | "ahead">>;

/** Sequential readers of one partition that are remembered; others go by the index. */
const READERS_MAX = 32;
const NOWHERE = -1;

/**
 * Where the next read of each sequential reader begins, so that it need not read and skip what
 * stands between the last index entry and its offset. Hints, believed only if the batch agrees.
 *
 * A fixed ring that is written in place: a `Map` that is added to and deleted from on every read
 * allocates in the old generation, and there each allocation may begin a garbage collection.
 */
export class ReadPositions {
  readonly #places: Place[] = [];
  #next = 0;
  #cuts = 0;

  /** Takes the hint for `from`, if there is one for that segment. */
  take(from: Offset, segment: Segment, cuts: number): ReadHint | undefined {
    this.#forgetOld(cuts);
    for (const place of this.#places) {
      if (place.offset !== from || place.segment !== segment) continue;
      place.offset = NOWHERE;
      return place;
    }
    return undefined;
  }

  /** @param cuts how often the log had been cut when the position was found. */
  note(nextOffset: Offset, segment: Segment, { position, ahead }: ReadHint, cuts: number): void {
    this.#forgetOld(cuts);
    const free = this.#places.find((place) => place.offset === NOWHERE) ?? this.#oldest();
    free.offset = nextOffset;
    free.segment = segment;
    free.position = position;
    free.ahead = ahead;
  }

  #oldest(): Place {
    if (this.#places.length < READERS_MAX) {
      const place = { offset: NOWHERE, segment: undefined, position: 0, ahead: undefined };
      this.#places.push(place);
      return place;
    }
    const place = this.#places[this.#next % READERS_MAX] as Place;
    this.#next += 1;
    void place.ahead?.drop();
    return place;
  }

  #forgetOld(cuts: number): void {
    if (cuts === this.#cuts) return;
    for (const { ahead } of this.#places) void ahead?.drop();
    this.#places.length = 0;
    this.#cuts = cuts;
  }
}
