import { unreachable } from "@zoolog/base";
import type { AclEntry } from "../../client/zookeeper-client.ts";
import { type JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import { OP_CODES } from "../../jute/op-codes.ts";
import { readAcl, readMultiHeader } from "../../jute/records.ts";

/** A request that wants to change the tree, as the client put it. */
export type WriteRequest =
  | CreateRequest
  | { readonly op: "delete"; readonly path: string; readonly version: number }
  | {
      readonly op: "setData";
      readonly path: string;
      readonly data: Uint8Array | undefined;
      readonly version: number;
    }
  | {
      readonly op: "setAcl";
      readonly path: string;
      readonly acl: readonly AclEntry[];
      readonly version: number;
    }
  | { readonly op: "check"; readonly path: string; readonly version: number }
  | { readonly op: "multi"; readonly requests: readonly SingleWriteRequest[] };

export type SingleWriteRequest = Exclude<WriteRequest, { readonly op: "multi" }>;

export type CreateRequest = {
  readonly op: "create";
  /** Container and TTL znodes have codes of their own; `create2` asks for the stat as well. */
  readonly variant: "create" | "create2" | "container" | "ttl";
  readonly path: string;
  readonly data: Uint8Array | undefined;
  readonly acl: readonly AclEntry[];
  /** `CreateMode` by number, not checked yet. */
  readonly flags: number;
  readonly ttlMs: number | undefined;
};

/**
 * The request behind `opCode`, or nothing when that is no write.
 *
 * @throws ZoologError `MALFORMED_JUTE`
 */
export function readWriteRequest(opCode: number, reader: JuteReader): WriteRequest | undefined {
  if (opCode === OP_CODES.multi) return { op: "multi", requests: readMulti(reader) };
  if (opCode === OP_CODES.setAcl) {
    const path = nullablePath(reader);
    const acl = readAcl(reader);
    return { op: "setAcl", path, acl, version: reader.int() };
  }
  if (opCode === OP_CODES.check) return undefined; // On its own it changes nothing: a read.
  return readSingle(opCode, reader);
}

function readMulti(reader: JuteReader): SingleWriteRequest[] {
  const requests: SingleWriteRequest[] = [];
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    const request = readSingle(header.type, reader);
    if (request === undefined) throw malformedJute(`operation ${header.type} in a multi`);
    requests.push(partOfMulti(request));
  }
  return requests;
}

const CONTAINER_FLAG = 4;
const TTL_FLAGS = [5, 6];

/** In a multi the flags alone say what is created, and `create2` is answered as `create`. */
function partOfMulti(request: SingleWriteRequest): SingleWriteRequest {
  if (request.op !== "create" || request.variant === "ttl") return request;
  if (TTL_FLAGS.includes(request.flags)) throw malformedJute("a TTL znode without its TTL");
  return { ...request, variant: request.flags === CONTAINER_FLAG ? "container" : "create" };
}

function readSingle(opCode: number, reader: JuteReader): SingleWriteRequest | undefined {
  switch (opCode) {
    case OP_CODES.create:
      return readCreate(reader, "create");
    case OP_CODES.create2:
      return readCreate(reader, "create2");
    case OP_CODES.createContainer:
      return readCreate(reader, "container");
    case OP_CODES.createTtl:
      return readCreate(reader, "ttl");
    case OP_CODES.delete:
      return { op: "delete", path: reader.requiredString(), version: reader.int() };
    case OP_CODES.setData: {
      const path = nullablePath(reader);
      const data = reader.buffer();
      return { op: "setData", path, data, version: reader.int() };
    }
    case OP_CODES.check:
      return { op: "check", path: nullablePath(reader), version: reader.int() };
    default:
      return undefined;
  }
}

function readCreate(reader: JuteReader, variant: CreateRequest["variant"]): CreateRequest {
  const path = reader.requiredString();
  const data = reader.buffer();
  const acl = readAcl(reader);
  const flags = reader.int();
  const ttlMs = variant === "ttl" ? reader.long() : undefined;
  return { op: "create", variant, path, data, acl, flags, ttlMs };
}

/** A null path is refused like an empty one: a bad argument, not a malformed request. */
function nullablePath(reader: JuteReader): string {
  return reader.string() ?? "";
}

/** The code under which a part of a multi is answered. */
export function resultOpCode(request: SingleWriteRequest): number {
  switch (request.op) {
    case "create":
      return request.variant === "create" ? OP_CODES.create : OP_CODES.create2;
    case "delete":
      return OP_CODES.delete;
    case "setData":
      return OP_CODES.setData;
    case "setAcl":
      return OP_CODES.setAcl;
    case "check":
      return OP_CODES.check;
    default:
      return unreachable(request);
  }
}
