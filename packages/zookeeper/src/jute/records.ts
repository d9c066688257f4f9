import type { AclEntry } from "../client/zookeeper-client.ts";
import type { JuteReader } from "./jute-reader.ts";
import type { JuteWriter } from "./jute-writer.ts";

/** The least an ACL entry takes: permissions and two empty strings. */
const ACL_ENTRY_BYTES_MIN = 12;
const STRING_BYTES_MIN = 4;

/** What a client says first on a connection. */
export type ConnectRequest = {
  readonly lastZxidSeen: number;
  readonly timeoutMs: number;
  /** 0 asks for a new session. */
  readonly sessionId: number;
  readonly password: Uint8Array | undefined;
  /** Clients before 3.4 do not send the read-only flag, and do not expect it in the answer. */
  readonly sendsReadOnlyFlag: boolean;
};

export function readConnectRequest(reader: JuteReader): ConnectRequest {
  reader.int(); // The protocol version; there has only ever been 0.
  return {
    lastZxidSeen: reader.long(),
    timeoutMs: reader.int(),
    sessionId: reader.long(),
    password: reader.buffer(),
    sendsReadOnlyFlag: reader.remaining > 0,
  };
}

export type ConnectResponse = {
  /** 0: the session is no more. */
  readonly timeoutMs: number;
  readonly sessionId: number;
  readonly password: Uint8Array;
};

export function writeConnectResponse(
  writer: JuteWriter,
  response: ConnectResponse,
  options: { readonly withReadOnlyFlag: boolean },
): void {
  writer.int(0);
  writer.int(response.timeoutMs);
  writer.long(response.sessionId);
  writer.buffer(response.password);
  if (options.withReadOnlyFlag) writer.boolean(false);
}

/** A null vector reads as an empty one: both are refused alike. */
export function readAcl(reader: JuteReader): AclEntry[] {
  return reader.vector(ACL_ENTRY_BYTES_MIN, readAclEntry) ?? [];
}

function readAclEntry(reader: JuteReader): AclEntry {
  const permissions = reader.int();
  return { permissions, scheme: reader.string() ?? "", id: reader.string() ?? "" };
}

export function writeAcl(writer: JuteWriter, acl: readonly AclEntry[]): void {
  writer.vector(acl, (entry) => {
    writer.int(entry.permissions);
    writer.string(entry.scheme);
    writer.string(entry.id);
  });
}

export function readPaths(reader: JuteReader): string[] {
  return reader.vector(STRING_BYTES_MIN, (element) => element.requiredString()) ?? [];
}

/** A znode's stat as clients see it. */
export type WireStat = {
  readonly czxid: number;
  readonly mzxid: number;
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** 0 for a znode that is not ephemeral. */
  readonly ephemeralOwner: number;
  readonly dataLength: number;
  readonly numChildren: number;
  readonly pzxid: number;
};

export function writeStat(writer: JuteWriter, stat: WireStat): void {
  writer.long(stat.czxid);
  writer.long(stat.mzxid);
  writer.long(stat.ctime);
  writer.long(stat.mtime);
  writer.int(stat.version);
  writer.int(stat.cversion);
  writer.int(stat.aversion);
  writer.long(stat.ephemeralOwner);
  writer.int(stat.dataLength);
  writer.int(stat.numChildren);
  writer.long(stat.pzxid);
}

/** Between the parts of a multi and of its answer. */
export type MultiHeader = { readonly type: number; readonly done: boolean; readonly error: number };

export function readMultiHeader(reader: JuteReader): MultiHeader {
  return { type: reader.int(), done: reader.boolean(), error: reader.int() };
}

export function writeMultiHeader(writer: JuteWriter, header: MultiHeader): void {
  writer.int(header.type);
  writer.boolean(header.done);
  writer.int(header.error);
}
