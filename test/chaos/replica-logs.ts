import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export type ReplicaDifference = { readonly partition: number; readonly what: string };

/** Compares the bytes of all replicas of a topic in the folders of brokers that have ended. */
export function compareReplicas(
  topic: string,
  partitions: number,
  dataFolders: readonly string[],
): readonly ReplicaDifference[] {
  const differences: ReplicaDifference[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const digests = dataFolders
      .map((folder) => join(folder, `${topic}-${partition}`))
      .filter((folder) => existsSync(folder))
      .map((folder) => ({ folder, ...digestOf(folder) }));
    const [first] = digests;
    const other = digests.find(({ digest }) => digest !== first?.digest);
    if (first === undefined || other === undefined) continue;
    const what = `${first.folder} (${first.bytes} bytes) and ${other.folder} (${other.bytes} bytes)`;
    differences.push({ partition, what });
  }
  return differences;
}

/** Of the batches in offset order; where segments begin is each replica's own affair. */
function digestOf(folder: string): { readonly digest: string; readonly bytes: number } {
  const hash = createHash("sha256");
  let bytes = 0;
  const segments = readdirSync(folder).filter((name) => name.endsWith(".log"));
  for (const segment of segments.sort()) {
    const content = readFileSync(join(folder, segment));
    hash.update(content);
    bytes += content.length;
  }
  return { digest: hash.digest("hex"), bytes };
}
