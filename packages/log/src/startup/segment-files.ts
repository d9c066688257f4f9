import type { FileSystem, Offset } from "@zoolog/base";
import {
  DELETED_LOG_SUFFIX,
  LOG_SUFFIX,
  OFFSET_INDEX_SUFFIX,
  segmentBaseOffset,
  TIME_INDEX_SUFFIX,
} from "../volume/file-names.ts";

/** A `.log` file as found. */
export type FoundSegment = { readonly baseOffset: Offset; readonly sizeInBytes: number };

export type FoundFiles = {
  readonly segments: readonly FoundSegment[];
  /** Temporary files, files already given up, and indexes whose log is gone. */
  readonly leftovers: readonly string[];
  /** Base offsets of segments that retention gave up, in order; they are leftovers, too. */
  readonly givenUp: readonly Offset[];
};

/** The segment files in order, and what interrupted work has left. */
export async function findSegmentFiles(
  folder: string,
  fileSystem: FileSystem,
): Promise<FoundFiles> {
  const names = await fileSystem.readDirectory(folder);
  const logs = new Set(names.filter((name) => name.endsWith(LOG_SUFFIX)));
  const segments: FoundSegment[] = [];
  const leftovers: string[] = [];
  const givenUp: Offset[] = [];
  for (const name of names) {
    const given = segmentBaseOffset(name, DELETED_LOG_SUFFIX);
    if (given !== undefined) givenUp.push(given);
    const baseOffset = segmentBaseOffset(name, LOG_SUFFIX);
    if (baseOffset !== undefined) {
      const { sizeBytes } = await fileSystem.stat(`${folder}/${name}`);
      segments.push({ baseOffset, sizeInBytes: sizeBytes });
    } else if (isLeftover(name, logs)) {
      leftovers.push(`${folder}/${name}`);
    }
  }
  segments.sort((a, b) => a.baseOffset - b.baseOffset);
  return { segments, leftovers, givenUp: givenUp.sort((a, b) => a - b) };
}

function isLeftover(name: string, logs: ReadonlySet<string>): boolean {
  if (name.endsWith(".tmp") || name.endsWith(".deleted")) return true;
  return [OFFSET_INDEX_SUFFIX, TIME_INDEX_SUFFIX].some(
    (suffix) =>
      segmentBaseOffset(name, suffix) !== undefined &&
      !logs.has(`${name.slice(0, -suffix.length)}${LOG_SUFFIX}`),
  );
}
