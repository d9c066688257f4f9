import type {
  AclEntry,
  CreateMode,
  Operation,
  OperationResult,
  ZnodeStat,
  ZooKeeperErrorCode,
} from "@zoolog/zookeeper";

/** A change that watches may wait for. */
export type ZnodeEvent = {
  readonly kind: "created" | "deleted" | "dataChanged" | "childrenChanged";
  readonly path: string;
};

export type TransactionResult =
  | {
      readonly ok: true;
      readonly results: readonly OperationResult[];
      readonly events: readonly ZnodeEvent[];
    }
  | { readonly ok: false; readonly code: ZooKeeperErrorCode; readonly index: number };

type MutableStat = { -readonly [Key in keyof ZnodeStat]: ZnodeStat[Key] };

type MemoryZnode = {
  data: Uint8Array;
  acl: readonly AclEntry[];
  readonly stat: Omit<MutableStat, "dataLength" | "numChildren">;
  readonly children: Set<string>;
};

const WORLD: readonly AclEntry[] = [{ scheme: "world", id: "anyone", permissions: 31 }];

/** A refusal on the way through a transaction; it is rolled back. */
class Refused extends Error {
  readonly code: ZooKeeperErrorCode;

  constructor(code: ZooKeeperErrorCode) {
    super(code);
    this.code = code;
  }
}

/** The tree of znodes as ZooKeeper 3.8 keeps it: versions, zxids, sequences, all-or-nothing. */
export class MemoryZnodes {
  readonly #znodes = new Map<string, MemoryZnode>();
  #zxid = 0;

  constructor() {
    this.#znodes.set("/", newZnode({ data: new Uint8Array(0), zxid: 0, now: 0 }));
  }

  get zxid(): number {
    return this.#zxid;
  }

  /** Frozen, as a server that lags behind sees it. */
  copy(): MemoryZnodes {
    const copy = new MemoryZnodes();
    copy.#zxid = this.#zxid;
    for (const [path, znode] of this.#znodes) {
      copy.#znodes.set(path, {
        ...znode,
        stat: { ...znode.stat },
        children: new Set(znode.children),
      });
    }
    return copy;
  }

  stat(path: string): ZnodeStat | undefined {
    const znode = this.#znodes.get(path);
    return znode === undefined ? undefined : statOf(znode);
  }

  data(path: string): Uint8Array | undefined {
    return this.#znodes.get(path)?.data;
  }

  acl(path: string): readonly AclEntry[] | undefined {
    return this.#znodes.get(path)?.acl;
  }

  /** Names, sorted. */
  children(path: string): readonly string[] | undefined {
    const znode = this.#znodes.get(path);
    return znode === undefined ? undefined : [...znode.children].sort();
  }

  ephemeralsOf(sessionId: string): readonly string[] {
    return [...this.#znodes]
      .filter(([, znode]) => znode.stat.ephemeralOwner === sessionId)
      .map(([path]) => path);
  }

  /** All or nothing; a transaction takes a zxid also when it is refused, as in ZooKeeper. */
  run(operations: readonly Operation[], sessionId: string, now: number): TransactionResult {
    this.#zxid += 1;
    const transaction: Transaction = { zxid: this.#zxid, sessionId, now, undo: [], events: [] };
    const results: OperationResult[] = [];
    for (const [index, operation] of operations.entries()) {
      try {
        results.push(this.#runOne(operation, transaction));
      } catch (error) {
        for (const undo of transaction.undo.reverse()) undo();
        if (error instanceof Refused) return { ok: false, code: error.code, index };
        throw error;
      }
    }
    return { ok: true, results, events: transaction.events };
  }

  setAcl(
    path: string,
    acl: readonly AclEntry[],
    version: number | undefined,
  ): ZnodeStat | "refused" {
    this.#zxid += 1;
    const znode = this.#znodes.get(path);
    if (znode === undefined) return "refused";
    if (version !== undefined && version !== znode.stat.aversion) return "refused";
    znode.acl = acl;
    znode.stat.aversion += 1;
    return statOf(znode);
  }

  #runOne(operation: Operation, transaction: Transaction): OperationResult {
    switch (operation.type) {
      case "create":
        return this.#create(operation, transaction);
      case "setData":
        return this.#setData(operation, transaction);
      case "remove":
        return this.#remove(operation, transaction);
      case "check":
        this.#expect(operation.path, operation.version);
        return { type: "check" };
    }
  }

  #create(
    operation: Extract<Operation, { type: "create" }>,
    transaction: Transaction,
  ): OperationResult {
    const mode: CreateMode = operation.mode ?? "persistent";
    const parentPath = parentOf(operation.path);
    const parent = this.#expect(parentPath, undefined);
    if (parent.stat.ephemeralOwner !== undefined) throw new Refused("NO_CHILDREN_FOR_EPHEMERALS");
    const path = mode.endsWith("Sequential")
      ? `${operation.path}${String(parent.stat.cversion).padStart(10, "0")}`
      : operation.path;
    if (this.#znodes.has(path)) throw new Refused("NODE_EXISTS");

    const { zxid, now, sessionId } = transaction;
    const znode = newZnode({ data: Uint8Array.from(operation.data), zxid, now });
    if (mode.startsWith("ephemeral")) znode.stat.ephemeralOwner = sessionId;
    if (operation.acl !== undefined) znode.acl = operation.acl;
    this.#znodes.set(path, znode);
    this.#touchChildren(parent, transaction, () => parent.children.add(nameOf(path)));
    transaction.undo.push(() => {
      this.#znodes.delete(path);
      parent.children.delete(nameOf(path));
    });
    transaction.events.push(
      { kind: "created", path },
      { kind: "childrenChanged", path: parentPath },
    );
    return { type: "create", path };
  }

  #setData(
    operation: Extract<Operation, { type: "setData" }>,
    transaction: Transaction,
  ): OperationResult {
    const znode = this.#expect(operation.path, operation.version);
    const { data } = znode;
    const { version, mzxid, mtime } = znode.stat;
    transaction.undo.push(() => {
      znode.data = data;
      Object.assign(znode.stat, { version, mzxid, mtime });
    });
    znode.data = Uint8Array.from(operation.data);
    znode.stat.version += 1;
    znode.stat.mzxid = transaction.zxid;
    znode.stat.mtime = transaction.now;
    transaction.events.push({ kind: "dataChanged", path: operation.path });
    return { type: "setData", stat: statOf(znode) };
  }

  #remove(
    operation: Extract<Operation, { type: "remove" }>,
    transaction: Transaction,
  ): OperationResult {
    const { path } = operation;
    const znode = this.#expect(path, operation.version);
    if (znode.children.size > 0) throw new Refused("NOT_EMPTY");
    const parentPath = parentOf(path);
    const parent = this.#expect(parentPath, undefined);
    this.#znodes.delete(path);
    this.#touchChildren(parent, transaction, () => parent.children.delete(nameOf(path)));
    transaction.undo.push(() => {
      this.#znodes.set(path, znode);
      parent.children.add(nameOf(path));
    });
    transaction.events.push(
      { kind: "deleted", path },
      { kind: "childrenChanged", path: parentPath },
    );
    return { type: "remove" };
  }

  #touchChildren(parent: MemoryZnode, transaction: Transaction, change: () => void): void {
    const { cversion, pzxid } = parent.stat;
    transaction.undo.push(() => Object.assign(parent.stat, { cversion, pzxid }));
    change();
    parent.stat.cversion += 1;
    parent.stat.pzxid = transaction.zxid;
  }

  #expect(path: string, version: number | undefined): MemoryZnode {
    const znode = this.#znodes.get(path);
    if (znode === undefined) throw new Refused("NO_NODE");
    if (version !== undefined && version !== znode.stat.version) throw new Refused("BAD_VERSION");
    return znode;
  }
}

type Transaction = {
  readonly zxid: number;
  readonly sessionId: string;
  readonly now: number;
  readonly undo: (() => void)[];
  readonly events: ZnodeEvent[];
};

function newZnode(options: {
  readonly data: Uint8Array;
  readonly zxid: number;
  readonly now: number;
}): MemoryZnode {
  const { data, zxid, now } = options;
  return {
    data,
    acl: WORLD,
    stat: {
      czxid: zxid,
      mzxid: zxid,
      pzxid: zxid,
      ctime: now,
      mtime: now,
      version: 0,
      cversion: 0,
      aversion: 0,
      ephemeralOwner: undefined,
    },
    children: new Set(),
  };
}

function statOf(znode: MemoryZnode): ZnodeStat {
  return {
    ...znode.stat,
    dataLength: znode.data.length,
    numChildren: znode.children.size,
  };
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
