import type { Random } from "@zoolog/base";
import { between, heads, oneOf, shuffled, wholeBelow } from "../../chance.ts";
import type { SimulatedHost } from "../../world/simulated-host.ts";
import type { FaultContext } from "../fault-context.ts";
import { runningHost } from "../targets.ts";
import { batchesOf, claimedEnd } from "./segment-bytes.ts";

/** In a batch: its length is checked by what follows it, its leader epoch by nothing (Kafka's format). */
const EPOCH_AT = 12;
const AFTER_EPOCH = 16;

/** Text without a checksum: other digits would be another truth, which nobody can find out. */
const CHECKPOINTS = [
  "recovery-point-offset-checkpoint",
  "log-start-offset-checkpoint",
  "replication-offset-checkpoint",
  "synced-since-checkpoint",
  "leader-epoch-checkpoint",
];

type Damaged = { readonly path: string; readonly what: string };

/**
 * Bit rot in the files of one replica while its broker runs, or while it is down.
 *
 * Nothing is promised about what no format can tell from health, so it is not struck:
 * - records above every checkpoint's claim: after a kill their loss looks like a torn append;
 * - the leader epoch in a batch's header, which stands outside of its checksum;
 * - digits of checkpoints, which have none;
 * - `meta.properties`: a broker that does not know itself refuses to start, for an operator.
 */
export async function damage(context: FaultContext): Promise<void> {
  const { budget, view, random, wait, note, supervisor, disturbances } = context;
  const host = runningHost(context, (one) => budget.mayDamage(one));
  if (host === undefined) return;
  const partitions = [...view.partitions.keys()].filter((key) =>
    host.disk.paths().some((path) => path.startsWith(`/data/${key}/`)),
  );
  const partition = oneOf(partitions, random);
  if (partition === undefined) return;
  const isDown = heads(random);
  context.begin(`damage ${partition} of ${host.name}${isDown ? ", killed" : ""}`, [host.name]);
  if (!isDown) {
    note(describe(strike(host, partition, random)));
    await wait(between(random, 100, 5_000));
    return;
  }
  const release = supervisor.holdDown(host);
  const isOver = disturbances.begin([host.name]);
  host.crash("process");
  note(describe(strike(host, partition, random)));
  await wait(between(random, 10, 5_000));
  release();
  isOver();
}

function describe(damaged: Damaged | undefined): string {
  return damaged === undefined ? "nothing to damage" : `${damaged.path}: ${damaged.what}`;
}

function strike(host: SimulatedHost, partition: string, random: Random): Damaged | undefined {
  const { next } = random;
  const kind = next() < 0.6 ? damageSegment : heads(random) ? damageCache : damageCheckpoint;
  return kind(host, partition, random);
}

/** A segment's records, closed or active, below what checkpoints say to be there. */
function damageSegment(
  host: SimulatedHost,
  partition: string,
  random: Random,
): Damaged | undefined {
  const path = oneOf(filesOf(host, partition, [".log"]), random);
  if (path === undefined) return undefined;
  const end = claimedEnd(host, partition);
  const batches = batchesOf(host.disk.contents(path)).filter(({ lastOffset }) => lastOffset < end);
  const batch = oneOf(batches, random);
  if (batch === undefined) return undefined;
  const how = oneOf(["flip", "zero", "cut"], random);
  if (how === "cut") return cut(host, path, batch.position + wholeBelow(random, batch.size));
  if (how === "zero") {
    const from = batch.position + wholeBelow(random, batch.size);
    return zero(host, path, from, Math.min(from + 4_096, batch.position + batch.size));
  }
  const within = wholeBelow(random, batch.size);
  const isEpoch = within >= EPOCH_AT && within < AFTER_EPOCH;
  return flip(host, path, batch.position + (isEpoch ? AFTER_EPOCH : within), random);
}

/** What can be made anew from the records. */
function damageCache(host: SimulatedHost, partition: string, random: Random): Damaged | undefined {
  const path = oneOf(filesOf(host, partition, [".index", ".timeindex", ".snapshot"]), random);
  if (path === undefined) return undefined;
  const { length } = host.disk.contents(path);
  if (length === 0) return undefined;
  const at = wholeBelow(random, length);
  const how = oneOf(["flip", "zero", "cut"], random);
  if (how === "cut") return cut(host, path, at);
  if (how === "zero") return zero(host, path, at, Math.min(length, at + 512));
  return flip(host, path, at, random);
}

/** Torn or zeroed, so that it can be seen. */
function damageCheckpoint(
  host: SimulatedHost,
  partition: string,
  random: Random,
): Damaged | undefined {
  const candidates = host.disk
    .paths()
    .filter((path) => CHECKPOINTS.some((name) => path.endsWith(`/${name}`)))
    .filter((path) => path.split("/").length === 3 || path.startsWith(`/data/${partition}/`));
  const [path] = shuffled(candidates, random);
  if (path === undefined) return undefined;
  const { length } = host.disk.contents(path);
  if (length === 0) return undefined;
  const at = wholeBelow(random, length);
  return heads(random) ? cut(host, path, at) : zero(host, path, at, length);
}

function filesOf(host: SimulatedHost, partition: string, endings: readonly string[]): string[] {
  return host.disk
    .paths()
    .filter((path) => path.startsWith(`/data/${partition}/`))
    .filter((path) => endings.some((ending) => path.endsWith(ending)));
}

function flip(host: SimulatedHost, path: string, byte: number, random: Random): Damaged {
  const bit = wholeBelow(random, 8);
  host.disk.flipBit(path, byte, bit);
  return { path, what: `bit ${bit} of byte ${byte} flips` };
}

function zero(host: SimulatedHost, path: string, from: number, to: number): Damaged {
  host.disk.corrupt(path, (bytes) => bytes.fill(0, from, to));
  return { path, what: `bytes ${from} to ${to} are zero` };
}

function cut(host: SimulatedHost, path: string, size: number): Damaged {
  host.disk.corrupt(path, (bytes) => bytes.subarray(0, size));
  return { path, what: `is cut to ${size} bytes` };
}
