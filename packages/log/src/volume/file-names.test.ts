import { offset } from "@zoolog/base";
import {
  isPendingDeletion,
  LOG_SUFFIX,
  partitionOfFolder,
  pendingDeletionName,
  segmentBaseOffset,
  segmentName,
} from "./file-names.ts";

test("a segment is named by its base offset in twenty digits", () => {
  expect(segmentName(offset(42))).toBe("00000000000000000042");
  expect(segmentBaseOffset("00000000000000000042.log", LOG_SUFFIX)).toBe(42);
});

test.each([
  "42.log",
  "00000000000000000042.index",
  "0000000000000000004x.log",
  "99999999999999999999.log",
])("%s is no segment of ours", (name) => {
  expect(segmentBaseOffset(name, LOG_SUFFIX)).toBeUndefined();
});

test.each([
  ["orders-0", { topic: "orders", partition: 0 }],
  ["a-b-12", { topic: "a-b", partition: 12 }],
  ["orders", undefined],
  ["orders-", undefined],
  ["orders-00", undefined],
  ["-1", undefined],
  ["..-1", undefined],
  ["lost+found-1", undefined],
  ["orders-0.0123456789abcdef0123456789abcdef-delete", undefined],
])("the folder %s stands for %j", (name, expected) => {
  expect(partitionOfFolder(name)).toEqual(expected);
});

test("a deleted partition's folder is told from all others, and its name fits", () => {
  const uuid = "01234567-89ab-cdef-0123-456789abcdef";

  const name = pendingDeletionName({ topic: "x".repeat(249), partition: 9_999 }, uuid);

  expect(name).toHaveLength(255);
  expect(isPendingDeletion(name)).toBe(true);
  expect(partitionOfFolder(name)).toBeUndefined();
  expect(isPendingDeletion("orders-0")).toBe(false);
});
