import { PartitionSequence, sequenceAfter } from "./partition-sequence.ts";

test("numbers count records, start again after 2^31 − 1, and anew in each epoch", () => {
  const sequence = new PartitionSequence({ producerId: 7 });

  expect(sequence.take(3)).toEqual({ producerId: 7, producerEpoch: 0, baseSequence: 0 });
  expect(sequence.take(2 ** 31 - 5)).toMatchObject({ baseSequence: 3 });
  expect(sequence.take(4)).toMatchObject({ baseSequence: 2 ** 31 - 2 });
  expect(sequence.take(1)).toMatchObject({ baseSequence: 2 });
  expect(sequenceAfter(2 ** 31 - 1, 1)).toBe(0);

  expect(sequence.startNextEpoch()).toBe(true);
  expect(sequence.take(1)).toEqual({ producerId: 7, producerEpoch: 1, baseSequence: 0 });
});

test("numbers that are given back are taken again", () => {
  const sequence = new PartitionSequence({ producerId: 7 });
  sequence.take(2);
  sequence.giveBack(sequence.take(5));

  expect(sequence.take(1)).toMatchObject({ baseSequence: 2 });
});

test("an id has 32,767 epochs", () => {
  const sequence = new PartitionSequence({ producerId: 7 });
  let epochs = 1;
  while (sequence.startNextEpoch()) epochs += 1;

  expect(epochs).toBe(32_767);
  expect(sequence.take(1)).toMatchObject({ producerEpoch: 32_766 });
});
