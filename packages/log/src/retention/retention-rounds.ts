import type { LogWriter } from "../append/log-writer.ts";
import type { LogCutter } from "./log-cutter.ts";

type Dependencies = {
  readonly cutter: Pick<LogCutter, "hideExpired" | "removeExpired" | "activeIsExpired">;
  readonly writer: Pick<LogWriter, "roll">;
  /** Runs a change of the log in its place among the appends. */
  readonly change: <T>(task: () => Promise<T>) => Promise<T>;
};

/**
 * Removes what retention does not keep; answers how many segments. Appends wait for each look alone,
 * not for the files.
 */
export async function applyRetention(dependencies: Dependencies): Promise<number> {
  const { cutter, writer, change } = dependencies;
  // What a full disk has left of earlier rounds comes first: its room is needed.
  await cutter.removeExpired();
  const removed = await removeOldest(dependencies);
  // Behind it: on a full disk a new segment needs the room of the old ones.
  const hasRolled = await change(async () => {
    if (!(await cutter.activeIsExpired())) return false;
    await writer.roll();
    return true;
  });
  return hasRolled ? removed + (await removeOldest(dependencies)) : removed;
}

async function removeOldest({ cutter, change }: Dependencies): Promise<number> {
  let removed = 0;
  for (let mayBeMore = true; mayBeMore; ) {
    const hidden = await change(() => cutter.hideExpired());
    removed += hidden.count;
    mayBeMore = hidden.mayBeMore;
  }
  await cutter.removeExpired();
  return removed;
}
