import { coordinatorEpoch, inParallel } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTI_OPERATIONS_MAX, MULTIS_IN_FLIGHT_MAX } from "../limits.ts";
import { slotPath } from "../paths.ts";
import type { StoredSlot } from "../port/cluster-snapshot.ts";
import type { SlotWrite, SlotWritten } from "../port/controller-writer.ts";
import { encodeSlot, storedSlot } from "../znodes/slot-znode.ts";

/**
 * Writes who coordinates which slots by compare and set, each slot in a multi of its own: there are
 * few, and one that somebody else wrote holds up no other.
 */
export function writeSlots(
  multi: FencedMulti,
  writes: readonly SlotWrite[],
): Promise<readonly SlotWritten[]> {
  return inParallel(writes, { atOnceMax: MULTIS_IN_FLIGHT_MAX }, (write) =>
    writeSlot(multi, write),
  );
}

/**
 * The version must become the epoch that is wanted: where a znode was removed it begins at 0, so it
 * is written as often as it takes, in one multi unless somebody removed a very old one.
 */
async function writeSlot(multi: FencedMulti, write: SlotWrite): Promise<SlotWritten> {
  const { slot, coordinatorEpoch: wanted } = write;
  let expected: number | undefined = write.expectedCoordinatorEpoch;
  const data = encodeSlot(write);
  while (expected === undefined || expected < wanted) {
    const last = Math.min(wanted, (expected ?? -1) + MULTI_OPERATIONS_MAX - 1);
    const { outcome } = await multi.run(raising({ path: slotPath(slot), data, expected, last }));
    if (outcome === "applied") {
      expected = last;
      continue;
    }
    const stored = await readSlot(multi, slot);
    const version = stored?.coordinatorEpoch;
    // Our content under the version that our write makes is ours: it names our controller epoch.
    if (version === last && stored !== undefined && isOurs(stored, write)) expected = last;
    else if (version !== expected) return { slot, outcome: "conflict" };
  }
  return { slot, outcome: "written" };
}

function raising(options: {
  readonly path: string;
  readonly data: Uint8Array;
  readonly expected: number | undefined;
  readonly last: number;
}): readonly Operation[] {
  const { path, data, expected, last } = options;
  const operations: Operation[] = [];
  if (expected === undefined) operations.push({ type: "create", path, data });
  for (let version = expected ?? 0; version < last; version++) {
    operations.push({ type: "setData", path, data, version });
  }
  return operations;
}

async function readSlot(multi: FencedMulti, slot: number): Promise<StoredSlot | undefined> {
  const znode = await multi.read((client) => ifThere(client.getData(slotPath(slot))));
  return znode === undefined
    ? undefined
    : storedSlot(slot, znode.data, coordinatorEpoch(znode.stat.version));
}

function isOurs(stored: StoredSlot, write: SlotWrite): boolean {
  return (
    stored.brokerId === write.brokerId &&
    stored.brokerEpoch === write.brokerEpoch &&
    stored.controllerEpoch === write.controllerEpoch
  );
}
