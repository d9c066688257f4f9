import type { AclEntry } from "../../client/zookeeper-client.ts";
import type { DataTree } from "../tree/data-tree.ts";
import type { SessionId } from "../tree/transaction.ts";

/** What a decision needs to know of a znode. */
export type ZnodeOutlook = {
  readonly version: number;
  readonly aversion: number;
  readonly creations: number;
  readonly childCount: number;
  readonly owner: SessionId | undefined;
  readonly isContainer: boolean;
  readonly acl: readonly AclEntry[];
};

type PendingChange = {
  readonly zxid: number;
  /** `undefined`: it will be gone. */
  readonly znode: ZnodeOutlook | undefined;
};

/** The tree as it will be. Decisions read it and note what they decide. */
export interface TreeOutlook {
  get(path: string): ZnodeOutlook | undefined;
  set(path: string, znode: ZnodeOutlook | undefined): void;
  ephemeralsOf(sessionId: SessionId): Set<string>;
}

/**
 * The tree as it will be once everything decided so far has become durable: the tree itself, under
 * the changes that wait. A multi decides on a `draft` of it, which is thrown away when it fails.
 */
export class PendingChanges {
  readonly #tree: DataTree;
  readonly #changes = new Map<string, PendingChange>();

  constructor(tree: DataTree) {
    this.#tree = tree;
  }

  get size(): number {
    return this.#changes.size;
  }

  /** Where transaction `zxid` is decided. Nothing is noted before `keep`. */
  draft(zxid: number): Draft {
    return new Draft(this, zxid);
  }

  get(path: string): ZnodeOutlook | undefined {
    const pending = this.#changes.get(path);
    if (pending !== undefined) return pending.znode;
    const znode = this.#tree.get(path);
    if (znode === undefined) return undefined;
    const { version, aversion, creations, owner, isContainer, acl } = znode;
    const childCount = znode.children === undefined ? 0 : znode.children.size;
    return { version, aversion, creations, childCount, owner, isContainer, acl };
  }

  ephemeralsOf(sessionId: SessionId): Set<string> {
    const paths = new Set(this.#tree.ephemeralsOf(sessionId));
    for (const [path, { znode }] of this.#changes) noteEphemeral(paths, path, znode, sessionId);
    return paths;
  }

  keep(zxid: number, changes: ReadonlyMap<string, ZnodeOutlook | undefined>): void {
    for (const [path, znode] of changes) this.#changes.set(path, { zxid, znode });
  }

  /** Transaction `zxid`, which changed these paths, is in the tree now. */
  forget(zxid: number, paths: Iterable<string>): void {
    for (const path of paths) {
      if (this.#changes.get(path)?.zxid === zxid) this.#changes.delete(path);
    }
  }
}

class Draft implements TreeOutlook {
  readonly #below: PendingChanges;
  readonly #zxid: number;
  readonly #changes = new Map<string, ZnodeOutlook | undefined>();

  constructor(below: PendingChanges, zxid: number) {
    this.#below = below;
    this.#zxid = zxid;
  }

  get(path: string): ZnodeOutlook | undefined {
    const name = path === "" ? "/" : path;
    return this.#changes.has(name) ? this.#changes.get(name) : this.#below.get(name);
  }

  set(path: string, znode: ZnodeOutlook | undefined): void {
    this.#changes.set(path === "" ? "/" : path, znode);
  }

  ephemeralsOf(sessionId: SessionId): Set<string> {
    const paths = this.#below.ephemeralsOf(sessionId);
    for (const [path, znode] of this.#changes) noteEphemeral(paths, path, znode, sessionId);
    return paths;
  }

  /** The changes wait from here on; answers their paths, to be forgotten when they are applied. */
  keep(): readonly string[] {
    this.#below.keep(this.#zxid, this.#changes);
    return [...this.#changes.keys()];
  }
}

function noteEphemeral(
  paths: Set<string>,
  path: string,
  znode: ZnodeOutlook | undefined,
  sessionId: SessionId,
): void {
  if (znode?.owner === sessionId) paths.add(path);
  else paths.delete(path);
}
