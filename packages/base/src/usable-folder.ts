import { errorCode, ZoologError } from "./errors.ts";
import type { FileSystem } from "./ports/file-system.ts";

/** Made and removed to see whether the folder takes files. */
const PROBE_FILE = ".zoolog-writable";

/** These pass, or have words of their own where the folder is opened. */
const NOT_THE_FOLDERS_FAULT = ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE"];

/**
 * Makes a data folder when it is missing, and sees that files can be made in it: before anything
 * that takes long, so that a wrong path is the first thing a person reads.
 *
 * @throws ZoologError DATA_FOLDER_UNUSABLE
 */
export async function makeUsableFolder(
  folder: string,
  { fileSystem }: { readonly fileSystem: FileSystem },
): Promise<void> {
  try {
    await fileSystem.makeDirectory(folder);
    const probe = `${folder}/${PROBE_FILE}`;
    await (await fileSystem.open(probe, "write")).close();
    await fileSystem.remove(probe);
  } catch (error) {
    if (NOT_THE_FOLDERS_FAULT.includes(errorCode(error) ?? "")) return;
    throw new ZoologError({
      code: "DATA_FOLDER_UNUSABLE",
      message: `${folder} cannot be used as a data folder`,
      hint: "Name a folder that this user may make or write in.",
      cause: error,
    });
  }
}
