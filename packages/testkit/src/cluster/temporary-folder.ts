import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type TemporaryFolder = { readonly path: string; remove(): Promise<void> };

/** A folder of a test's own on the real disk; the test removes it. */
export async function temporaryFolder(): Promise<TemporaryFolder> {
  const path = await mkdtemp(join(tmpdir(), "zoolog-test-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
