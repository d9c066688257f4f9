import { leaderEpoch } from "@zoolog/base";
import { HandledOffsets } from "./handled-offsets.ts";

const OLD = leaderEpoch(1);
const NEW = leaderEpoch(2);

test("the mark stays below the first that is not handled, and has the epoch of the last that is", () => {
  const window = new HandledOffsets();
  const [first, second, third] = [window.begin(5, OLD), window.begin(6, NEW), window.begin(7, NEW)];

  expect(window.finish(second)).toBeUndefined();
  expect(window.finish(first)).toMatchObject({ nextOffset: 7, leaderEpoch: NEW });
  expect(window.finish(third)).toMatchObject({ nextOffset: 8, leaderEpoch: NEW });
  expect(window.size).toBe(0);
});

test("offsets without a record count with the records before them", () => {
  const window = new HandledOffsets();
  const only = window.begin(5, OLD);
  window.pass(6, OLD);
  expect(window.size).toBe(1);
  window.pass(9, NEW);

  expect(window.finish(only)).toMatchObject({ nextOffset: 9, leaderEpoch: NEW });
});
