import { COORDINATOR_SLOTS, coordinatorSlot, groupIdFault } from "./coordinator-slot.ts";

test.each([
  ["a", 33],
  ["billing", 59],
  ["orders-eu", 24],
  // Its hash is the least integer, -2147483648: the sign bit goes, it is not negated.
  ["polygenelubricants", 0],
])("the slot of %s is that of Java's hash", (groupId, slot) => {
  expect(coordinatorSlot(groupId)).toBe(slot);
});

test("the number of slots never changes: groups are placed by it", () => {
  expect(COORDINATOR_SLOTS).toBe(64);
});

test("many groups use all slots", () => {
  const slots = new Set(Array.from({ length: 2_000 }, (_, i) => coordinatorSlot(`group-${i}`)));

  expect(slots.size).toBe(COORDINATOR_SLOTS);
});

test("a group id has 1 to 249 characters", () => {
  expect(groupIdFault("g")).toBeUndefined();
  expect(groupIdFault("")).toContain("empty");
  expect(groupIdFault("g".repeat(250))).toContain("249");
});

test("a group id can be the name of a znode, as it is encoded there", () => {
  expect(groupIdFault("あ".repeat(113))).toBeUndefined();
  expect(groupIdFault("あ".repeat(114))).toContain("1024");
  expect(groupIdFault("\ud800")).toContain("surrogate");
});
