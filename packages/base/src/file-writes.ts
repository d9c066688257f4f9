import { ZoologError } from "./errors.ts";
import type { FileHandle, FileSystem } from "./ports/file-system.ts";

/**
 * Writes every byte of `chunks` from `position`, going on after short writes.
 *
 * @throws ZoologError `ENOSPC` when the disk takes nothing more: Node reports a full disk as a
 *   short write without an error, so a write of 0 bytes is one.
 */
export async function writeFully(
  file: FileHandle,
  chunks: readonly Uint8Array[],
  position: number,
): Promise<number> {
  let rest = chunks;
  let at = position;
  let remaining = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
  while (remaining > 0) {
    const written = await file.write(rest, at);
    if (written === 0) {
      throw new ZoologError({
        code: "ENOSPC",
        message: `no space left for ${remaining} bytes of ${file.path}`,
        retriable: true,
        hint: "Free space on the volume of the data folder.",
      });
    }
    at += written;
    remaining -= written;
    if (remaining > 0) rest = withoutFirst(rest, written);
  }
  return at;
}

function withoutFirst(chunks: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  let skip = bytes;
  for (const chunk of chunks) {
    if (skip >= chunk.length) {
      skip -= chunk.length;
    } else {
      rest.push(skip === 0 ? chunk : chunk.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}

/**
 * Replaces `folder/name` so that a crash or a power cut at any moment leaves the old contents or
 * the new, never a mix: temporary file, fsync, rename, fsync of the folder.
 */
export async function writeFileAtomically(
  fileSystem: FileSystem,
  folder: string,
  name: string,
  contents: Uint8Array,
): Promise<void> {
  const temporary = `${folder}/${name}.tmp`;
  const file = await fileSystem.open(temporary, "write");
  try {
    await file.truncate(0);
    await writeFully(file, [contents], 0);
    await file.datasync();
  } finally {
    await file.close();
  }
  await fileSystem.rename(temporary, `${folder}/${name}`);
  await fileSystem.syncDirectory(folder);
}
