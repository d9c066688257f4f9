import type { Random } from "@zoolog/base";

/** Mutations of one input: now one, now a few, seldom many. */
const MUTATIONS_MAX = 8;
/** A range that is repeated, removed, zeroed or inserted; now and then a long one. */
const RANGE_BYTES = 16;
const LONG_RANGE_BYTES = 512;

/** Where formats change their minds, as 64-bit numbers; narrower fields take their low bytes. */
const INTERESTING = [
  0n,
  1n,
  -1n,
  2n,
  -2n,
  16n,
  127n,
  128n,
  255n,
  256n,
  32_767n,
  32_768n,
  65_535n,
  65_536n,
  0x7fff_fffen,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  (1n << 53n) - 1n,
  1n << 53n,
  (1n << 63n) - 1n,
  -(1n << 63n),
];

type Mutation = (mutator: Mutator) => void;

/**
 * Makes wrong inputs out of right ones: flips, splices, cuts, zeros, lengths one off and huge, numbers
 * at the edges, words of the format. Equal chances give equal mutants.
 */
export class Mutator {
  readonly #random: Random;
  readonly #bytesMax: number;
  readonly #words: readonly Buffer[];
  readonly #mutations: readonly Mutation[];
  /** The input in the making; the largest there may be. */
  readonly #bytes: Buffer;
  #length = 0;
  #other: Buffer = Buffer.alloc(0);

  constructor(
    options: { readonly bytesMax: number; readonly words?: readonly Buffer[] },
    dependencies: { readonly random: Random },
  ) {
    const { bytesMax, words = [] } = options;
    this.#random = dependencies.random;
    this.#bytesMax = bytesMax;
    this.#words = words;
    this.#bytes = Buffer.alloc(bytesMax);
    this.#mutations = words.length === 0 ? MUTATIONS : [...MUTATIONS, ...WORD_MUTATIONS];
  }

  /** @param other is spliced in, now and then. */
  mutate(input: Buffer, other: Buffer): Buffer {
    this.#length = Math.min(input.length, this.#bytesMax);
    input.copy(this.#bytes, 0, 0, this.#length);
    this.#other = other;
    let left = 1;
    while (left < MUTATIONS_MAX && this.#random.next() < 0.5) left += 1;
    for (; left > 0; left--) this.#one(this.#mutations)(this);
    return Buffer.from(this.#bytes.subarray(0, this.#length));
  }

  flipBit(): void {
    const at = this.#at();
    this.#bytes[at] = (this.#bytes[at] ?? 0) ^ (1 << this.#below(8));
  }

  setByte(): void {
    this.#bytes[this.#at()] = this.#below(256);
  }

  /** Lengths one off, counters a little too far. */
  addToNumber(): void {
    const width = this.#one([1, 2, 4]);
    const at = this.#fieldOf(width);
    if (at === undefined) return;
    const delta = this.#below(2) === 0 ? -1 - this.#below(8) : 1 + this.#below(8);
    const before = this.#bytes.readUIntBE(at, width);
    this.#bytes.writeUIntBE((before + delta + 2 ** (8 * width)) % 2 ** (8 * width), at, width);
  }

  setNumber(): void {
    const width = this.#one([1, 2, 4, 8]);
    const at = this.#fieldOf(width);
    if (at === undefined) return;
    const value = BigInt.asUintN(64, this.#one(INTERESTING));
    for (let i = 0; i < width; i++) {
      this.#bytes[at + i] = Number((value >> BigInt(8 * (width - 1 - i))) & 0xffn);
    }
  }

  truncate(): void {
    this.#length = this.#below(this.#length + 1);
  }

  zero(): void {
    const at = this.#at();
    this.#bytes.fill(0, at, Math.min(this.#length, at + this.#range()));
  }

  remove(): void {
    const at = this.#at();
    const bytes = Math.min(this.#range(), this.#length - at);
    this.#bytes.copyWithin(at, at + bytes, this.#length);
    this.#length -= Math.max(0, bytes);
  }

  repeat(): void {
    const at = this.#at();
    const piece = Buffer.from(this.#bytes.subarray(at, Math.min(this.#length, at + this.#range())));
    this.#insert(piece, this.#below(this.#length + 1));
  }

  insertBytes(): void {
    const piece = Buffer.from(this.#random.bytes(1 + this.#below(RANGE_BYTES)));
    this.#insert(piece, this.#below(this.#length + 1));
  }

  /** The front of this input and the back of another one. */
  crossOver(): void {
    const kept = this.#below(this.#length + 1);
    const from = this.#below(this.#other.length + 1);
    const bytes = Math.min(this.#other.length - from, this.#bytesMax - kept);
    this.#other.copy(this.#bytes, kept, from, from + bytes);
    this.#length = kept + bytes;
  }

  insertOther(): void {
    const from = this.#below(this.#other.length + 1);
    const piece = this.#other.subarray(from, from + this.#range());
    this.#insert(piece, this.#below(this.#length + 1));
  }

  insertWord(): void {
    this.#insert(this.#one(this.#words), this.#below(this.#length + 1));
  }

  putWord(): void {
    const at = this.#at();
    const word = this.#one(this.#words);
    this.#length = Math.max(this.#length, Math.min(this.#bytesMax, at + word.length));
    word.copy(this.#bytes, at, 0, Math.min(word.length, this.#bytesMax - at));
  }

  #insert(piece: Buffer, at: number): void {
    const bytes = Math.min(piece.length, this.#bytesMax - this.#length);
    this.#bytes.copyWithin(at + bytes, at, this.#length);
    piece.copy(this.#bytes, at, 0, bytes);
    this.#length += bytes;
  }

  /** Where a field of so many bytes may stand; lengths often stand in front. */
  #fieldOf(width: number): number | undefined {
    if (this.#length < width) return undefined;
    const room = this.#length - width + 1;
    return this.#below(this.#below(4) === 0 ? Math.min(room, 64) : room);
  }

  #at(): number {
    return this.#below(Math.max(1, this.#length));
  }

  #range(): number {
    return 1 + this.#below(this.#below(8) === 0 ? LONG_RANGE_BYTES : RANGE_BYTES);
  }

  #below(bound: number): number {
    return Math.floor(this.#random.next() * bound);
  }

  #one<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }
}

const MUTATIONS: readonly Mutation[] = [
  (mutator) => mutator.flipBit(),
  (mutator) => mutator.setByte(),
  (mutator) => mutator.addToNumber(),
  (mutator) => mutator.setNumber(),
  (mutator) => mutator.setNumber(),
  (mutator) => mutator.truncate(),
  (mutator) => mutator.zero(),
  (mutator) => mutator.remove(),
  (mutator) => mutator.repeat(),
  (mutator) => mutator.insertBytes(),
  (mutator) => mutator.crossOver(),
  (mutator) => mutator.insertOther(),
];

const WORD_MUTATIONS: readonly Mutation[] = [
  (mutator) => mutator.insertWord(),
  (mutator) => mutator.putWord(),
  (mutator) => mutator.putWord(),
];
