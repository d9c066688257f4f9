import * as zlib from "node:zlib";
import { errorCode } from "@zoolog/base";
import { corruptMessage, messageTooLarge, unsupportedCompression } from "../../errors.ts";
import { inflatedTooLarge } from "../limits.ts";
import { decodeZstd } from "./zstd-decoder.ts";

/**
 * Zstandard, by the best means this Node has: its own zlib from 22.15 on; before that a WebAssembly
 * encoder, which has to be loaded, and our own decoder, which has not. Readers therefore never need
 * preparation; only who compresses with zstd calls `loadZstdEncoder` first.
 */
type NativeZstd = {
  readonly zstdCompressSync: (bytes: Uint8Array, options: object) => Buffer;
  readonly zstdDecompressSync: (bytes: Uint8Array, options: object) => Buffer;
};

/** What Java's producer uses, too. */
const ZSTD_LEVEL = 3;
/** The encoder's memory is a 32-bit heap of its own that never shrinks again. */
const WASM_INPUT_BYTES_MAX = 64 * 1024 * 1024;

const native = nativeZstd();
let encode: ((bytes: Uint8Array) => Uint8Array) | undefined;

function nativeZstd(): NativeZstd | undefined {
  // The type definitions are those of Node 20, which has neither.
  const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as Partial<NativeZstd>;
  if (zstdCompressSync === undefined || zstdDecompressSync === undefined) return undefined;
  return { zstdCompressSync, zstdDecompressSync };
}

/** @throws ZoologError UNSUPPORTED_COMPRESSION_TYPE when no encoder can be loaded. */
export async function loadZstdEncoder(): Promise<void> {
  if (native !== undefined || encode !== undefined) return;
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

export function zstdCompress(bytes: Buffer): Buffer {
  if (native !== undefined) return native.zstdCompressSync(bytes, {});
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

export function zstdDecompress(bytes: Buffer, maxBytes: number): Buffer {
  if (native === undefined) return decodeZstd(bytes, maxBytes);
  try {
    return native.zstdDecompressSync(bytes, { maxOutputLength: maxBytes });
  } catch (error) {
    if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") throw inflatedTooLarge("zstd", maxBytes);
    throw corruptMessage("the zstd block cannot be read", error);
  }
}
