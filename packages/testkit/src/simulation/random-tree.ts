import type { Random } from "@zoolog/base";
import { seededRandom } from "../seeded-random.ts";

/**
 * Chance by purpose: each name has a sequence of its own, so that one draw more in one place moves
 * nothing anywhere else.
 */
export class RandomTree {
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  of(name: string): Random {
    return seededRandom(seedOf(this.#seed, name));
  }

  fork(name: string): RandomTree {
    return new RandomTree(seedOf(this.#seed, name));
  }
}

function seedOf(seed: number, name: string): number {
  let hash = seed ^ 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash ^ (hash >>> 15);
}
