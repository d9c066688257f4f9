import { assert } from "@zoolog/base";

/** What the heap holds: anything with a deadline. The heap alone writes `heapIndex`. */
export type HeapEntry = {
  /** By the monotonic clock, in milliseconds. */
  readonly deadline: number;
  /** Where the entry stands in the heap; −1 outside of it. */
  heapIndex: number;
};

/**
 * A binary min-heap by deadline whose entries know their place, so that a request that is answered
 * early leaves at once (O(log n)) and no dead entry keeps its buffers alive until its deadline.
 */
export class DeadlineHeap<Entry extends HeapEntry> {
  readonly #entries: Entry[] = [];

  get size(): number {
    return this.#entries.length;
  }

  /** The entry with the earliest deadline. */
  get first(): Entry | undefined {
    return this.#entries[0];
  }

  add(entry: Entry): void {
    assert(entry.heapIndex === -1, "the entry is in a heap already");
    entry.heapIndex = this.#entries.length;
    this.#entries.push(entry);
    this.#siftUp(entry);
  }

  /** Takes the entry out; one that is not in the heap is left alone. */
  remove(entry: Entry): void {
    const index = entry.heapIndex;
    if (index === -1) return;
    entry.heapIndex = -1;
    const last = this.#entries.pop();
    if (last === undefined || last === entry) return;
    this.#place(last, index);
    this.#siftUp(last);
    this.#siftDown(last);
  }

  #siftUp(entry: Entry): void {
    while (entry.heapIndex > 0) {
      const parentIndex = (entry.heapIndex - 1) >> 1;
      const parent = this.#entries[parentIndex];
      if (parent === undefined || parent.deadline <= entry.deadline) return;
      this.#place(parent, entry.heapIndex);
      this.#place(entry, parentIndex);
    }
  }

  #siftDown(entry: Entry): void {
    for (;;) {
      const left = this.#entries[entry.heapIndex * 2 + 1];
      const right = this.#entries[entry.heapIndex * 2 + 2];
      const child =
        right !== undefined && left !== undefined && right.deadline < left.deadline ? right : left;
      if (child === undefined || child.deadline >= entry.deadline) return;
      const childIndex = child.heapIndex;
      this.#place(child, entry.heapIndex);
      this.#place(entry, childIndex);
    }
  }

  #place(entry: Entry, index: number): void {
    this.#entries[index] = entry;
    entry.heapIndex = index;
  }
}
