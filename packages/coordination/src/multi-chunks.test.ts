import type { Operation } from "@zoolog/zookeeper";
import { MULTI_BYTES_MAX, MULTI_OPERATIONS_MAX } from "./limits.ts";
import { chunked, operationBytes } from "./multi-chunks.ts";

const write = (bytes: number): Operation => ({
  type: "create",
  path: "/a",
  data: new Uint8Array(bytes),
});

test("chunks leave room for the check and keep the operations of an item together", () => {
  const items = Array.from({ length: 600 }, (_, i) => i);

  const chunks = chunked(items, () => [write(1), write(1)]);

  expect(chunks.flat()).toEqual(items);
  for (const chunk of chunks) expect(2 * chunk.length).toBeLessThan(MULTI_OPERATIONS_MAX);
  expect(chunks).toHaveLength(3);
});

test("chunks end before they are too large for a request", () => {
  const chunks = chunked([1, 2, 3, 4, 5], () => [write(200 * 1024)]);

  expect(chunks).toEqual([[1, 2], [3, 4], [5]]);
  expect(2 * operationBytes(write(200 * 1024))).toBeLessThanOrEqual(MULTI_BYTES_MAX);
});

test("an item that is too large stands alone, none at all makes no chunk", () => {
  expect(chunked([1, 2], () => [write(MULTI_BYTES_MAX)])).toEqual([[1], [2]]);
  expect(chunked([], () => [])).toEqual([]);
});
