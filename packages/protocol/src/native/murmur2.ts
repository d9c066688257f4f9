const SEED = 0x9747b28c;
const MULTIPLIER = 0x5bd1e995;
const ROTATION = 24;

/**
 * The 32-bit MurmurHash2 with which Kafka's Java client spreads keys over partitions
 * (`org.apache.kafka.common.utils.Utils.murmur2`), as a signed 32-bit number.
 */
export function murmur2(bytes: Uint8Array): number {
  const length = bytes.length;
  let hash = SEED ^ length;
  let at = 0;
  for (; at + 4 <= length; at += 4) {
    let word = littleEndian32(bytes, at);
    word = Math.imul(word, MULTIPLIER);
    word ^= word >>> ROTATION;
    word = Math.imul(word, MULTIPLIER);
    hash = Math.imul(hash, MULTIPLIER) ^ word;
  }
  if (at < length) {
    hash ^= littleEndianRest(bytes, at);
    hash = Math.imul(hash, MULTIPLIER);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MULTIPLIER);
  return hash ^ (hash >>> 15);
}

/** Java's `toPositive(murmur2(key)) % partitionCount`: the partition of a key. */
export function partitionOfKey(key: Uint8Array, partitionCount: number): number {
  return (murmur2(key) & 0x7fffffff) % partitionCount;
}

function littleEndian32(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24)
  );
}

/** The last one to three bytes. */
function littleEndianRest(bytes: Uint8Array, at: number): number {
  let rest = 0;
  for (let i = bytes.length - 1; i >= at; i--) rest = (rest << 8) | (bytes[i] as number);
  return rest;
}
