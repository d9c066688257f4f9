/** Where chance comes from. The simulated one is seeded. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** `length` random bytes, fit for ids. */
  bytes(length: number): Uint8Array;
  /** A version 4 UUID in its usual text form. */
  uuid(): string;
}
