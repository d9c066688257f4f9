import { coordinatorEpoch, inParallel } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTI_OPERATIONS_MAX, MULTIS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";
import { slotPath } from "../paths.ts";
import type { StoredSlot } from "../port/cluster-snapshot.ts";
import type { SlotWrite, SlotWritten } from "../port/controller-writer.ts";
import { encodeSlot, storedSlot } from "../znodes/slot-znode.ts";

/**
 * Writes who coordinates which slots by compare and set, as many to a multi as fit: a failover moves
 * many at once. Where not all of a multi was applied for sure, each of its slots gets one of its own,
 * so that one that somebody else wrote holds up no other.
 */
export async function writeSlots(
  multi: FencedMulti,
  writes: readonly SlotWrite[],
): Promise<readonly SlotWritten[]> {
  const written = await inParallel(
    chunked(writes, firstOperations),
    { atOnceMax: MULTIS_IN_FLIGHT_MAX },
    (chunk) => writeChunk(multi, chunk),
  );
  return written.flat();
}

/** One that takes several multis fills its first, so it stands alone. */
async function writeChunk(
  multi: FencedMulti,
  chunk: readonly SlotWrite[],
): Promise<readonly SlotWritten[]> {
  if (chunk.length > 1) {
    const { outcome } = await multi.run(chunk.flatMap(firstOperations));
    if (outcome === "applied") return chunk.map(({ slot }) => ({ slot, outcome: "written" }));
  }
  return inParallel(chunk, { atOnceMax: MULTIS_IN_FLIGHT_MAX }, (write) => writeSlot(multi, write));
}

function firstOperations(write: SlotWrite): readonly Operation[] {
  return raising(write, write.expectedCoordinatorEpoch).operations;
}

/**
 * The version must become the epoch that is wanted: where a znode was removed it begins at 0, so it
 * is written as often as it takes, in one multi unless somebody removed a very old one.
 */
async function writeSlot(multi: FencedMulti, write: SlotWrite): Promise<SlotWritten> {
  const { slot, coordinatorEpoch: wanted } = write;
  let expected: number | undefined = write.expectedCoordinatorEpoch;
  while (expected === undefined || expected < wanted) {
    const { operations, last } = raising(write, expected);
    const { outcome } = await multi.run(operations);
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

/** From the version `expected` to the one that is wanted, or as far as one multi goes. */
function raising(
  write: SlotWrite,
  expected: number | undefined,
): { readonly operations: readonly Operation[]; readonly last: number } {
  const path = slotPath(write.slot);
  const data = encodeSlot(write);
  const last = Math.min(write.coordinatorEpoch, (expected ?? -1) + MULTI_OPERATIONS_MAX - 1);
  const operations: Operation[] = [];
  if (expected === undefined) operations.push({ type: "create", path, data });
  for (let version = expected ?? 0; version < last; version++) {
    operations.push({ type: "setData", path, data, version });
  }
  return { operations, last };
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
