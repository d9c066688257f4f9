import { offset, timestamp } from "@zoolog/base";
import type { GroupChange } from "@zoolog/coordination";
import { coordinatorSlot, groupIdFault } from "@zoolog/group-coordinator";
import { MemoryCoordination, sampleSlotWrite } from "@zoolog/testkit";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination();
});
afterEach(() => world.close());

/** Encoded as in a URL it has 1,024 characters. */
const LONGEST = `${"g".repeat(7)}${"あ".repeat(113)}`;

/** Of a group that begins to be with it. */
function commit(groupId: string): GroupChange {
  const value = {
    offset: offset(1),
    leaderEpoch: undefined,
    metadata: "",
    committedAt: timestamp(0),
    topicId: undefined,
  };
  return { type: "offset", groupId, topic: "orders", partition: 0, value };
}

test.each([
  ["the longest id", LONGEST, true],
  ["one more character", `g${LONGEST}`, false],
  ["half of a surrogate pair", "\ud800", false],
])("%s is a group's where coordinators think so, as it is ZooKeeper's", async (_what, id, fits) => {
  const store = await world.open("a");
  const controller = await world.elected(store);
  const { controllerEpoch } = controller;
  const slot = sampleSlotWrite({ slot: coordinatorSlot(id), controllerEpoch });
  await world.settled(controller.writeSlots([slot]));
  const [writer] = await world.settled(store.openSlots([slot]));

  const written = world.settled(writer!.write([commit(id)])).then(
    () => true,
    (error: unknown) => error,
  );

  expect(groupIdFault(id) === undefined).toBe(fits);
  expect(await written).toEqual(fits || expect.objectContaining({ code: "GROUP_NAME_UNUSABLE" }));
});
