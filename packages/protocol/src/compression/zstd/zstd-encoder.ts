import * as zlib from "node:zlib";
import { messageTooLarge, unsupportedCompression } from "../../errors.ts";

/**
 * Zstandard encoders: Node's own zlib has one from 22.15 on; before that there is one in
 * WebAssembly, which has to be loaded. Frames are read by our own decoder everywhere: Node's reads
 * the first of several frames only and then says nothing, and answers would depend on its version.
 */
type NativeZstd = { readonly zstdCompressSync: (bytes: Uint8Array) => Buffer };

/** What Java's producer and Node's zlib use, too. */
const ZSTD_LEVEL = 3;
/** The encoder's memory is a 32-bit heap of its own that never shrinks again. */
const WASM_INPUT_BYTES_MAX = 64 * 1024 * 1024;

// The type definitions are those of Node 20, which has none.
const { zstdCompressSync: nativeEncode } = zlib as unknown as Partial<NativeZstd>;
let encode: ((bytes: Uint8Array) => Uint8Array) | undefined;

/** @throws ZoologError UNSUPPORTED_COMPRESSION_TYPE when no encoder can be loaded. */
export async function loadZstdEncoder(): Promise<void> {
  if (nativeEncode !== undefined || encode !== undefined) return;
  try {
    const wasm = await import("@bokuweb/zstd-wasm");
    await wasm.init();
    encode = (bytes) => wasm.compress(bytes, ZSTD_LEVEL);
  } catch (error) {
    throw unsupportedCompression(
      "zstd cannot be used for compression in this process",
      "Use Node 22.15 or later, or another codec",
      error,
    );
  }
}

export function encodeZstd(bytes: Buffer): Buffer {
  if (nativeEncode !== undefined) return nativeEncode(bytes);
  if (encode === undefined) {
    throw unsupportedCompression(
      "the zstd encoder is not loaded",
      'Await loadCompression("zstd") once before compressing',
    );
  }
  if (bytes.length > WASM_INPUT_BYTES_MAX) {
    throw messageTooLarge("zstd compresses at most 64 MiB at once here", "Send smaller batches");
  }
  const compressed = encode(bytes);
  return Buffer.from(compressed.buffer, compressed.byteOffset, compressed.length);
}
