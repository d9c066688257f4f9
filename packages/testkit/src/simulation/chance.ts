import type { Random } from "@zoolog/base";

/** In half of all cases. */
export function heads(random: Random): boolean {
  return random.next() < 0.5;
}

export function between(random: Random, least: number, most: number): number {
  return least + (most - least) * random.next();
}

/** Short ones as often as long ones: from 1 to 10 as often as from 10 to 100. */
export function acrossScales(random: Random, least: number, most: number): number {
  return least * (most / least) ** random.next();
}

/** How long a fault lasts, ms: often short, that many happen; now and then as long as may be. */
export function lasting(random: Random, least: number, most: number): number {
  const isShort = random.next() < 0.8;
  return acrossScales(random, least, isShort ? Math.min(most, SHORT_MS_MAX) : most);
}

/** Longer than any round trip, shorter than most sessions. */
const SHORT_MS_MAX = 2_500;

/** From 0 to `below`, which is left out. */
export function wholeBelow(random: Random, below: number): number {
  return Math.floor(random.next() * below);
}

export function oneOf<T>(all: readonly [T, ...T[]], random: Random): T;
export function oneOf<T>(all: readonly T[], random: Random): T | undefined;
export function oneOf<T>(all: readonly T[], random: Random): T | undefined {
  return all[wholeBelow(random, all.length)];
}

/** All of them, in an order that is drawn. */
export function shuffled<T>(all: readonly T[], random: Random): T[] {
  return all
    .map((item) => ({ item, place: random.next() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item);
}
