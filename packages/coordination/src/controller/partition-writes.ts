import { inParallel, type PartitionEpoch, partitionEpoch } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { restless } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTIS_IN_FLIGHT_MAX, READS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";
import { partitionPath, partitionsPath, statePath } from "../paths.ts";
import type { PartitionStateWrite, PartitionStateWritten } from "../port/controller-writer.ts";
import { encodePartitionState, storedState } from "../znodes/partition-state-znode.ts";

/**
 * Writes partition states by compare and set, as many to a multi as fit, several multis under way.
 *
 * A multi that was refused or whose fate is open is looked up, partition by partition:
 *
 * | what stands there | the write was | next |
 * | --- | --- | --- |
 * | our bytes, at the version our write makes | applied | done |
 * | the version we expect | not applied | write again |
 * | anything else | overtaken | conflict |
 *
 * "Our bytes" cannot be somebody else's: they carry our controller epoch, and the check has passed.
 */
export async function writePartitionStates(
  multi: FencedMulti,
  writes: readonly PartitionStateWrite[],
): Promise<readonly PartitionStateWritten[]> {
  const pending = writes.map(
    (write): PendingWrite => ({
      write,
      data: encodePartitionState(write.state),
      parents: "unknown",
      result: undefined,
    }),
  );
  await inParallel(chunked(pending, operationsOf), { atOnceMax: MULTIS_IN_FLIGHT_MAX }, (chunk) =>
    writeChunk(multi, chunk),
  );
  return pending.map(({ result }) => {
    if (result === undefined) throw new Error("every write has a result");
    return result;
  });
}

/** Refusals of one chunk beyond one for each of its writes: each look settles at least one. */
const REFUSALS_MAX = 10;

type PendingWrite = {
  readonly write: PartitionStateWrite;
  readonly data: Uint8Array;
  /** Whether `…/partitions/<p>` is there already; only asked when its creation was refused. */
  parents: "unknown" | "present";
  result: PartitionStateWritten | undefined;
};

function operationsOf({ write, data, parents }: PendingWrite): readonly Operation[] {
  const { topic, partition, expectedPartitionEpoch: version } = write;
  const path = statePath(topic, partition);
  if (version !== undefined) return [{ type: "setData", path, data, version }];
  const state: Operation = { type: "create", path, data };
  if (parents === "present") return [state];
  return [{ type: "create", path: partitionPath(topic, partition), data: EMPTY }, state];
}

async function writeChunk(multi: FencedMulti, chunk: readonly PendingWrite[]): Promise<void> {
  let rest = chunk;
  let refusals = 0;
  while (rest.length > 0) {
    const outcome = await multi.run(rest.flatMap(operationsOf));
    if (outcome.outcome === "applied") {
      for (const pending of rest) pending.result = written(pending.write);
      return;
    }
    await lookUp(multi, rest);
    const open = rest.filter((pending) => pending.result === undefined);
    if (outcome.outcome === "refused") {
      refusals += 1;
      if (refusals > chunk.length + REFUSALS_MAX) throw restlessState(rest);
      const creations = open.filter(({ write }) => write.expectedPartitionEpoch === undefined);
      await inParallel(creations, { atOnceMax: READS_IN_FLIGHT_MAX }, (pending) =>
        ensureParents(multi, pending),
      );
    }
    rest = open.filter((pending) => pending.result === undefined);
  }
}

function restlessState([first]: readonly PendingWrite[]): Error {
  const { topic = "", partition = 0 } = first?.write ?? {};
  return restless(statePath(topic, partition));
}

/** Gives a result to every write whose fate can be seen. */
async function lookUp(multi: FencedMulti, chunk: readonly PendingWrite[]): Promise<void> {
  await inParallel(chunk, { atOnceMax: READS_IN_FLIGHT_MAX }, async (pending) => {
    const { topic, partition, expectedPartitionEpoch: expected } = pending.write;
    const path = statePath(topic, partition);
    const znode = await multi.read((client) => ifThere(client.getData(path)));
    const version = znode === undefined ? undefined : partitionEpoch(znode.stat.version);
    if (version === expected) return;
    if (
      znode !== undefined &&
      version === nextVersion(expected) &&
      equal(znode.data, pending.data)
    ) {
      pending.result = written(pending.write);
      return;
    }
    const stored = storedState(path, znode);
    pending.result = { topic, partition, outcome: "conflict", stored };
  });
}

/** A partition whose folder was there already, or whose topic is gone. */
async function ensureParents(multi: FencedMulti, pending: PendingWrite): Promise<void> {
  const { topic, partition } = pending.write;
  for (const path of [partitionsPath(topic), partitionPath(topic, partition)]) {
    for (;;) {
      const there = await multi.read((client) => client.exists(path));
      if (there !== undefined) break;
      const outcome = await multi.run([{ type: "create", path, data: EMPTY }]);
      if (outcome.outcome === "refused" && outcome.code === "NO_NODE") {
        const stored = { status: "absent" } as const;
        pending.result = { topic, partition, outcome: "conflict", stored };
        return;
      }
    }
  }
  pending.parents = "present";
}

function written(write: PartitionStateWrite): PartitionStateWritten {
  const { topic, partition, expectedPartitionEpoch } = write;
  return {
    topic,
    partition,
    outcome: "written",
    partitionEpoch: nextVersion(expectedPartitionEpoch),
  };
}

function nextVersion(expected: PartitionEpoch | undefined): PartitionEpoch {
  return partitionEpoch(expected === undefined ? 0 : expected + 1);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

const EMPTY = new Uint8Array(0);
