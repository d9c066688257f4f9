import { assert, unreachable } from "@zoolog/base";
import { ACL_PERMISSIONS, type AclEntry } from "../../client/zookeeper-client.ts";
import type { WireStat } from "../../jute/records.ts";
import { OPEN_ACL } from "./access-control.ts";
import { QuotaCounters } from "./quota-counters.ts";
import type { LoggedTransaction, SessionId, SingleChange } from "./transaction.ts";
import { lastName, parentPath, statOf, type Znode } from "./znode.ts";

/** What clients may be watching for, in the order in which it happened. */
export type TreeEvent = {
  readonly kind: "created" | "deleted" | "dataChanged" | "childrenChanged";
  readonly path: string;
  /** Of the znode it is about: who may not read it is not told. */
  readonly acl: readonly AclEntry[];
};

type Moment = Pick<LoggedTransaction, "zxid" | "time">;

export type TreeObserver = (event: TreeEvent) => void;

/** A znode as a snapshot keeps it: its children are named by their own paths. */
export type ZnodeImage = { readonly path: string; readonly znode: Readonly<Znode> };

const ROOT_PATHS = ["", "/"];
const CONFIG_PATH = "/zookeeper/config";
const READ_ONLY_ACL: readonly AclEntry[] = [
  { scheme: "world", id: "anyone", permissions: ACL_PERMISSIONS.read },
];

/**
 * The znodes, as everybody sees them: only what has been made durable is applied here. Pure and
 * synchronous; `apply` cannot fail, because what it applies was decided against this very tree
 * plus the changes before it (`PendingChanges`).
 *
 * Paths are as on the wire. The root answers to `/` and, being the parent of `/a`, to the empty
 * string.
 */
export class DataTree {
  readonly #znodes = new Map<string, Znode>();
  readonly #ephemerals = new Map<SessionId, Set<string>>();
  readonly #containers = new Set<string>();
  readonly #quotas = new QuotaCounters({
    get: (path) => this.#znodes.get(path),
    setStatistics: (path, data) => {
      this.#mutable(path).data = data;
    },
  });
  #snapshot: TreeSnapshot | undefined;
  #snapshotsBegun = 0;

  private constructor() {}

  /** A tree with what every ZooKeeper has from the start. */
  static empty(): DataTree {
    const tree = new DataTree();
    const bare = (path: string, changes: Partial<Znode> = {}): ZnodeImage => ({
      path,
      znode: { ...newZnode(new Uint8Array(0), OPEN_ACL, 0, 0), ...changes },
    });
    tree.#restore([
      bare("/"),
      bare("/zookeeper"),
      bare("/zookeeper/quota"),
      bare(CONFIG_PATH, { acl: READ_ONLY_ACL, aversion: -1 }),
    ]);
    return tree;
  }

  /** The tree that a snapshot holds; the order of `images` does not matter. */
  static restored(images: Iterable<ZnodeImage>): DataTree {
    const tree = new DataTree();
    tree.#restore(images);
    return tree;
  }

  /** A live view: read it at once, keep nothing of it. */
  get(path: string): Readonly<Znode> | undefined {
    return this.#znodes.get(path);
  }

  /** As ZooKeeper counts: the root twice, under both its names. */
  get znodeCount(): number {
    return this.#znodes.size;
  }

  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.#ephemerals.values()) count += paths.size;
    return count;
  }

  ephemeralsOf(sessionId: SessionId): ReadonlySet<string> {
    return this.#ephemerals.get(sessionId) ?? new Set();
  }

  /** Containers that had children once and have none now. */
  abandonedContainers(): string[] {
    return [...this.#containers].filter((path) => {
      const znode = this.#existing(path);
      return znode.creations > 0 && (znode.children?.size ?? 0) === 0;
    });
  }

  /** Znodes below `path`, at any depth; below the root's other name, the root as well. */
  countDescendants(path: string): number {
    const below = path === "/" ? "" : path;
    let count = path === "" ? 1 : 0;
    const waiting = [below];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      for (const name of this.#existing(next).children ?? []) {
        count += 1;
        waiting.push(`${next}/${name}`);
      }
    }
    return count;
  }

  /**
   * Answers, for each change of the transaction, the stat its znode had right after that change
   * (later parts of a multi may change it again); nothing where there is none.
   */
  apply(logged: LoggedTransaction, observe: TreeObserver = () => {}): (WireStat | undefined)[] {
    const { transaction } = logged;
    switch (transaction.type) {
      case "multi":
        return transaction.changes.map((change) => this.#change(change, logged, observe));
      case "createSession":
        return [];
      case "closeSession":
        for (const path of transaction.paths) this.#delete(path, logged.zxid, observe);
        this.#ephemerals.delete(transaction.sessionId);
        return [];
      case "create":
      case "delete":
      case "setData":
      case "setAcl":
      case "check":
        return [this.#change(transaction, logged, observe)];
      default:
        return unreachable(transaction);
    }
  }

  /**
   * Begins to read the tree out as it is at this moment, while it goes on changing. One at a time.
   */
  beginSnapshot(): TreeSnapshot {
    assert(this.#snapshot === undefined, "a snapshot is in progress already");
    this.#snapshotsBegun += 1;
    this.#snapshot = new TreeSnapshot({
      number: this.#snapshotsBegun,
      znodes: this.#znodes,
      onEnd: () => {
        this.#snapshot = undefined;
      },
    });
    return this.#snapshot;
  }

  #change(change: SingleChange, at: Moment, observe: TreeObserver): WireStat | undefined {
    switch (change.type) {
      case "create":
        return this.#create(change, at, observe);
      case "delete":
        this.#delete(change.path, at.zxid, observe);
        return undefined;
      case "setData":
        return this.#setData(change, at, observe);
      case "setAcl": {
        const znode = this.#mutable(change.path);
        znode.acl = change.acl;
        znode.aversion = change.version;
        return statOf(znode);
      }
      case "check":
        return undefined;
      default:
        return unreachable(change);
    }
  }

  #create(
    change: Extract<SingleChange, { type: "create" }>,
    { zxid, time }: Moment,
    observe: TreeObserver,
  ): WireStat {
    const { path, owner } = change;
    const parentName = parentPath(path);
    const parent = this.#mutable(parentName);
    parent.creations = change.parentCreations;
    parent.pzxid = zxid;
    const znode = newZnode(change.data, change.acl, zxid, time);
    znode.owner = owner;
    znode.isContainer = change.isContainer;
    this.#add(path, znode);
    this.#snapshot?.skip(znode);
    link(parent, lastName(path));
    this.#quotas.created(path, sizeOf(change.data));
    observe({ kind: "created", path, acl: change.acl });
    observe({ kind: "childrenChanged", path: watchedPath(parentName), acl: parent.acl });
    return statOf(znode);
  }

  #delete(path: string, zxid: number, observe: TreeObserver): void {
    const parentName = parentPath(path);
    const parent = this.#mutable(parentName);
    const znode = this.#mutable(path);
    assert((znode.children?.size ?? 0) === 0, () => `${path} has children`);
    parent.children?.delete(lastName(path));
    parent.pzxid = zxid;
    this.#znodes.delete(path);
    this.#containers.delete(path);
    if (znode.owner !== undefined) this.#ephemerals.get(znode.owner)?.delete(path);
    this.#quotas.deleted(path, sizeOf(znode.data));
    observe({ kind: "deleted", path, acl: znode.acl });
    observe({ kind: "childrenChanged", path: watchedPath(parentName), acl: parent.acl });
  }

  #setData(
    change: Extract<SingleChange, { type: "setData" }>,
    { zxid, time }: Moment,
    observe: TreeObserver,
  ): WireStat {
    const znode = this.#mutable(change.path);
    this.#quotas.changed(change.path, sizeOf(change.data) - sizeOf(znode.data));
    znode.data = change.data;
    znode.version = change.version;
    znode.mzxid = zxid;
    znode.mtime = time;
    observe({ kind: "dataChanged", path: change.path, acl: znode.acl });
    return statOf(znode);
  }

  #existing(path: string): Znode {
    const znode = this.#znodes.get(path);
    assert(znode !== undefined, () => `no znode ${path}`);
    return znode;
  }

  /** The znode, kept as it is for the snapshot in progress before it changes. */
  #mutable(path: string): Znode {
    const znode = this.#existing(path);
    this.#snapshot?.keep(path, znode);
    return znode;
  }

  #add(path: string, znode: Znode): void {
    assert(!this.#znodes.has(path), () => `${path} exists already`);
    this.#znodes.set(path, znode);
    if (znode.isContainer) this.#containers.add(path);
    if (znode.owner === undefined) return;
    const paths = this.#ephemerals.get(znode.owner);
    if (paths === undefined) this.#ephemerals.set(znode.owner, new Set([path]));
    else paths.add(path);
  }

  #restore(images: Iterable<ZnodeImage>): void {
    for (const { path, znode } of images) {
      this.#add(path, { ...znode, children: undefined, capturedBy: 0 });
    }
    const root = this.#existing("/");
    this.#znodes.set("", root);
    for (const path of this.#znodes.keys()) {
      if (!ROOT_PATHS.includes(path)) link(this.#existing(parentPath(path)), lastName(path));
    }
    this.#quotas.restore(this.#znodes.keys());
  }
}

/**
 * The tree as it was when the snapshot began, read out piece by piece between changes: a znode
 * that is about to change and has not been read yet is put aside first; one that was created since
 * is passed over.
 */
export class TreeSnapshot {
  readonly #number: number;
  readonly #unread: Iterator<[string, Znode]>;
  readonly #onEnd: () => void;
  #putAside: ZnodeImage[] = [];
  #ended = false;

  constructor(options: {
    /** Not used before in this tree, above 0. */
    readonly number: number;
    readonly znodes: ReadonlyMap<string, Znode>;
    readonly onEnd: () => void;
  }) {
    this.#number = options.number;
    this.#unread = options.znodes.entries();
    this.#onEnd = options.onEnd;
  }

  /** Up to `countMax` (at least 1) znodes, in no order; none when all have been read. */
  next(countMax: number): ZnodeImage[] {
    assert(!this.#ended, "a snapshot that was given up is not read on");
    const images = this.#putAside.splice(0, countMax);
    while (images.length < countMax) {
      const { value, done } = this.#unread.next();
      if (done === true) break;
      const [path, znode] = value;
      if (path === "" || znode.capturedBy === this.#number) continue;
      znode.capturedBy = this.#number;
      images.push({ path, znode: { ...znode } });
    }
    if (images.length === 0) this.end();
    return images;
  }

  keep(path: string, znode: Znode): void {
    if (znode.capturedBy === this.#number) return;
    znode.capturedBy = this.#number;
    this.#putAside.push({ path: watchedPath(path), znode: { ...znode } });
  }

  skip(znode: Znode): void {
    znode.capturedBy = this.#number;
  }

  /** Gives up, or has finished: changes are free of it from here on. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#putAside = [];
    this.#onEnd();
  }
}

function newZnode(
  data: Uint8Array | undefined,
  acl: readonly AclEntry[],
  zxid: number,
  time: number,
): Znode {
  return {
    data,
    acl,
    czxid: zxid,
    mzxid: zxid,
    pzxid: zxid,
    ctime: time,
    mtime: time,
    version: 0,
    aversion: 0,
    creations: 0,
    owner: undefined,
    isContainer: false,
    children: undefined,
    capturedBy: 0,
  };
}

function sizeOf(data: Uint8Array | undefined): number {
  return data === undefined ? 0 : data.length;
}

function link(parent: Znode, name: string): void {
  if (parent.children === undefined) parent.children = new Set([name]);
  else parent.children.add(name);
}

/** Clients know the root as `/` only. */
function watchedPath(path: string): string {
  return path === "" ? "/" : path;
}
