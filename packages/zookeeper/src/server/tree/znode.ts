import type { AclEntry } from "../../client/zookeeper-client.ts";
import type { WireStat } from "../../jute/records.ts";
import type { SessionId } from "./transaction.ts";

/** One node of the tree, as it is stored. Only `DataTree` changes it. */
export type Znode = {
  /** `undefined` is ZooKeeper's null, which is not the same as no bytes. */
  data: Uint8Array | undefined;
  acl: readonly AclEntry[];
  czxid: number;
  mzxid: number;
  pzxid: number;
  ctime: number;
  mtime: number;
  version: number;
  aversion: number;
  /** How many children were ever created: the counter of sequential names. */
  creations: number;
  owner: SessionId | undefined;
  isContainer: boolean;
  /** Names; absent until there is one. */
  children: Set<string> | undefined;
  /** The snapshot in progress that need not look at this znode any more (see `TreeSnapshot`). */
  capturedBy: number;
};

/**
 * The stat that clients see. The stored counter counts creations; theirs counts changes, and each
 * child that was created is either still there or was also deleted.
 */
export function statOf(znode: Znode): WireStat {
  const numChildren = znode.children === undefined ? 0 : znode.children.size;
  return {
    czxid: znode.czxid,
    mzxid: znode.mzxid,
    ctime: znode.ctime,
    mtime: znode.mtime,
    version: znode.version,
    cversion: (znode.creations * 2 - numChildren) | 0,
    aversion: znode.aversion,
    ephemeralOwner: znode.owner ?? 0,
    dataLength: znode.data === undefined ? 0 : znode.data.length,
    numChildren,
    pzxid: znode.pzxid,
  };
}

/** `/a` for `/a/b`, and the empty name of the root for `/a`. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

export function lastName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
