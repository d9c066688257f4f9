import { WireWriter } from "./wire-bytes.ts";

/** A request of ZooKeeper's protocol without its header. */
export type WireRequest = { readonly opCode: number; readonly body: Buffer };

export type WireAcl = readonly (readonly [permissions: number, scheme: string, id: string])[];

export type WireCreateOptions = {
  readonly data?: string | undefined;
  /** `CreateMode` by number; default 0, persistent. */
  readonly flags?: number;
  readonly acl?: WireAcl;
};

const OPEN: WireAcl = [[31, "world", "anyone"]];

function request(opCode: number, write: (writer: WireWriter) => void = () => {}): WireRequest {
  const writer = new WireWriter();
  write(writer);
  return { opCode, body: writer.bytes() };
}

function writeCreate(writer: WireWriter, path: string, options: WireCreateOptions): void {
  writer.string(path);
  writer.buffer("data" in options ? bytesOf(options.data) : Buffer.alloc(0));
  writeAcl(writer, options.acl ?? OPEN);
  writer.int(options.flags ?? 0);
}

function writeAcl(writer: WireWriter, acl: WireAcl): void {
  writer.int(acl.length);
  for (const [permissions, scheme, id] of acl) writer.int(permissions).string(scheme).string(id);
}

function bytesOf(data: string | undefined): Buffer | undefined {
  return data === undefined ? undefined : Buffer.from(data);
}

const path = (opCode: number) => (znode: string) => request(opCode, (w) => w.string(znode));

const watchable =
  (opCode: number) =>
  (znode: string, watch = false) =>
    request(opCode, (writer) => writer.string(znode).boolean(watch));

function multi(opCode: number, parts: readonly WireRequest[]): WireRequest {
  return request(opCode, (writer) => {
    for (const part of parts) writer.int(part.opCode).boolean(false).int(-1).raw(part.body);
    writer.int(-1).boolean(true).int(-1);
  });
}

/** Requests, by their names in ZooKeeper. */
export const wireRequests = {
  create: (znode: string, options: WireCreateOptions = {}) =>
    request(1, (writer) => writeCreate(writer, znode, options)),
  create2: (znode: string, options: WireCreateOptions = {}) =>
    request(15, (writer) => writeCreate(writer, znode, options)),
  createContainer: (znode: string, options: WireCreateOptions = {}) =>
    request(19, (writer) => writeCreate(writer, znode, { flags: 4, ...options })),
  createTtl: (znode: string, ttlMs: number) =>
    request(21, (writer) => {
      writeCreate(writer, znode, { flags: 5 });
      writer.long(BigInt(ttlMs));
    }),
  delete: (znode: string, version = -1) => request(2, (w) => w.string(znode).int(version)),
  setData: (znode: string, data: string | undefined, version = -1) =>
    request(5, (writer) => writer.string(znode).buffer(bytesOf(data)).int(version)),
  setAcl: (znode: string, acl: WireAcl, version = -1) =>
    request(7, (writer) => {
      writer.string(znode);
      writeAcl(writer, acl);
      writer.int(version);
    }),
  check: (znode: string, version: number) => request(13, (w) => w.string(znode).int(version)),
  multi: (...parts: readonly WireRequest[]) => multi(14, parts),
  multiRead: (...parts: readonly WireRequest[]) => multi(22, parts),
  exists: watchable(3),
  getData: watchable(4),
  getChildren: watchable(8),
  getChildren2: watchable(12),
  getAcl: path(6),
  sync: path(9),
  getAllChildrenNumber: path(104),
  getEphemerals: path(103),
  addWatch: (znode: string, mode: number) => request(106, (w) => w.string(znode).int(mode)),
  checkWatches: (znode: string, type: number) => request(17, (w) => w.string(znode).int(type)),
  removeWatches: (znode: string, type: number) => request(18, (w) => w.string(znode).int(type)),
  setWatches: (
    seenZxid: number,
    watches: { data?: string[]; exist?: string[]; child?: string[] },
  ) =>
    request(101, (writer) => {
      writer.long(BigInt(seenZxid));
      writer
        .strings(watches.data ?? [])
        .strings(watches.exist ?? [])
        .strings(watches.child ?? []);
    }),
  /** SetWatches of clients that know persistent watches. */
  setWatches2: (
    seenZxid: number,
    watches: {
      data?: readonly string[];
      exist?: readonly string[];
      child?: readonly string[];
      persistent?: readonly string[];
      recursive?: readonly string[];
    },
  ) =>
    request(105, (writer) => {
      writer.long(BigInt(seenZxid));
      const { data = [], exist = [], child = [], persistent = [], recursive = [] } = watches;
      for (const paths of [data, exist, child, persistent, recursive]) writer.strings(paths);
    }),
  whoAmI: () => request(107),
  closeSession: () => request(-11),
} as const;
