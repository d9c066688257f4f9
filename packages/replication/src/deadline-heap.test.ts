import fc from "fast-check";
import { DeadlineHeap, type HeapEntry } from "./deadline-heap.ts";

test("whatever is added and removed, the first entry is always the earliest of the rest", () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }),
    fc.record({ remove: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const heap = new DeadlineHeap<HeapEntry>();
      const model: HeapEntry[] = [];
      for (const change of steps) {
        if ("add" in change) {
          const entry = { deadline: change.add, heapIndex: -1 };
          model.push(entry);
          heap.add(entry);
        } else if (model.length > 0) {
          const [entry] = model.splice(change.remove % model.length, 1);
          heap.remove(entry!);
          heap.remove(entry!);
          expect(entry!.heapIndex).toBe(-1);
        }
        const earliest = model.length === 0 ? undefined : Math.min(...model.map((e) => e.deadline));
        expect(heap.first?.deadline).toBe(earliest);
        expect(heap.size).toBe(model.length);
      }
    }),
  );
});
