import { JuteReader, malformedJute } from "../../jute/jute-reader.ts";
import { OP_CODES } from "../../jute/op-codes.ts";
import { readMultiHeader } from "../../jute/records.ts";

/** The length of the frame; then xid, zxid and error code of a reply. */
const LENGTH_BYTES = 4;
const REPLY_HEADER_BYTES = 4 + 8 + 4;
/** Protocol version, timeout and session id. */
const BEFORE_PASSWORD_BYTES = 4 + 4 + 8;
const STAT_BYTES = 68;
/** The least that a name and an ACL entry take. */
const NAME_BYTES_MIN = 4;
const ACL_ENTRY_BYTES_MIN = 12;

/*
 * The library believes every length that a server sends: it would allocate 2 GiB for a buffer that
 * claims so many bytes, hand zeros out for those that are not there, and go on for ever in a list of
 * names with negative lengths. So each frame is walked before the library reads it.
 */

/** @throws ZoologError `MALFORMED_JUTE` when what it says does not fit into the frame. */
export function checkHandshake(frame: Buffer): void {
  const reader = bodyOf(frame, BEFORE_PASSWORD_BYTES);
  reader.skipBuffer();
}

/** @throws ZoologError `MALFORMED_JUTE` */
export function checkNotification(frame: Buffer): void {
  const reader = bodyOf(frame, REPLY_HEADER_BYTES);
  reader.int(); // The kind of event.
  reader.int(); // The state of the session.
  reader.skipBuffer();
}

/**
 * The answer to a request that succeeded.
 *
 * @throws ZoologError `MALFORMED_JUTE`
 */
export function checkReplyBody(opCode: number, frame: Buffer): void {
  BODIES.get(opCode)?.(bodyOf(frame, REPLY_HEADER_BYTES));
}

type Walk = (reader: JuteReader) => void;

const stat: Walk = (reader) => reader.skip(STAT_BYTES);

/** Others have no body, or none that is read. */
const BODIES: ReadonlyMap<number, Walk> = new Map<number, Walk>([
  [OP_CODES.create, (reader) => reader.skipBuffer()],
  [OP_CODES.exists, stat],
  [OP_CODES.setData, stat],
  [OP_CODES.setAcl, stat],
  [OP_CODES.getData, (reader) => [reader.skipBuffer(), stat(reader)]],
  [OP_CODES.getAcl, (reader) => [reader.vector(ACL_ENTRY_BYTES_MIN, aclEntry), stat(reader)]],
  [
    OP_CODES.getChildren2,
    (reader) => [reader.vector(NAME_BYTES_MIN, (names) => names.skipBuffer()), stat(reader)],
  ],
  [OP_CODES.multi, multi],
]);

function aclEntry(reader: JuteReader): void {
  reader.int();
  reader.skipBuffer();
  reader.skipBuffer();
}

function multi(reader: JuteReader): void {
  for (let header = readMultiHeader(reader); !header.done; header = readMultiHeader(reader)) {
    switch (header.type) {
      case OP_CODES.create:
        reader.skipBuffer();
        break;
      case OP_CODES.setData:
        stat(reader);
        break;
      case OP_CODES.error:
        reader.int();
        break;
      case OP_CODES.delete:
      case OP_CODES.check:
        break;
      default:
        throw malformedJute(`a result of the unknown kind ${header.type}`);
    }
  }
}

function bodyOf(frame: Buffer, headerBytes: number): JuteReader {
  const reader = new JuteReader(frame);
  reader.skip(LENGTH_BYTES + headerBytes);
  return reader;
}
