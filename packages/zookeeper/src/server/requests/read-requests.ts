import { ACL_PERMISSIONS } from "../../client/zookeeper-client.ts";
import { WIRE_ERROR_CODES } from "../../errors.ts";
import { type JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import type { JuteWriter } from "../../jute/jute-writer.ts";
import { OP_CODES } from "../../jute/op-codes.ts";
import {
  readMultiHeader,
  readPaths,
  writeAcl,
  writeMultiHeader,
  writeStat,
} from "../../jute/records.ts";
import type { Refusal } from "../decisions/write-decisions.ts";
import type { ClientConnection } from "../sessions/client-connection.ts";
import { permits, withoutDigests } from "../tree/access-control.ts";
import type { DataTree } from "../tree/data-tree.ts";
import { WATCH_MODES, WATCHER_TYPES, type WatchRegistry } from "../tree/watch-registry.ts";
import { statOf, type Znode } from "../tree/znode.ts";
import { endMulti, writeErrorResult } from "../wire/reply-encoder.ts";

export type ReadContext = {
  readonly connection: ClientConnection;
  readonly tree: DataTree;
  readonly watches: WatchRegistry;
  readonly writer: JuteWriter;
};

/** Writes the body of the answer, or says why there is none. */
type ReadHandler = (reader: JuteReader, context: ReadContext) => Refusal | undefined;

/** A few times what clients accept: one small request must not fill the server's memory. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

const HANDLERS: ReadonlyMap<number, ReadHandler> = new Map<number, ReadHandler>([
  [OP_CODES.ping, () => undefined],
  [OP_CODES.sync, sync],
  [OP_CODES.exists, exists],
  [OP_CODES.check, check],
  [OP_CODES.getData, (reader, context) => getData(readPathAndWatch(reader), context)],
  [OP_CODES.getAcl, getAcl],
  [OP_CODES.getChildren, (reader, context) => getChildren(readPathAndWatch(reader), context)],
  [OP_CODES.getChildren2, getChildren2],
  [OP_CODES.getAllChildrenNumber, getAllChildrenNumber],
  [OP_CODES.getEphemerals, getEphemerals],
  [OP_CODES.multiRead, multiRead],
  [OP_CODES.setWatches, (reader, context) => setWatches(reader, context, { persistent: false })],
  [OP_CODES.setWatches2, (reader, context) => setWatches(reader, context, { persistent: true })],
  [OP_CODES.addWatch, addWatch],
  [OP_CODES.checkWatches, checkWatches],
  [OP_CODES.removeWatches, removeWatches],
  [OP_CODES.whoAmI, whoAmI],
]);

export function isRead(opCode: number): boolean {
  return HANDLERS.has(opCode);
}

/**
 * Answers what leaves the tree as it is, from the tree as it is now.
 *
 * @throws ZoologError `MALFORMED_JUTE`
 */
export function answerRead(
  opCode: number,
  reader: JuteReader,
  context: ReadContext,
): Refusal | undefined {
  const refused = HANDLERS.get(opCode)?.(reader, context);
  if (refused === undefined && context.writer.length > REPLY_BYTES_MAX) return "SYSTEM_ERROR";
  return refused;
}

type PathAndWatch = { readonly path: string; readonly watch: boolean };

function readPathAndWatch(reader: JuteReader): PathAndWatch {
  return { path: reader.requiredString(), watch: reader.boolean() };
}

function sync(reader: JuteReader, { writer }: ReadContext): undefined {
  writer.string(reader.string());
}

/** Needs no permission, as in ZooKeeper. A watch on a znode that is not there waits for it. */
function exists(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const { path, watch } = readPathAndWatch(reader);
  if (path.includes("\0")) return "BAD_ARGUMENTS";
  if (watch && !setWatch(path, WATCH_MODES.data, context)) return "THROTTLED_OP";
  const znode = context.tree.get(path);
  if (znode === undefined) return "NO_NODE";
  writeStat(context.writer, statOf(znode));
  return undefined;
}

/** Outside of a multi it is of little use; it answers the stat of the znode. */
function check(reader: JuteReader, { tree, connection, writer }: ReadContext): Refusal | undefined {
  const path = reader.requiredString();
  const version = reader.int();
  const znode = readable(path, tree, connection);
  if (typeof znode === "string") return znode;
  if (version !== -1 && version !== znode.version) return "BAD_VERSION";
  writeStat(writer, statOf(znode));
  return undefined;
}

function getData({ path, watch }: PathAndWatch, context: ReadContext): Refusal | undefined {
  const znode = readable(path, context.tree, context.connection);
  if (typeof znode === "string") return znode;
  if (watch && !setWatch(path, WATCH_MODES.data, context)) return "THROTTLED_OP";
  context.writer.buffer(znode.data);
  writeStat(context.writer, statOf(znode));
  return undefined;
}

function getChildren({ path, watch }: PathAndWatch, context: ReadContext): Refusal | undefined {
  const znode = readable(path, context.tree, context.connection);
  if (typeof znode === "string") return znode;
  if (watch && !setWatch(path, WATCH_MODES.child, context)) return "THROTTLED_OP";
  context.writer.vector(znode.children ?? [], (name) => context.writer.string(name));
  return undefined;
}

function getChildren2(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const request = readPathAndWatch(reader);
  const refused = getChildren(request, context);
  if (refused !== undefined) return refused;
  const znode = context.tree.get(request.path);
  if (znode !== undefined) writeStat(context.writer, statOf(znode));
  return undefined;
}

function getAllChildrenNumber(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const path = reader.requiredString();
  const znode = readable(path, context.tree, context.connection);
  if (typeof znode === "string") return znode;
  context.writer.int(context.tree.countDescendants(path));
  return undefined;
}

/** Who may only read, and not administer, sees no password hashes. */
function getAcl(
  reader: JuteReader,
  { tree, connection, writer }: ReadContext,
): Refusal | undefined {
  const { credentials } = connection;
  const znode = tree.get(reader.requiredString());
  if (znode === undefined) return "NO_NODE";
  const either = ACL_PERMISSIONS.read | ACL_PERMISSIONS.admin;
  if (!permits(znode.acl, either, credentials)) return "NO_AUTH";
  const seesAll = permits(znode.acl, ACL_PERMISSIONS.admin, credentials);
  writeAcl(writer, seesAll ? znode.acl : withoutDigests(znode.acl));
  writeStat(writer, statOf(znode));
  return undefined;
}

/** Of the asking session, below a prefix of the path. */
function getEphemerals(reader: JuteReader, { tree, connection, writer }: ReadContext): undefined {
  const prefix = reader.string() ?? "";
  const all = connection.session === undefined ? [] : tree.ephemeralsOf(connection.session.id);
  const wantsAll = ["", "/"].includes(prefix.trim());
  const paths = [...all].filter((path) => wantsAll || path.startsWith(prefix));
  writer.vector(paths, (path) => writer.string(path));
}

function multiRead(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const parts = readMultiReadParts(reader);
  const { writer } = context;
  for (const { opCode, path } of parts) {
    const start = writer.length;
    writeMultiHeader(writer, { type: opCode, done: false, error: 0 });
    const request = { path, watch: false };
    const refused =
      opCode === OP_CODES.getData ? getData(request, context) : getChildren(request, context);
    if (refused !== undefined) {
      writer.truncateTo(start);
      writeErrorResult(writer, WIRE_ERROR_CODES[refused]);
    }
    if (writer.length > REPLY_BYTES_MAX) return "SYSTEM_ERROR";
  }
  endMulti(writer);
  return undefined;
}

function readMultiReadParts(reader: JuteReader): { opCode: number; path: string }[] {
  const parts: { opCode: number; path: string }[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    if (header.type !== OP_CODES.getData && header.type !== OP_CODES.getChildren) {
      throw malformedJute(`operation ${header.type} in a multi of reads`);
    }
    parts.push({ opCode: header.type, path: readPathAndWatch(reader).path });
  }
  return parts;
}

/**
 * After a reconnect the client names what it watched for and up to where it had seen the world.
 * What changed since is told at once, for the rest the watch is set again. Two changes can hide
 * from it: a znode created and deleted meanwhile, and one deleted and created again with the watch
 * being on its absence.
 */
function setWatches(
  reader: JuteReader,
  context: ReadContext,
  options: { readonly persistent: boolean },
): Refusal | undefined {
  const seenZxid = reader.long();
  const onData = readPaths(reader);
  const onAbsence = readPaths(reader);
  const onChildren = readPaths(reader);
  const onAll = options.persistent ? readPaths(reader) : [];
  const onAllBelow = options.persistent ? readPaths(reader) : [];
  const { data, child, persistent, persistentRecursive } = WATCH_MODES;
  const set = [
    ...onData.map((path) => resume("dataChanged", path, data, seenZxid, context)),
    ...onAbsence.map((path) => resume("created", path, data, seenZxid, context)),
    ...onChildren.map((path) => resume("childrenChanged", path, child, seenZxid, context)),
    ...onAll.map((path) => setWatch(path, persistent, context)),
    ...onAllBelow.map((path) => setWatch(path, persistentRecursive, context)),
  ];
  return set.every((fits) => fits) ? undefined : "THROTTLED_OP";
}

/**
 * Fires a watch for what its client has missed, or sets it again. False when it does not fit. No
 * permission is asked for: the client names the path itself, and `exists` tells as much to anybody.
 */
function resume(
  kind: "dataChanged" | "created" | "childrenChanged",
  path: string,
  modes: number,
  seenZxid: number,
  context: ReadContext,
): boolean {
  const { tree, connection } = context;
  const znode = tree.get(path);
  if (znode === undefined) {
    if (kind === "created") return setWatch(path, modes, context);
    connection.notify({ kind: "deleted", path }, undefined);
    return true;
  }
  const changedAt = kind === "dataChanged" ? znode.mzxid : znode.pzxid;
  if (kind !== "created" && changedAt <= seenZxid) return setWatch(path, modes, context);
  connection.notify({ kind, path }, undefined);
  return true;
}

const ADD_WATCH_MODES: readonly number[] = [
  WATCH_MODES.persistent,
  WATCH_MODES.persistentRecursive,
];

function addWatch(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const path = reader.requiredString();
  const modes = ADD_WATCH_MODES[reader.int()];
  if (modes === undefined) return "MARSHALLING_ERROR";
  if (!setWatch(path, modes, context)) return "THROTTLED_OP";
  context.writer.int(0);
  return undefined;
}

function checkWatches(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const path = reader.requiredString();
  const modes = WATCHER_TYPES.get(reader.int());
  if (modes === undefined) return "MARSHALLING_ERROR";
  return context.watches.has(context.connection, path, modes) ? undefined : "NO_WATCHER";
}

function removeWatches(reader: JuteReader, context: ReadContext): Refusal | undefined {
  const path = reader.requiredString();
  const modes = WATCHER_TYPES.get(reader.int());
  if (modes === undefined) return "MARSHALLING_ERROR";
  return context.watches.remove(context.connection, path, modes) ? undefined : "NO_WATCHER";
}

function whoAmI(_reader: JuteReader, { connection, writer }: ReadContext): undefined {
  writer.vector(connection.credentials, ({ scheme, id }) => {
    writer.string(scheme);
    writer.string(scheme === "digest" ? id.split(":", 1)[0] : id);
  });
}

function readable(
  path: string,
  tree: DataTree,
  connection: ClientConnection,
): Readonly<Znode> | Refusal {
  const znode = tree.get(path);
  if (znode === undefined) return "NO_NODE";
  if (!permits(znode.acl, ACL_PERMISSIONS.read, connection.credentials)) return "NO_AUTH";
  return znode;
}

function setWatch(path: string, modes: number, { watches, connection }: ReadContext): boolean {
  return watches.add(connection, path, modes);
}
