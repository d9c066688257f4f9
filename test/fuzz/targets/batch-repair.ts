import { crc32c } from "@zoolog/protocol";

const [LENGTH_AT, CRC_AT, COVERED_AT, OVERHEAD, LENGTH_OFFSET] = [8, 17, 21, 61, 12];

/**
 * Gives each batch the checksum of its bytes, as far as the lengths lead from one to the next; a
 * length that leads nowhere becomes that of the bytes that are left.
 */
export function repairBatches(input: Buffer, from = 0): Buffer {
  for (let at = from; input.length - at >= OVERHEAD; ) {
    let size = input.readInt32BE(at + LENGTH_AT) + LENGTH_OFFSET;
    if (size < OVERHEAD || size > input.length - at) {
      size = input.length - at;
      input.writeInt32BE(size - LENGTH_OFFSET, at + LENGTH_AT);
    }
    input.writeUInt32BE(crc32c(input.subarray(at + COVERED_AT, at + size)), at + CRC_AT);
    at += size;
  }
  return input;
}
