import { type Clock, errorCode, inParallel, type Logger, type Scheduler } from "@zoolog/base";
import type { ZooKeeperClient } from "@zoolog/zookeeper";
import { coordinatorFenced } from "../errors.ts";
import { checkOf, type Fence, FencedMulti } from "../fenced-multi.ts";
import { MULTIS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";
import { slotPath } from "../paths.ts";
import type { SlotAtEpoch } from "../port/group-store.ts";
import type { SlotWriter } from "../port/slot-writer.ts";
import type { CoordinationSession } from "../session.ts";
import { GroupCommit } from "./group-commit.ts";

type Dependencies = {
  readonly session: CoordinationSession;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/**
 * Begins to write for slots, as many checks to a multi as fit: a broker is given many at once. Where
 * not all of them passed for sure, each of its slots gets a multi of its own, so that one that has
 * passed on holds up no other. Each writer has its own fence from then on, however it was opened.
 *
 * A multi of checks alone is a quorum write: what this session reads from then on is not older.
 */
export async function openSlots(
  slots: readonly SlotAtEpoch[],
  dependencies: Dependencies,
): Promise<readonly SlotWriter[]> {
  const opened = await inParallel(
    chunked(slots, (slot) => [checkOf(fenceOf(slot))]),
    { atOnceMax: MULTIS_IN_FLIGHT_MAX },
    (chunk) => openChunk(chunk, dependencies),
  );
  return opened.flat();
}

async function openChunk(
  chunk: readonly SlotAtEpoch[],
  dependencies: Dependencies,
): Promise<readonly SlotWriter[]> {
  if (chunk.length > 1) {
    const writers = await openTogether(chunk, dependencies);
    if (writers !== undefined) return writers;
  }
  const writers = await inParallel(chunk, { atOnceMax: MULTIS_IN_FLIGHT_MAX }, (slot) =>
    openAlone(slot, dependencies),
  );
  return writers.flatMap((writer) => writer ?? []);
}

/** `undefined`: not all of them, or nobody knows. Whatever the reason, each finds out by itself. */
async function openTogether(
  slots: readonly SlotAtEpoch[],
  dependencies: Dependencies,
): Promise<readonly SlotWriter[] | undefined> {
  const client = await dependencies.session.client();
  const writers = slots.map((slot) => newWriter(slot, client, dependencies));
  try {
    await client.multi(slots.map((slot) => checkOf(fenceOf(slot))));
    return writers;
  } catch {
    for (const writer of writers) writer.close();
    return undefined;
  }
}

/** `undefined`: the slot is at another epoch, or the session has ended. */
async function openAlone(
  slot: SlotAtEpoch,
  dependencies: Dependencies,
): Promise<SlotWriter | undefined> {
  const writer = newWriter(slot, await dependencies.session.client(), dependencies);
  try {
    await writer.confirm();
    return writer;
  } catch (error) {
    writer.close();
    if (errorCode(error) !== "COORDINATOR_FENCED") throw error;
    return undefined;
  }
}

/** Bound to the session before anything is asked of it: once that has ended, the writer is fenced. */
function newWriter(
  slot: SlotAtEpoch,
  client: ZooKeeperClient,
  { session, ...dependencies }: Dependencies,
): SlotWriter {
  const multi = new FencedMulti({ client, fence: fenceOf(slot) }, session);
  return new GroupCommit(slot, { ...dependencies, multi });
}

function fenceOf({ slot, coordinatorEpoch }: SlotAtEpoch): Fence {
  return {
    path: slotPath(slot),
    version: coordinatorEpoch,
    overtaken: "the slot has passed on",
    fenced: coordinatorFenced,
  };
}
