import { existsSync, readFileSync } from "node:fs";
import { seededRandom } from "@zoolog/testkit";

/** Debian's word lists: wamerican-huge, wamerican-large. */
const WORD_LISTS = [
  "/usr/share/dict/american-english-huge",
  "/usr/share/dict/american-english-large",
];
const GENERATED_SEED = 1;

export type Lines = { readonly source: string; readonly lines: readonly string[] };

/** The first lines of a real text file, all different; generated ones when it is not installed. */
export function readLines(count: number): Lines {
  for (const file of WORD_LISTS) {
    if (!existsSync(file)) continue;
    const lines = readFileSync(file, "utf8").split("\n").slice(0, count);
    if (lines.length === count) return { source: file, lines };
  }
  const random = seededRandom(GENERATED_SEED);
  const lines = Array.from({ length: count }, (_, index) => {
    return `${index} ${Math.floor(random.next() * 2 ** 48).toString(36)}`;
  });
  return { source: "generated lines, as wamerican-huge is not installed", lines };
}
