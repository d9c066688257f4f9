import { inParallel, timestamp } from "@zoolog/base";
import { isMalformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { READS_IN_FLIGHT_MAX } from "../limits.ts";
import { offsetPath } from "../paths.ts";
import { decodeOffset } from "../znodes/offset-znode.ts";
import { znodeName } from "./group-names.ts";
import type { WaitingChanges } from "./waiting-changes.ts";
import type { ChangeUnit } from "./znode-changes.ts";

/**
 * Removals of the offsets that are still of the topic they were seen to be of. Looked at again when
 * all writes before them have arrived, and before the next: whoever saw them may have seen what was
 * about to be replaced by an offset of the topic that has the name now.
 */
export async function staleOffsetUnits(
  { groups }: WaitingChanges,
  multi: FencedMulti,
): Promise<readonly ChangeUnit[]> {
  const seen = [...groups].flatMap(([groupId, { topics }]) =>
    [...topics].flatMap(([topic, { stale }]) =>
      [...stale].map(([partition, topicId]) => ({
        path: offsetPath(znodeName(groupId), znodeName(topic), partition),
        topicId,
      })),
    ),
  );
  const units = await inParallel(seen, { atOnceMax: READS_IN_FLIGHT_MAX }, async (one) => {
    const { path, topicId } = one;
    const isStill = (await topicIdAt(path, multi)) === topicId;
    return isStill ? { parents: [], changes: [{ path, data: undefined }] } : undefined;
  });
  return units.filter((unit) => unit !== undefined);
}

async function topicIdAt(path: string, multi: FencedMulti): Promise<string | undefined> {
  const znode = await multi.read((client) => ifThere(client.getData(path)));
  if (znode === undefined) return undefined;
  try {
    return decodeOffset(path, znode.data, timestamp(znode.stat.mtime)).topicId;
  } catch (error) {
    if (isMalformed(error)) return undefined;
    throw error;
  }
}
