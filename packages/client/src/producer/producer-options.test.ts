import type { Delivery, KafkaAcks, NamedAcks, RequiredAcks } from "./delivery.ts";
import { resolveProducerOptions } from "./producer-options.ts";

test.each<[RequiredAcks | KafkaAcks | undefined, RequiredAcks]>([
  [undefined, "all"],
  ["none", "none"],
  ["leader", "leader"],
  ["all", "all"],
  [0, "none"],
  [1, "leader"],
  [-1, "all"],
])("acks %p mean %s", (acks, name) => {
  expect(resolveProducerOptions(acks === undefined ? {} : { acks }).acks).toBe(name);
});

test.each([2, "1", "some", null, true])("acks %p are refused with the words that exist", (acks) => {
  expect(() => resolveProducerOptions({ acks: acks as never })).toThrow(
    'acks must be "all", "leader" or "none" (or Kafka\'s -1, 1, 0)',
  );
});

test("a number decides the type of an offset as its word does", () => {
  const none: Delivery<NamedAcks<0>> = { partition: 0, offset: undefined, timestamp: 1 };
  const all: Delivery<NamedAcks<-1 | "leader">> = { partition: 0, offset: 7, timestamp: 1 };

  expect([none.offset, all.offset]).toEqual([undefined, 7]);
});
