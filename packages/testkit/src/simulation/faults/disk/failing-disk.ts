import type { DiskFault, DiskOperation } from "../../../file-system/disk-faults.ts";
import { acrossScales, heads, lasting, oneOf, wholeBelow } from "../../chance.ts";
import type { FaultContext } from "../fault-context.ts";
import { runningHost } from "../targets.ts";

/** Where the first operation is that fails, counted from now. */
const OPERATIONS_MAX = 2_000;

/** How long word of a failed sync may take, once the disk takes it: brokers try every second. */
const LOOK_MS = 500;
const PATIENCE_LOOKS = 6;

const WRITES: readonly DiskOperation[] = ["write", "truncate"];
const SYNCS: readonly DiskOperation[] = ["datasync", "syncDirectory"];

/** Operations that fail together; any when there are none. */
const GROUPS: readonly (readonly DiskOperation[] | undefined)[] = [
  undefined,
  SYNCS,
  WRITES,
  ["read", "readFile"],
  ["open", "rename", "remove", "makeDirectory"],
];

/**
 * A disk that fails, once or from then on. What failed to be written or synced may not be acknowledged;
 * the broker says that it is not live, or has replicas offline, and is started again by its operator.
 */
export async function ioError(context: FaultContext): Promise<void> {
  const { world, random, wait, note, supervisor, budget, disturbances } = context;
  const host = runningHost(context, (one) => budget.mayDamage(one));
  if (host === undefined) return;
  const at = 1 + Math.floor(acrossScales(random, 1, OPERATIONS_MAX));
  const operations = oneOf(GROUPS, random);
  const sticky = heads(random);
  const fault: DiskFault = {
    effect: "EIO",
    at,
    sticky,
    ...(operations === undefined ? {} : { operations }),
  };
  const about = `${operations?.join("/") ?? "operation"} ${at}${sticky ? " and later" : ""}`;
  context.begin(`EIO at ${about} of ${host.name}`, [host.name]);
  const isOver = disturbances.begin([host.name]);
  const injected = host.disk.inject(fault);
  await wait(lasting(random, 200, 20_000));
  injected.remove();
  note(`EIO struck ${host.name} ${injected.strikes()} times`);
  if (injected.strikes() > 0) {
    // An operator takes his time; also where all faults are to end.
    for (let i = 0; i < PATIENCE_LOOKS && !budget.mayEnd(host); i++) await world.wait(LOOK_MS);
    const release = supervisor.holdDown(host);
    host.crash("process");
    await wait(2_000 * random.next());
    release();
  }
  isOver();
}

/** No room for a while: with a part of a write done, or refused before. It recovers by itself. */
export async function diskFull(context: FaultContext): Promise<void> {
  const { random, wait, disturbances } = context;
  const host = runningHost(context, (one) => context.budget.mayStop([one]));
  if (host === undefined) return;
  const { disk } = host;
  if (disk.capacityBytes !== Number.POSITIVE_INFINITY) return;
  const roomBytes = Math.floor(acrossScales(random, 1, 65_536)) - 1;
  context.begin(`the disk of ${host.name} has room for ${roomBytes} bytes`, [host.name]);
  const isOver = disturbances.begin([host.name]);
  disk.capacityBytes = disk.usedBytes + roomBytes;
  await wait(lasting(random, 200, 15_000));
  disk.capacityBytes = Number.POSITIVE_INFINITY;
  isOver();
}

/** Single operations that find no room, no handle, or take only a part of the bytes. */
export async function refusedOperations(context: FaultContext): Promise<void> {
  const { random, wait, note, disturbances } = context;
  const host = runningHost(context, (one) => context.budget.mayStop([one]));
  if (host === undefined) return;
  const effect = oneOf(["shortWrite", "shortWrite", "ENOSPC", "EMFILE"] as const, random);
  const operations: readonly DiskOperation[] =
    effect === "EMFILE" ? ["open"] : effect === "ENOSPC" ? ["write", "open"] : ["write"];
  const times = 1 + wholeBelow(random, 5);
  context.begin(`${effect} ${times} times at ${host.name}`, [host.name]);
  const isOver = disturbances.begin([host.name]);
  const injected = Array.from({ length: times }, () =>
    host.disk.inject({ effect, operations, at: 1 + Math.floor(acrossScales(random, 1, 300)) }),
  );
  await wait(lasting(random, 200, 10_000));
  for (const one of injected) one.remove();
  const struck = injected.reduce((sum, { strikes }) => sum + strikes(), 0);
  note(`${effect} struck ${host.name} ${struck} times`);
  isOver();
}

/** Syncs, or everything, take up to seconds: a disk that is shared, or about to die. */
export async function slowDisk(context: FaultContext): Promise<void> {
  const { random, wait, disturbances } = context;
  const host = runningHost(context, (one) => context.budget.mayStop([one]));
  if (host === undefined) return;
  const mostMs = acrossScales(random, 5, 5_000);
  const operations = heads(random) ? SYNCS : undefined;
  const what = operations === undefined ? "everything" : "syncs";
  context.begin(`${what} at ${host.name} up to ${Math.round(mostMs)} ms slower`, [host.name]);
  const isOver = disturbances.begin([host.name]);
  const undo = host.disk.faults.slow({
    leastMs: 0,
    mostMs,
    ...(operations === undefined ? {} : { operations }),
  });
  await wait(lasting(random, 200, 15_000));
  undo();
  isOver();
}
