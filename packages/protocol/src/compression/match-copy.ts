/** From this many bytes on, the built-in copy beats a loop in spite of its call. */
const BULK_BYTES_MIN = 48;

/** Copies literals; the caller has checked that source and target hold them. */
export function copyLiterals(
  source: Buffer,
  sourceStart: number,
  length: number,
  target: Buffer,
  targetStart: number,
): void {
  if (length >= BULK_BYTES_MIN) {
    source.copy(target, targetStart, sourceStart, sourceStart + length);
    return;
  }
  for (let i = 0; i < length; i++) target[targetStart + i] = source[sourceStart + i] as number;
}

/**
 * Copies a match: `length` bytes from `distance` before `position`. A match may overlap itself and
 * then repeats what lies between, byte by byte.
 */
export function copyMatch(bytes: Buffer, position: number, distance: number, length: number): void {
  const from = position - distance;
  if (length < BULK_BYTES_MIN) {
    for (let i = 0; i < length; i++) bytes[position + i] = bytes[from + i] as number;
    return;
  }
  if (distance === 1) {
    bytes.fill(bytes[from] as number, position, position + length);
    return;
  }
  // What is there already doubles with each turn, so a long overlap takes few copies.
  let copied = 0;
  for (let available = distance; copied < length; available += available) {
    const step = Math.min(available, length - copied);
    bytes.copyWithin(position + copied, from, from + step);
    copied += step;
  }
}
