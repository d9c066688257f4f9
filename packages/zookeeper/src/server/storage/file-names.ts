/** Names of the files in the data folder, as in docs/formats/zookeeper-txn-log.md. */

const LOG = /^transactions-([0-9a-f]{16})\.log$/;
const SNAPSHOT = /^snapshot-([0-9a-f]{16})\.snap$/;

export function logFileName(baseZxid: number): string {
  return `transactions-${hex(baseZxid)}.log`;
}

export function snapshotFileName(zxid: number): string {
  return `snapshot-${hex(zxid)}.snap`;
}

export type DataFile = { readonly name: string; readonly zxid: number };

export function isUnfinished(name: string): boolean {
  return name.endsWith(".tmp");
}

/** Oldest first. */
export function logFiles(names: readonly string[]): DataFile[] {
  return matching(names, LOG);
}

/** Oldest first. */
export function snapshotFiles(names: readonly string[]): DataFile[] {
  return matching(names, SNAPSHOT);
}

function matching(names: readonly string[], pattern: RegExp): DataFile[] {
  const files = names.flatMap((name) => {
    const digits = pattern.exec(name)?.[1];
    return digits === undefined ? [] : [{ name, zxid: Number.parseInt(digits, 16) }];
  });
  return files.sort((a, b) => a.zxid - b.zxid);
}

function hex(zxid: number): string {
  return zxid.toString(16).padStart(16, "0");
}
