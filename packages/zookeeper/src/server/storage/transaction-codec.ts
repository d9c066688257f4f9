import { unreachable } from "@zoolog/base";
import type { AclEntry } from "../../client/zookeeper-client.ts";
import { type JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import type { JuteWriter } from "../../jute/jute-writer.ts";
import { readAcl, readPaths, writeAcl } from "../../jute/records.ts";
import { isOpen, OPEN_ACL } from "../tree/access-control.ts";
import type {
  LoggedTransaction,
  SessionId,
  SingleChange,
  Transaction,
} from "../tree/transaction.ts";

/** Bytes ↔ transactions, as laid out in docs/formats/zookeeper-txn-log.md. */

const KINDS = {
  create: 1,
  delete: 2,
  setData: 5,
  setAcl: 7,
  check: 13,
  multi: 14,
  createSession: -10,
  closeSession: -11,
} as const;

/** An int kind and an empty path. */
const CHANGE_BYTES_MIN = 8;

export function writeTransaction(writer: JuteWriter, logged: LoggedTransaction): void {
  writer.long(logged.zxid);
  writer.long(logged.time);
  writer.int(KINDS[logged.transaction.type]);
  writeBody(writer, logged.transaction);
}

/** @throws ZoologError `MALFORMED_JUTE` */
export function readTransaction(reader: JuteReader): LoggedTransaction {
  const zxid = reader.long();
  const time = reader.long();
  return { zxid, time, transaction: readBody(reader) };
}

function writeBody(writer: JuteWriter, transaction: Transaction): void {
  switch (transaction.type) {
    case "multi":
      writer.vector(transaction.changes, (change) => {
        writer.int(KINDS[change.type]);
        writeChange(writer, change);
      });
      return;
    case "createSession":
      writer.long(transaction.sessionId);
      writer.int(transaction.timeoutMs);
      writer.buffer(transaction.password);
      return;
    case "closeSession":
      writer.long(transaction.sessionId);
      writer.vector(transaction.paths, (path) => writer.string(path));
      return;
    case "create":
    case "delete":
    case "setData":
    case "setAcl":
    case "check":
      writeChange(writer, transaction);
      return;
    default:
      unreachable(transaction);
  }
}

function writeChange(writer: JuteWriter, change: SingleChange): void {
  writer.string(change.path);
  switch (change.type) {
    case "create":
      writer.buffer(change.data);
      writeAcl(writer, change.acl);
      writer.long(change.owner ?? 0);
      writer.boolean(change.isContainer);
      writer.int(change.parentCreations);
      return;
    case "setData":
      writer.buffer(change.data);
      writer.int(change.version);
      return;
    case "setAcl":
      writeAcl(writer, change.acl);
      writer.int(change.version);
      return;
    case "delete":
    case "check":
      return;
    default:
      unreachable(change);
  }
}

function readBody(reader: JuteReader): Transaction {
  const kind = reader.int();
  switch (kind) {
    case KINDS.multi: {
      const readPart = (): SingleChange => readChange(reader.int(), reader);
      return { type: "multi", changes: reader.vector(CHANGE_BYTES_MIN, readPart) ?? [] };
    }
    case KINDS.createSession: {
      const sessionId = reader.long() as SessionId;
      const timeoutMs = reader.int();
      const password = reader.buffer() ?? new Uint8Array(0);
      return { type: "createSession", sessionId, timeoutMs, password };
    }
    case KINDS.closeSession: {
      const sessionId = reader.long() as SessionId;
      return { type: "closeSession", sessionId, paths: readPaths(reader) };
    }
    default:
      return readChange(kind, reader);
  }
}

function readChange(kind: number, reader: JuteReader): SingleChange {
  const path = reader.requiredString();
  switch (kind) {
    case KINDS.create: {
      const data = reader.buffer();
      const acl = readSharedAcl(reader);
      const owner = readOwner(reader);
      const isContainer = reader.boolean();
      const parentCreations = reader.int();
      return { type: "create", path, data, acl, owner, isContainer, parentCreations };
    }
    case KINDS.setData: {
      const data = reader.buffer();
      return { type: "setData", path, data, version: reader.int() };
    }
    case KINDS.setAcl: {
      const acl = readSharedAcl(reader);
      return { type: "setAcl", path, acl, version: reader.int() };
    }
    case KINDS.delete:
      return { type: "delete", path };
    case KINDS.check:
      return { type: "check", path };
    default:
      throw malformedJute(`a transaction of the unknown kind ${kind}`);
  }
}

/** The open ACL, which nearly all znodes have, is one object for all of them. */
export function readSharedAcl(reader: JuteReader): readonly AclEntry[] {
  const acl = readAcl(reader);
  return isOpen(acl) ? OPEN_ACL : acl;
}

export function readOwner(reader: JuteReader): SessionId | undefined {
  const owner = reader.long();
  return owner === 0 ? undefined : (owner as SessionId);
}
