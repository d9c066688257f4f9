import type { Offset } from "@zoolog/base";
import fc from "fast-check";
import { BatchPlaces } from "./batch-places.ts";

type Place = readonly [baseOffset: number, address: number, sizeInBytes: number];

const listed = (places: BatchPlaces): Place[] =>
  Array.from({ length: places.length }, (_, index) => [
    places.baseOffset(index),
    places.address(index),
    places.sizeInBytes(index),
  ]);

/** Beyond 32 bits: offsets and addresses are larger than that in logs of some age. */
const LARGE = 2 ** 40;

class Both {
  readonly places = new BatchPlaces();
  readonly list: Place[] = [];
  #next = LARGE;

  push(count: number): void {
    for (let i = 1; i <= count; i++) {
      this.places.push(this.#next as Offset, this.#next * 3, i);
      this.list.push([this.#next, this.#next * 3, i]);
      this.#next += i;
    }
  }

  dropOldest(count: number): void {
    for (const _ of this.list.splice(0, count)) this.places.dropOldest();
  }

  dropNewest(count: number): void {
    for (const _ of this.list.splice(Math.max(0, this.list.length - count))) {
      this.places.dropNewest();
    }
  }
}

test("places come and go at both ends like the elements of a list", () => {
  const step = fc.constantFrom("push", "push", "push", "dropOldest", "dropNewest");
  fc.assert(
    fc.property(fc.array(fc.tuple(step, fc.nat(60)), { maxLength: 40 }), (script) => {
      const both = new Both();
      for (const [name, count] of script) {
        both[name](count);
        expect(listed(both.places)).toEqual(both.list);
      }
    }),
  );
});

test("the place of an offset is that of the batch that begins at or below it", () => {
  const both = new Both();
  both.push(40);
  both.dropOldest(15);
  both.push(20);

  const { places, list } = both;
  for (const [index, [baseOffset]] of list.entries()) {
    expect(places.indexOf(baseOffset as Offset)).toBe(index);
    expect(places.indexOf((baseOffset - 1) as Offset)).toBe(index - 1);
  }
  expect(places.indexOf((LARGE * 2) as Offset)).toBe(list.length - 1);
  expect(new BatchPlaces().indexOf(0 as Offset)).toBe(-1);
});

test("room for many batches is given back when they have gone", () => {
  const places = new BatchPlaces();
  expect(places.capacity).toBe(0);
  for (let i = 0; i < 100_000; i++) places.push(i as Offset, i, 1);

  while (places.length > 1) places.dropOldest();

  expect(places.capacity).toBeLessThanOrEqual(16);
  expect(places.baseOffset(0)).toBe(99_999);
});
