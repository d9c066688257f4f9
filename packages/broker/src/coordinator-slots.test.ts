import { COORDINATOR_SLOTS } from "@zoolog/group-coordinator";

test("the number of slots never changes: groups are placed by it", () => {
  expect(COORDINATOR_SLOTS).toBe(64);
});
