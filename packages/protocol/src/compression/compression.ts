import { unsupportedCompression } from "../errors.ts";
import type { CompressionCodec } from "./codecs.ts";
import { gzipCompress, gzipDecompress } from "./gzip.ts";
import { DECOMPRESSED_BYTES_MAX, type DecompressLimits } from "./limits.ts";

/** Compresses a block of records as Kafka's clients expect to find it in a batch. */
export function compress(codec: CompressionCodec, bytes: Buffer): Buffer {
  switch (codec) {
    case "none":
      return bytes;
    case "gzip":
      return gzipCompress(bytes);
    case "snappy":
    case "lz4":
    case "zstd":
      throw unsupportedCompression(`${codec} is not there yet`, "Use gzip");
  }
}

/**
 * @throws ZoologError CORRUPT_MESSAGE; MESSAGE_TOO_LARGE when the output would pass the limit.
 */
export function decompress(
  codec: CompressionCodec,
  bytes: Buffer,
  limits: DecompressLimits = {},
): Buffer {
  const maxBytes = limits.maxBytes ?? DECOMPRESSED_BYTES_MAX;
  switch (codec) {
    case "none":
      return bytes;
    case "gzip":
      return gzipDecompress(bytes, maxBytes);
    case "snappy":
    case "lz4":
    case "zstd":
      throw unsupportedCompression(`${codec} is not there yet`, "Use gzip");
  }
}
