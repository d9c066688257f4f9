import { inParallel } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { restless } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { READS_IN_FLIGHT_MAX } from "../limits.ts";
import { chunked } from "../multi-chunks.ts";

/** Looks at what is there, each of which finds something else than the one before. */
const LOOKS_MAX = 20;

/**
 * Removes a znode with all below, in one multi when it fits, else the deepest first. Can be
 * interrupted and repeated anywhere.
 */
export async function removeSubtree(multi: FencedMulti, root: string): Promise<void> {
  await removeLevels(root, multi, (levels) => levels);
}

/** The same for what stands below, and leaves the znode itself. */
export async function removeBelow(multi: FencedMulti, root: string): Promise<void> {
  await removeLevels(root, multi, ([, ...below]) => below);
}

type Levels = readonly (readonly string[])[];

async function removeLevels(
  root: string,
  multi: FencedMulti,
  unwanted: (levels: Levels) => Levels,
): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const levels = unwanted(await levelsBelow(multi, root));
    if (levels.length === 0) return;
    const removals = [...levels]
      .reverse()
      .flat()
      .map((path): Operation => ({ type: "remove", path }));
    if (await runInTurn(multi, removals)) return;
  }
  throw restless(root);
}

async function runInTurn(multi: FencedMulti, removals: readonly Operation[]): Promise<boolean> {
  for (const chunk of chunked(removals, (removal) => [removal])) {
    const { outcome } = await multi.run(chunk);
    if (outcome !== "applied") return false;
  }
  return true;
}

/** The root alone, then what stands directly below it, and so on; none when it is not there. */
async function levelsBelow(multi: FencedMulti, root: string): Promise<Levels> {
  const levels: (readonly string[])[] = [];
  const there = await multi.read((client) => client.exists(root));
  for (let level = there === undefined ? [] : [root]; level.length > 0; ) {
    levels.push(level);
    level = await childrenOf(multi, level);
  }
  return levels;
}

async function childrenOf(multi: FencedMulti, paths: readonly string[]): Promise<string[]> {
  const children = await inParallel(paths, { atOnceMax: READS_IN_FLIGHT_MAX }, async (path) => {
    const found = await multi.read((client) => ifThere(client.getChildren(path)));
    return (found?.names ?? []).map((name) => `${path}/${name}`);
  });
  return children.flat();
}
