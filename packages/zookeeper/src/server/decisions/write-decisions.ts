import { unreachable } from "@zoolog/base";
import { ACL_PERMISSIONS, type AclEntry } from "../../client/zookeeper-client.ts";
import type { WIRE_ERROR_CODES } from "../../errors.ts";
import { znodePathFault } from "../../znode-path.ts";
import { type Credential, permits, resolveAcl } from "../tree/access-control.ts";
import type { SessionId, SingleChange, Transaction } from "../tree/transaction.ts";
import { parentPath } from "../tree/znode.ts";
import type { TreeOutlook, ZnodeOutlook } from "./pending-changes.ts";
import type { CreateRequest, SingleWriteRequest, WriteRequest } from "./write-request.ts";

/** Why a request is refused: the name of a code of the protocol. */
export type Refusal = keyof typeof WIRE_ERROR_CODES;

export type WriteDecision =
  | { readonly transaction: Transaction }
  | {
      readonly refused: Refusal;
      /** Of a multi: which part, from 0. */
      readonly part?: number;
    };

type ChangeDecision = { readonly change: SingleChange } | { readonly refused: Refusal };

export type Requester = {
  readonly sessionId: SessionId;
  readonly credentials: readonly Credential[];
};

/** `CreateMode`, by its number. */
const CREATE_MODES: readonly { ephemeral: boolean; sequential: boolean; ttl?: boolean }[] = [
  { ephemeral: false, sequential: false },
  { ephemeral: true, sequential: false },
  { ephemeral: false, sequential: true },
  { ephemeral: true, sequential: true },
  { ephemeral: false, sequential: false }, // container
  { ephemeral: false, sequential: false, ttl: true },
  { ephemeral: false, sequential: true, ttl: true },
];

const ANY_VERSION = -1;
const UNDELETABLE = new Set(["/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"]);

/**
 * Decides what a request changes, and notes it in `outlook`, against which the next one is decided.
 * Checks come in ZooKeeper's order: a request with several faults gets the same answer here.
 */
export function decideWrite(
  request: WriteRequest,
  outlook: TreeOutlook,
  requester: Requester,
): WriteDecision {
  if (request.op !== "multi") {
    const decision = decideChange(request, outlook, requester);
    return "refused" in decision ? decision : { transaction: decision.change };
  }
  const changes: SingleChange[] = [];
  for (const part of request.requests) {
    const decision = decideChange(part, outlook, requester);
    if ("refused" in decision) return { refused: decision.refused, part: changes.length };
    changes.push(decision.change);
  }
  return { transaction: { type: "multi", changes } };
}

/** The end of a session, by its client or by its expiry: its ephemerals go with it. */
export function decideCloseSession(sessionId: SessionId, outlook: TreeOutlook): Transaction {
  const paths = [...outlook.ephemeralsOf(sessionId)];
  for (const path of paths) noteDeletion(path, outlook);
  return { type: "closeSession", sessionId, paths };
}

/** A container whose last child is gone, unless another one came meanwhile. */
export function decideDeleteContainer(path: string, outlook: TreeOutlook): WriteDecision {
  const znode = outlook.get(path);
  if (znode === undefined) return { refused: "NO_NODE" };
  if (!znode.isContainer) return { refused: "BAD_VERSION" };
  if (znode.childCount > 0) return { refused: "NOT_EMPTY" };
  noteDeletion(path, outlook);
  return { transaction: { type: "delete", path } };
}

function decideChange(
  request: SingleWriteRequest,
  outlook: TreeOutlook,
  requester: Requester,
): ChangeDecision {
  switch (request.op) {
    case "create":
      return decideCreate(request, outlook, requester);
    case "delete":
      return decideDelete(request, outlook, requester);
    case "setData":
      return decideSetData(request, outlook, requester);
    case "setAcl":
      return decideSetAcl(request, outlook, requester);
    case "check":
      return decideCheck(request, outlook, requester);
    default:
      return unreachable(request);
  }
}

function decideCreate(
  request: CreateRequest,
  outlook: TreeOutlook,
  { credentials, sessionId }: Requester,
): ChangeDecision {
  const mode = CREATE_MODES[request.flags];
  if (mode === undefined) return { refused: "BAD_ARGUMENTS" };
  // TTL znodes are an extension that a plain ZooKeeper has switched off.
  if (mode.ttl === true) return { refused: "UNIMPLEMENTED" };
  if (request.ttlMs !== undefined && request.ttlMs >= 0) return { refused: "BAD_ARGUMENTS" };
  if (!hasParent(request.path)) return { refused: "BAD_ARGUMENTS" };
  const acl = resolveAcl(request.acl, credentials);
  if (acl === undefined) return { refused: "INVALID_ACL" };
  const parentName = parentPath(request.path);
  const parent = outlook.get(parentName);
  if (parent === undefined) return { refused: "NO_NODE" };
  if (!permits(parent.acl, ACL_PERMISSIONS.create, credentials)) return { refused: "NO_AUTH" };
  const path = mode.sequential
    ? request.path + String(parent.creations).padStart(10, "0")
    : request.path;
  if (znodePathFault(path) !== undefined) return { refused: "BAD_ARGUMENTS" };
  if (outlook.get(path) !== undefined) return { refused: "NODE_EXISTS" };
  if (parent.owner !== undefined) return { refused: "NO_CHILDREN_FOR_EPHEMERALS" };

  const isContainer = request.variant === "container";
  const owner = mode.ephemeral && !isContainer ? sessionId : undefined;
  const parentCreations = (parent.creations + 1) | 0;
  outlook.set(parentName, {
    ...parent,
    creations: parentCreations,
    childCount: parent.childCount + 1,
  });
  outlook.set(path, newOutlook(acl, owner, isContainer));
  const { data } = request;
  return { change: { type: "create", path, data, acl, owner, isContainer, parentCreations } };
}

function decideDelete(
  request: Extract<SingleWriteRequest, { op: "delete" }>,
  outlook: TreeOutlook,
  { credentials }: Requester,
): ChangeDecision {
  const { path } = request;
  if (!hasParent(path) || UNDELETABLE.has(path)) return { refused: "BAD_ARGUMENTS" };
  const parent = outlook.get(parentPath(path));
  if (parent === undefined) return { refused: "NO_NODE" };
  if (!permits(parent.acl, ACL_PERMISSIONS.delete, credentials)) return { refused: "NO_AUTH" };
  const znode = outlook.get(path);
  if (znode === undefined) return { refused: "NO_NODE" };
  if (!isVersion(znode.version, request.version)) return { refused: "BAD_VERSION" };
  if (znode.childCount > 0) return { refused: "NOT_EMPTY" };
  noteDeletion(path, outlook);
  return { change: { type: "delete", path } };
}

function decideSetData(
  request: Extract<SingleWriteRequest, { op: "setData" }>,
  outlook: TreeOutlook,
  { credentials }: Requester,
): ChangeDecision {
  const { path, data } = request;
  if (znodePathFault(path) !== undefined) return { refused: "BAD_ARGUMENTS" };
  const znode = outlook.get(path);
  if (znode === undefined) return { refused: "NO_NODE" };
  if (!permits(znode.acl, ACL_PERMISSIONS.write, credentials)) return { refused: "NO_AUTH" };
  if (!isVersion(znode.version, request.version)) return { refused: "BAD_VERSION" };
  const version = (znode.version + 1) | 0;
  outlook.set(path, { ...znode, version });
  return { change: { type: "setData", path, data, version } };
}

function decideSetAcl(
  request: Extract<SingleWriteRequest, { op: "setAcl" }>,
  outlook: TreeOutlook,
  { credentials }: Requester,
): ChangeDecision {
  const { path } = request;
  if (znodePathFault(path) !== undefined) return { refused: "BAD_ARGUMENTS" };
  const acl = resolveAcl(request.acl, credentials);
  if (acl === undefined) return { refused: "INVALID_ACL" };
  const znode = outlook.get(path);
  if (znode === undefined) return { refused: "NO_NODE" };
  if (!permits(znode.acl, ACL_PERMISSIONS.admin, credentials)) return { refused: "NO_AUTH" };
  if (!isVersion(znode.aversion, request.version)) return { refused: "BAD_VERSION" };
  const aversion = (znode.aversion + 1) | 0;
  outlook.set(path, { ...znode, aversion, acl });
  return { change: { type: "setAcl", path, acl, version: aversion } };
}

function decideCheck(
  request: Extract<SingleWriteRequest, { op: "check" }>,
  outlook: TreeOutlook,
  { credentials }: Requester,
): ChangeDecision {
  const { path } = request;
  if (znodePathFault(path) !== undefined) return { refused: "BAD_ARGUMENTS" };
  const znode = outlook.get(path);
  if (znode === undefined) return { refused: "NO_NODE" };
  if (!permits(znode.acl, ACL_PERMISSIONS.read, credentials)) return { refused: "NO_AUTH" };
  if (!isVersion(znode.version, request.version)) return { refused: "BAD_VERSION" };
  return { change: { type: "check", path } };
}

/** −1 is any version; 0 is version 0. */
function isVersion(actual: number, expected: number): boolean {
  return expected === ANY_VERSION || expected === actual;
}

/** Creating and deleting look at the parent before they look closely at the path. */
function hasParent(path: string): boolean {
  return path.includes("/") && !path.includes("\0");
}

function noteDeletion(path: string, outlook: TreeOutlook): void {
  const parentName = parentPath(path);
  const parent = outlook.get(parentName);
  if (parent !== undefined) {
    outlook.set(parentName, { ...parent, childCount: parent.childCount - 1 });
  }
  outlook.set(path, undefined);
}

function newOutlook(
  acl: readonly AclEntry[],
  owner: SessionId | undefined,
  isContainer: boolean,
): ZnodeOutlook {
  return { version: 0, aversion: 0, creations: 0, childCount: 0, owner, isContainer, acl };
}
