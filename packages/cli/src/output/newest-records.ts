import type { FormattedRecord } from "./record-format.ts";

/**
 * The newest `count` of any number of records, by timestamp, then offset: a heap with the oldest of
 * them on top, which each newer one replaces. Memory for `count` records, whatever comes.
 */
export class NewestRecords {
  readonly #count: number;
  readonly #heap: FormattedRecord[] = [];

  constructor(count: number) {
    this.#count = count;
  }

  add(record: FormattedRecord): void {
    if (this.#count === 0) return;
    if (this.#heap.length < this.#count) {
      this.#heap.push(record);
      this.#rise(this.#heap.length - 1);
    } else if (isOlder(this.#heap[0] as FormattedRecord, record)) {
      this.#heap[0] = record;
      this.#sink(0);
    }
  }

  oldestFirst(): FormattedRecord[] {
    return [...this.#heap].sort((a, b) => (isOlder(a, b) ? -1 : 1));
  }

  #rise(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIfOlder(at, parent)) return;
      at = parent;
    }
  }

  #sink(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const older = right < this.#heap.length && this.#isOlderAt(right, left) ? right : left;
      if (!this.#swapIfOlder(older, at)) return;
      at = older;
    }
  }

  #swapIfOlder(child: number, parent: number): boolean {
    if (!this.#isOlderAt(child, parent)) return false;
    const moved = this.#heap[child] as FormattedRecord;
    this.#heap[child] = this.#heap[parent] as FormattedRecord;
    this.#heap[parent] = moved;
    return true;
  }

  #isOlderAt(a: number, b: number): boolean {
    return isOlder(this.#heap[a] as FormattedRecord, this.#heap[b] as FormattedRecord);
  }
}

function isOlder(a: FormattedRecord, b: FormattedRecord): boolean {
  const byTime = (a.timestamp ?? -1) - (b.timestamp ?? -1);
  if (byTime !== 0) return byTime < 0;
  return a.offset === b.offset ? a.partition < b.partition : a.offset < b.offset;
}
