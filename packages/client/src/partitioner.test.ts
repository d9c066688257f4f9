import fc from "fast-check";
import { type PartitionedTopic, roundRobinPartitioner, stickyPartitioner } from "./partitioner.ts";

const topicOf = (partitionCount: number, available?: number[]): PartitionedTopic => ({
  name: "orders",
  partitionCount,
  available: available ?? Array.from({ length: partitionCount }, (_, partition) => partition),
});

test("records without a key are shared equally, one after the other", () => {
  const partitioner = roundRobinPartitioner();

  const chosen = Array.from({ length: 7 }, () => partitioner.partition(topicOf(3), undefined));

  expect(chosen).toEqual([0, 1, 2, 0, 1, 2, 0]);
});

test("each topic has its own turn", () => {
  const partitioner = roundRobinPartitioner();
  partitioner.partition(topicOf(3), undefined);

  expect(partitioner.partition({ ...topicOf(3), name: "other" }, undefined)).toBe(0);
});

test("partitions without a leader are passed over while another has one", () => {
  const partitioner = roundRobinPartitioner();

  const some = Array.from({ length: 4 }, () =>
    partitioner.partition(topicOf(4, [1, 3]), undefined),
  );
  const none = [0, 1].map(() => partitioner.partition(topicOf(2, []), undefined));

  expect(some).toEqual([1, 3, 1, 3]);
  expect(none.sort()).toEqual([0, 1]);
});

test("a key keeps its partition whatever was sent before and whoever is available", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 20 }), fc.nat({ max: 20 }), (key, before) => {
      const partitioner = roundRobinPartitioner();
      const first = partitioner.partition(topicOf(5), key);
      for (let i = 0; i < before; i++) partitioner.partition(topicOf(5), undefined);

      expect(partitioner.partition(topicOf(5, [2]), key)).toBe(first);
      expect(stickyPartitioner().partition(topicOf(5), key)).toBe(first);
    }),
  );
});

test("sticky stays with a partition until its own batch is full", () => {
  const partitioner = stickyPartitioner();
  const topic = topicOf(3);

  const before = [1, 2, 3].map(() => partitioner.partition(topic, undefined));
  partitioner.batchFull?.(topic, 2);
  const afterForeign = partitioner.partition(topic, undefined);
  partitioner.batchFull?.(topic, 0);
  const afterOwn = partitioner.partition(topic, undefined);

  expect([...before, afterForeign, afterOwn]).toEqual([0, 0, 0, 0, 1]);
});
