import { type FileHandle, type FileSystem, writeFully } from "@zoolog/base";
import { JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import { JuteWriter } from "../../jute/jute-writer.ts";
import { writeAcl } from "../../jute/records.ts";
import { snapshotAborted } from "../errors.ts";
import type { SessionSettings } from "../sessions/session-tracker.ts";
import type { TreeSnapshot, ZnodeImage } from "../tree/data-tree.ts";
import type { SessionId } from "../tree/transaction.ts";
import { crc32 } from "./crc32.ts";
import { snapshotFileName } from "./file-names.ts";
import { readOwner, readSharedAcl } from "./transaction-codec.ts";

/** Snapshots: docs/formats/zookeeper-txn-log.md. */

const MAGIC = Buffer.from("ZOOLOGZS", "latin1");
const VERSION = 1;
const HEADER_BYTES = 28;
const BLOCK_HEADER_BYTES = 8;
const KINDS = { sessions: 1, znodes: 2, end: 3 } as const;

/** Per block: what is encoded in one go, between which the server serves its clients. */
const ZNODES_PER_BLOCK = 500;

const SESSION_BYTES_MIN = 16;
const ZNODE_BYTES_MIN = 77;

export type SnapshotContents = {
  readonly zxid: number;
  readonly sessions: readonly SessionSettings[];
  readonly znodes: readonly ZnodeImage[];
};

/** What is to be written: the state at one moment, the znodes as they are asked for. */
export type SnapshotSource = {
  readonly zxid: number;
  readonly sessions: readonly SessionSettings[];
  readonly znodes: TreeSnapshot;
};

/**
 * Writes a snapshot while the tree goes on changing. When it resolves, the file survives a power
 * cut; before, there is no file of this name.
 */
export async function writeSnapshot(
  options: { readonly folder: string; readonly isAborted: () => boolean },
  source: SnapshotSource,
  fileSystem: FileSystem,
): Promise<void> {
  const { folder } = options;
  const name = snapshotFileName(source.zxid);
  const temporary = `${folder}/${name}.tmp`;
  try {
    const file = await fileSystem.open(temporary, "write");
    try {
      await file.truncate(0);
      await writeContents(file, source, options.isAborted);
      await file.datasync();
    } finally {
      await file.close();
    }
    await fileSystem.rename(temporary, `${folder}/${name}`);
    await fileSystem.syncDirectory(folder);
  } finally {
    source.znodes.end();
  }
}

async function writeContents(
  file: FileHandle,
  source: SnapshotSource,
  isAborted: () => boolean,
): Promise<void> {
  const writer = new JuteWriter();
  let position = await writeFully(file, [encodeHeader(source.zxid)], 0);
  const writeBlock = async (kind: number, writePayload: () => void): Promise<void> => {
    writer.clear();
    writer.int(0);
    writer.int(0);
    writer.int(kind);
    writePayload();
    const payload = writer.view().subarray(BLOCK_HEADER_BYTES);
    writer.patchInt(0, payload.length);
    writer.patchInt(4, crc32(payload) | 0);
    position = await writeFully(file, [writer.view()], position);
  };
  await writeBlock(KINDS.sessions, () => {
    writer.vector(source.sessions, (session) => {
      writer.long(session.id);
      writer.int(session.timeoutMs);
      writer.buffer(session.password);
    });
  });
  let znodeCount = 0;
  for (;;) {
    if (isAborted()) throw snapshotAborted();
    const images = source.znodes.next(ZNODES_PER_BLOCK);
    if (images.length === 0) break;
    znodeCount += images.length;
    await writeBlock(KINDS.znodes, () => {
      writer.vector(images, (image) => writeZnode(writer, image));
    });
  }
  await writeBlock(KINDS.end, () => {
    writer.int(source.sessions.length);
    writer.int(znodeCount);
  });
}

/** @throws ZoologError `MALFORMED_JUTE` when any of its bytes is not what was written. */
export async function readSnapshot(
  path: string,
  fileSystem: FileSystem,
): Promise<SnapshotContents> {
  const bytes = Buffer.from(await fileSystem.readFile(path));
  const zxid = decodeHeader(bytes);
  const sessions: SessionSettings[] = [];
  const znodes: ZnodeImage[] = [];
  for (let at = HEADER_BYTES; ; ) {
    const payload = blockAt(bytes, at);
    at += BLOCK_HEADER_BYTES + payload.length;
    const reader = new JuteReader(payload);
    const kind = reader.int();
    if (kind === KINDS.sessions) readSessions(reader, sessions);
    else if (kind === KINDS.znodes) readZnodes(reader, znodes);
    else if (kind === KINDS.end) {
      const isComplete = reader.int() === sessions.length && reader.int() === znodes.length;
      if (!isComplete || at !== bytes.length) throw malformedJute("the end comes too early");
      return { zxid, sessions, znodes };
    } else throw malformedJute(`a block of the unknown kind ${kind}`);
  }
}

function blockAt(bytes: Buffer, at: number): Buffer {
  if (bytes.length - at < BLOCK_HEADER_BYTES) throw malformedJute("no end");
  const length = bytes.readInt32BE(at);
  const start = at + BLOCK_HEADER_BYTES;
  if (length < 4 || length > bytes.length - start)
    throw malformedJute(`a block cut short at ${at}`);
  const payload = bytes.subarray(start, start + length);
  if (crc32(payload) !== bytes.readUInt32BE(at + 4)) throw malformedJute(`wrong CRC at ${at}`);
  return payload;
}

function encodeHeader(zxid: number): Uint8Array {
  const writer = new JuteWriter();
  writer.raw(MAGIC);
  writer.int(VERSION);
  writer.long(zxid);
  writer.int(0);
  writer.int(crc32(writer.view()) | 0);
  return writer.finish();
}

function decodeHeader(bytes: Buffer): number {
  if (bytes.length < HEADER_BYTES) throw malformedJute("no header");
  const isIntact =
    bytes.subarray(0, 8).equals(MAGIC) &&
    crc32(bytes.subarray(0, HEADER_BYTES - 4)) === bytes.readUInt32BE(HEADER_BYTES - 4);
  if (!isIntact) throw malformedJute("a damaged header");
  const version = bytes.readInt32BE(8);
  if (version !== VERSION) throw malformedJute(`the unknown version ${version}`);
  return new JuteReader(bytes.subarray(12)).long();
}

function readSessions(reader: JuteReader, into: SessionSettings[]): void {
  const readSession = (): SessionSettings => ({
    id: reader.long() as SessionId,
    timeoutMs: reader.int(),
    password: reader.buffer() ?? new Uint8Array(0),
  });
  // One by one: as arguments of one call, a hundred thousand would overflow the stack.
  for (const session of reader.vector(SESSION_BYTES_MIN, readSession) ?? []) into.push(session);
}

function writeZnode(writer: JuteWriter, { path, znode }: ZnodeImage): void {
  writer.string(path);
  writer.buffer(znode.data);
  writeAcl(writer, znode.acl);
  writer.long(znode.czxid);
  writer.long(znode.mzxid);
  writer.long(znode.pzxid);
  writer.long(znode.ctime);
  writer.long(znode.mtime);
  writer.int(znode.version);
  writer.int(znode.aversion);
  writer.int(znode.creations);
  writer.long(znode.owner ?? 0);
  writer.boolean(znode.isContainer);
}

function readZnodes(reader: JuteReader, into: ZnodeImage[]): void {
  const images = reader.vector(ZNODE_BYTES_MIN, readZnode) ?? [];
  for (const image of images) into.push(image);
}

function readZnode(reader: JuteReader): ZnodeImage {
  const path = reader.requiredString();
  const znode = {
    data: reader.buffer(),
    acl: readSharedAcl(reader),
    czxid: reader.long(),
    mzxid: reader.long(),
    pzxid: reader.long(),
    ctime: reader.long(),
    mtime: reader.long(),
    version: reader.int(),
    aversion: reader.int(),
    creations: reader.int(),
    owner: readOwner(reader),
    isContainer: reader.boolean(),
    children: undefined,
    capturedBy: 0,
  };
  return { path, znode };
}
