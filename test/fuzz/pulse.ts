import { closeSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";

/** Number of the execution and length of its input, in front of the input. */
const HEADER_BYTES = 12;

/**
 * The input that is being executed, in a file: a process that hangs or dies cannot tell its parent
 * any other way. A write to the page cache each time costs next to nothing.
 */
export class Pulse {
  readonly #file: number;
  readonly #bytes: Buffer;
  #executions = 0;

  constructor(path: string, inputBytesMax: number) {
    this.#file = openSync(path, "w");
    this.#bytes = Buffer.alloc(HEADER_BYTES + inputBytesMax);
  }

  beat(input: Buffer): void {
    this.#executions += 1;
    this.#bytes.writeBigUInt64BE(BigInt(this.#executions), 0);
    this.#bytes.writeUInt32BE(input.length, 8);
    input.copy(this.#bytes, HEADER_BYTES);
    writeSync(this.#file, this.#bytes, 0, HEADER_BYTES + input.length, 0);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** What a process is executing, or was when it died. */
export type PulseReading = { readonly execution: bigint; readonly input: Buffer };

export function readPulse(path: string): PulseReading | undefined {
  const bytes = readFileSync(path);
  if (bytes.length < HEADER_BYTES) return undefined;
  const end = HEADER_BYTES + bytes.readUInt32BE(8);
  return { execution: bytes.readBigUInt64BE(0), input: bytes.subarray(HEADER_BYTES, end) };
}

export function removePulse(path: string): void {
  rmSync(path, { force: true });
}
