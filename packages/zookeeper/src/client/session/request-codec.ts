import type {
  AclRecord,
  LibraryRecord,
  ResponsePayload,
  TransactionOperation,
  TransactionResult,
} from "node-zookeeper-client/lib/jute/index.js";
import jute from "node-zookeeper-client/lib/jute/index.js";
import { errorOfWireCode, WIRE_ERROR_CODES, ZooKeeperError } from "../../errors.ts";
import {
  ACL_PERMISSIONS,
  type AclEntry,
  type Children,
  type CreateMode,
  type CreateOptions,
  type Operation,
  type OperationResult,
  type Znode,
  type ZnodeStat,
} from "../zookeeper-client.ts";
import { znodeStat } from "./stat-record.ts";
import type { SetWatchesPaths } from "./watch-table.ts";

const { OP_CODES, protocol } = jute;

/**
 * A request of ours, and how its answer is read. The functions that build one throw a
 * `ZooKeeperError` `BAD_ARGUMENTS` for numbers that do not fit the wire.
 */
export type ClientRequest<T> = {
  /** For messages. */
  readonly operation: string;
  readonly path: string;
  readonly opCode: number;
  readonly payload: LibraryRecord;
  readonly decode: (payload: ResponsePayload) => T;
};

/** On the wire −1 is "any version". */
const ANY_VERSION = -1;

const CREATE_FLAGS: Record<CreateMode, number> = {
  persistent: 0,
  ephemeral: 1,
  persistentSequential: 2,
  ephemeralSequential: 3,
};

const OPEN_ACL: readonly AclEntry[] = [
  { scheme: "world", id: "anyone", permissions: ACL_PERMISSIONS.all },
];

export function isSequential(mode: CreateMode | undefined): boolean {
  return mode === "persistentSequential" || mode === "ephemeralSequential";
}

export function createRequest(
  path: string,
  data: Uint8Array,
  options: CreateOptions,
): ClientRequest<string> {
  const flags = CREATE_FLAGS[options.mode ?? "persistent"];
  const acl = aclRecords(options.acl ?? OPEN_ACL);
  return {
    operation: "create",
    path,
    opCode: OP_CODES.CREATE,
    payload: new protocol.CreateRequest(path, asBuffer(data), acl, flags),
    decode: (payload) => present(payload.path),
  };
}

export function removeRequest(path: string, version: number | undefined): ClientRequest<void> {
  return {
    operation: "remove",
    path,
    opCode: OP_CODES.DELETE,
    payload: new protocol.DeleteRequest(path, versionField(version)),
    decode: () => undefined,
  };
}

export function existsRequest(path: string, watch: boolean): ClientRequest<ZnodeStat> {
  return {
    operation: "exists",
    path,
    opCode: OP_CODES.EXISTS,
    payload: new protocol.ExistsRequest(path, watch),
    decode: (payload) => znodeStat(present(payload.stat)),
  };
}

export function getDataRequest(path: string, watch: boolean): ClientRequest<Znode> {
  return {
    operation: "getData",
    path,
    opCode: OP_CODES.GET_DATA,
    payload: new protocol.GetDataRequest(path, watch),
    decode: (payload) => ({
      data: payload.data ?? new Uint8Array(0),
      stat: znodeStat(present(payload.stat)),
    }),
  };
}

export function setDataRequest(
  path: string,
  data: Uint8Array,
  version: number | undefined,
): ClientRequest<ZnodeStat> {
  return {
    operation: "setData",
    path,
    opCode: OP_CODES.SET_DATA,
    payload: new protocol.SetDataRequest(path, asBuffer(data), versionField(version)),
    decode: (payload) => znodeStat(present(payload.stat)),
  };
}

export function getChildrenRequest(path: string, watch: boolean): ClientRequest<Children> {
  return {
    operation: "getChildren",
    path,
    opCode: OP_CODES.GET_CHILDREN2,
    payload: new protocol.GetChildren2Request(path, watch),
    decode: (payload) => ({
      names: [...present(payload.children)].sort(),
      stat: znodeStat(present(payload.stat)),
    }),
  };
}

export function getAclRequest(
  path: string,
): ClientRequest<{ readonly acl: readonly AclEntry[]; readonly stat: ZnodeStat }> {
  return {
    operation: "getAcl",
    path,
    opCode: OP_CODES.GET_ACL,
    payload: new protocol.GetACLRequest(path),
    decode: (payload) => ({
      acl: present(payload.acl).map(aclEntry),
      stat: znodeStat(present(payload.stat)),
    }),
  };
}

export function setAclRequest(
  path: string,
  acl: readonly AclEntry[],
  aclVersion: number | undefined,
): ClientRequest<ZnodeStat> {
  return {
    operation: "setAcl",
    path,
    opCode: OP_CODES.SET_ACL,
    payload: new protocol.SetACLRequest(path, aclRecords(acl), versionField(aclVersion)),
    decode: (payload) => znodeStat(present(payload.stat)),
  };
}

/** Not the library's own builder: that one turns version 0 into "any version". */
export function multiRequest(
  operations: readonly Operation[],
): ClientRequest<readonly OperationResult[]> {
  return {
    operation: "multi",
    path: operations[0]?.path ?? "/",
    opCode: OP_CODES.MULTI,
    payload: new jute.TransactionRequest(operations.map(transactionOperation)),
    decode: (payload) => multiResults(operations, present(payload.results)),
  };
}

/** Watches to be set again on a new connection, relative to the last zxid we saw. */
export function setWatchesPayload(zxid: Buffer, paths: SetWatchesPaths): LibraryRecord {
  return new protocol.SetWatches(zxid, paths.data, paths.existence, paths.children);
}

function transactionOperation(operation: Operation): TransactionOperation {
  const { path } = operation;
  switch (operation.type) {
    case "create":
      return {
        type: OP_CODES.CREATE,
        path,
        data: Buffer.from(operation.data),
        acls: aclRecords(operation.acl ?? OPEN_ACL).map((record) => ({ toRecord: () => record })),
        mode: CREATE_FLAGS[operation.mode ?? "persistent"],
      };
    case "setData":
      return {
        type: OP_CODES.SET_DATA,
        path,
        data: Buffer.from(operation.data),
        version: versionField(operation.version),
      };
    case "remove":
      return { type: OP_CODES.DELETE, path, version: versionField(operation.version) };
    case "check":
      return { type: OP_CODES.CHECK, path, version: versionField(operation.version) };
  }
}

/**
 * A failed transaction answers one error per operation: 0 for those before the one that failed, its
 * code, and `RUNTIME_INCONSISTENCY` for those behind it.
 */
function multiResults(
  operations: readonly Operation[],
  results: readonly TransactionResult[],
): OperationResult[] {
  const failed = results.findIndex((result) => (result.err ?? 0) !== 0);
  if (failed !== -1) {
    throw errorOfWireCode(results[failed]?.err ?? WIRE_ERROR_CODES.SYSTEM_ERROR, {
      operation: `multi (operation ${failed}, ${operations[failed]?.type})`,
      path: operations[failed]?.path,
      operationIndex: failed,
    });
  }
  if (results.length !== operations.length) {
    throw malformed(`${results.length} results for ${operations.length} operations`);
  }
  return operations.map((operation, index) => operationResult(operation, results[index]));
}

function operationResult(
  operation: Operation,
  result: TransactionResult | undefined,
): OperationResult {
  switch (operation.type) {
    case "create":
      return { type: "create", path: present(result?.path) };
    case "setData":
      return { type: "setData", stat: znodeStat(present(result?.stat)) };
    case "remove":
      return { type: "remove" };
    case "check":
      return { type: "check" };
  }
}

/** @throws ZooKeeperError `BAD_ARGUMENTS` for what the library could not write as an int32. */
function versionField(version: number | undefined): number {
  return version === undefined ? ANY_VERSION : int32(version, "version");
}

function int32(value: number, what: string): number {
  if ((value | 0) === value) return value;
  throw new ZooKeeperError({ code: "BAD_ARGUMENTS", message: `${what} ${value} is no int32` });
}

function aclRecords(acl: readonly AclEntry[]): LibraryRecord[] {
  return acl.map(
    ({ scheme, id, permissions }) =>
      new jute.data.ACL(int32(permissions, "permissions"), new jute.data.Id(scheme, id)),
  );
}

function aclEntry(record: AclRecord): AclEntry {
  return { scheme: record.id.scheme, id: record.id.id, permissions: record.perms };
}

/** The record it is given to copies the bytes: the caller may change them while we wait. */
function asBuffer(data: Uint8Array): Buffer {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength);
}

function present<T>(field: T | undefined): T {
  if (field === undefined) throw malformed("a field is missing");
  return field;
}

function malformed(what: string): ZooKeeperError {
  return new ZooKeeperError({
    code: "PROTOCOL_ERROR",
    message: `a server sent an answer that cannot be read: ${what}`,
  });
}
