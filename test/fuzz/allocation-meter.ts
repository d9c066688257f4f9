/**
 * The largest buffer that was asked for since `reset`, while it is installed: what a length that
 * lies makes a decoder allocate. Sees `Buffer`'s own makers, `Buffer.concat` among them; objects and
 * arrays are bounded by the heap limit of the process instead.
 */
export class AllocationMeter {
  #largest = 0;
  readonly #originals = {
    alloc: Buffer.alloc,
    allocUnsafe: Buffer.allocUnsafe,
    allocUnsafeSlow: Buffer.allocUnsafeSlow,
  };

  install(): void {
    const { alloc, allocUnsafe, allocUnsafeSlow } = this.#originals;
    const note = (bytes: number): void => {
      if (bytes > this.#largest) this.#largest = bytes;
    };
    Buffer.alloc = (bytes: number, ...fill: []) => {
      note(bytes);
      return alloc(bytes, ...fill);
    };
    Buffer.allocUnsafe = (bytes: number) => {
      note(bytes);
      return allocUnsafe(bytes);
    };
    Buffer.allocUnsafeSlow = (bytes: number) => {
      note(bytes);
      return allocUnsafeSlow(bytes);
    };
  }

  uninstall(): void {
    Object.assign(Buffer, this.#originals);
  }

  reset(): void {
    this.#largest = 0;
  }

  get largest(): number {
    return this.#largest;
  }
}
