/**
 * What the first bytes of a frame from the server say. Every frame has 4 bytes of length in front;
 * a reply goes on with xid (int32), zxid (int64), error code (int32).
 */
const XID_AT = 4;
const ZXID_AT = 8;
const WIRE_CODE_AT = 16;

/** Protocol version, timeout, session id, and a password of 16 bytes behind its length. */
const HANDSHAKE_BYTES = 4 + 4 + 4 + 8 + 4 + 16;

export function replyXid(frame: Buffer): number {
  return frame.readInt32BE(XID_AT);
}

/** 0 is success. */
export function replyWireCode(frame: Buffer): number {
  return frame.readInt32BE(WIRE_CODE_AT);
}

export function isHandshake(frame: Buffer): boolean {
  return frame.length >= HANDSHAKE_BYTES;
}

/**
 * The later of a zxid seen before and the one in a reply. Some replies carry 0 or −1; with such a
 * "last zxid seen" the next server would not know that it must not be behind.
 */
export function laterZxid(seen: Buffer, frame: Buffer): Buffer {
  const zxid = frame.subarray(ZXID_AT, WIRE_CODE_AT);
  const isLater = zxid.readInt8(0) >= 0 && Buffer.compare(zxid, seen) > 0;
  return isLater ? Buffer.from(zxid) : seen;
}
