import { gunzipSync, gzipSync } from "node:zlib";
import { errorCode } from "@zoolog/base";
import { corruptMessage } from "../errors.ts";
import { inflatedTooLarge } from "./limits.ts";

/** On log-like data level 1 is three times as fast as zlib's default for a tenth more bytes. */
const GZIP_LEVEL = 1;

/** zlib's memory for output, at a time: it is taken whole, however little comes. */
const CHUNK_BYTES = { least: 1024, most: 16 * 1024 } as const;

/** Records shrink to a quarter or so. */
const INFLATION = 4;

export function gzipCompress(bytes: Uint8Array): Buffer {
  return gzipSync(bytes, { level: GZIP_LEVEL, chunkSize: chunkBytes(bytes.length) });
}

/** zlib itself stops as soon as its output passes `maxBytes`. */
export function gzipDecompress(bytes: Uint8Array, maxBytes: number): Buffer {
  try {
    const chunkSize = chunkBytes(bytes.length * INFLATION);
    return gunzipSync(bytes, { maxOutputLength: maxBytes, chunkSize });
  } catch (error) {
    if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") throw inflatedTooLarge("gzip", maxBytes);
    throw corruptMessage("the gzip block cannot be read", error);
  }
}

function chunkBytes(expected: number): number {
  return Math.min(Math.max(expected, CHUNK_BYTES.least), CHUNK_BYTES.most);
}
