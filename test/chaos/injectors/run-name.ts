/**
 * Everything that a run makes on the machine outside of its temporary folder (namespaces, links,
 * volumes, control groups) has this in front of its name: nobody else's is ever touched, and a later
 * run finds what a run that was killed has left.
 */
const PREFIX = "zl";

/** Unique on the machine while this process lives, and short: names of links have 15 characters. */
export const RUN_NAME = `${PREFIX}${process.pid}`;

/** In a folder that somebody wanted to keep. */
export const KEPT = "kept";

/** The process whose run made what has this name; `undefined` when it is none of ours. */
export function runOf(name: string): number | undefined {
  const found = new RegExp(`^${PREFIX}(\\d+)(?!\\d)`).exec(name);
  return found === null ? undefined : Number(found[1]);
}
