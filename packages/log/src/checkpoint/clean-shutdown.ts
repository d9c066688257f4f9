import type { FileSystem } from "@zoolog/base";
import { isMissing } from "../errors.ts";
import type { DataVolume } from "../volume/data-volume.ts";
import { CLEAN_SHUTDOWN_MARKER } from "../volume/file-names.ts";

/**
 * How the last process that had the log ended.
 *
 * - `"inOrder"`: everything is on the disk.
 * - `"processDied"`: the machine ran on, and with it the page cache. Only the append that was under
 *   way can be torn, so only an incomplete batch at the very end is cut; all else is damage.
 * - `"unclean"`: whatever was not synced may be there, torn or gone.
 */
export type Shutdown = "inOrder" | "processDied" | "unclean";

export async function hasCleanShutdownMarker(
  folder: string,
  fileSystem: FileSystem,
): Promise<boolean> {
  return (await fileSystem.readDirectory(folder)).includes(CLEAN_SHUTDOWN_MARKER);
}

/**
 * Takes the marker of a clean shutdown away, durably. Before any log is opened (KAFKA-10471): a crash
 * while loading must not look like a clean shutdown later.
 */
export async function takeCleanShutdownMarker(
  folder: string,
  fileSystem: FileSystem,
): Promise<void> {
  try {
    await fileSystem.remove(`${folder}/${CLEAN_SHUTDOWN_MARKER}`);
  } catch (error) {
    if (isMissing(error)) return;
    throw error;
  }
  await fileSystem.syncDirectory(folder);
}

/** The last act of a shutdown: everything it vouches for is on the disk (KAFKA-15375). */
export async function leaveCleanShutdownMarker(volume: DataVolume): Promise<void> {
  const contents = Buffer.from('{"version":0,"brokerEpoch":-1}');
  await volume.writeFile(volume.path, CLEAN_SHUTDOWN_MARKER, contents);
}
