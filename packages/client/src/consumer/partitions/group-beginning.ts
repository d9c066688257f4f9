/**
 * A partition without a committed offset was added since the group began to read its topic, or the
 * group is just beginning and its member has not come to it yet. The two begin at different places,
 * and offsets do not tell them apart. So each committed offset has a note beside it: how many
 * partitions the topic had then.
 */
const NOTE = /^group began with (\d+) partitions?$/u;

export function noteOfBeginning(partitionCount: number): string {
  return `group began with ${partitionCount} partition${partitionCount === 1 ? "" : "s"}`;
}

/** `undefined`: an offset that a tool, another client or the user has committed. */
export function partitionsAtBeginning(note: string | undefined): number | undefined {
  const count = NOTE.exec(note ?? "")?.[1];
  return count === undefined ? undefined : Number(count);
}
