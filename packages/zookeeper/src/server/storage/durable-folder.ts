import { errorCode, type FileSystem } from "@zoolog/base";

/** Creates a folder with its parents so that a power cut does not take it, or them, away again. */
export async function makeDurableFolder(folder: string, fileSystem: FileSystem): Promise<void> {
  const created: string[] = [];
  for (let path = folder; !(await exists(path, fileSystem)); path = parentOf(path)) {
    created.push(path);
  }
  if (created.length === 0) return;
  await fileSystem.makeDirectory(folder);
  for (const path of created) await fileSystem.syncDirectory(parentOf(path));
}

async function exists(path: string, fileSystem: FileSystem): Promise<boolean> {
  if (path === "/" || path === ".") return true;
  try {
    await fileSystem.stat(path);
    return true;
  } catch (error) {
    if (errorCode(error) === "ENOENT") return false;
    throw error;
  }
}

function parentOf(path: string): string {
  const slash = path.replace(/\/+$/, "").lastIndexOf("/");
  if (slash === -1) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}
