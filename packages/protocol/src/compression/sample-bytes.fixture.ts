import fc from "fast-check";

/** Bytes with the repetitions that codecs look for: runs, copies of what came before, noise. */
export function compressibleBytes(maxPieces: number): fc.Arbitrary<Buffer> {
  const piece = fc.oneof(
    fc.record({ kind: fc.constant("noise" as const), bytes: fc.uint8Array({ maxLength: 80 }) }),
    fc.record({
      kind: fc.constant("run" as const),
      byte: fc.nat(255),
      length: fc.nat(5000),
    }),
    fc.record({
      kind: fc.constant("copy" as const),
      back: fc.nat(70_000),
      length: fc.nat(3000),
    }),
  );
  return fc.array(piece, { maxLength: maxPieces }).map((pieces) => {
    const bytes: number[] = [];
    for (const piece of pieces) {
      if (piece.kind === "noise") bytes.push(...piece.bytes);
      if (piece.kind === "run") {
        for (let i = 0; i < piece.length; i++) bytes.push(piece.byte);
      }
      if (piece.kind === "copy" && bytes.length > 0) {
        const from = bytes.length - 1 - (piece.back % bytes.length);
        for (let i = 0; i < piece.length; i++) bytes.push(bytes[from + i] as number);
      }
    }
    return Buffer.from(bytes);
  });
}

/** Lines as a log has them; the same for the same length. */
export function logLines(length: number): Buffer {
  const lines: string[] = [];
  let size = 0;
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % below;
  };
  const verbs = ["rolled", "truncated", "elected", "fetched", "appended", "expired"];
  while (size < length) {
    const line = `${1_700_000_000_000 + size} INFO partition orders-${next(64)} ${
      verbs[next(verbs.length)]
    } offset=${next(1_000_000)} epoch=${next(9)} broker=${next(5)}\n`;
    lines.push(line);
    size += line.length;
  }
  return Buffer.from(lines.join("")).subarray(0, length);
}

/** Nothing to compress; the same for the same length. */
export function noise(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 7;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** One of each kind, around the block sizes of the codecs. */
export function sampleBlocks(): ReadonlyMap<string, Buffer> {
  const samples = new Map<string, Buffer>([
    ["nothing", Buffer.alloc(0)],
    ["one byte", Buffer.from([7])],
    ["a word", Buffer.from("hello")],
    ["zeros", Buffer.alloc(300_000)],
    ["noise", noise(200_000)],
    ["text", logLines(1_000_000)],
    ["a short period", Buffer.alloc(100_000, "abcdefg")],
    ["text between noise", Buffer.concat([noise(70_000), logLines(70_000), noise(70_000)])],
  ]);
  for (const size of [32 * 1024, 64 * 1024, 128 * 1024]) {
    for (const step of [-1, 0, 1]) samples.set(`text of ${size + step}`, logLines(size + step));
  }
  for (let size = 2; size < 40; size++) samples.set(`text of ${size}`, logLines(size));
  return samples;
}
