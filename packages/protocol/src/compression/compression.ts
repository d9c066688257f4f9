import type { CompressionCodec } from "./codecs.ts";
import { gzipCompress, gzipDecompress } from "./gzip.ts";
import { DECOMPRESSED_BYTES_MAX, type DecompressLimits } from "./limits.ts";
import { lz4Compress, lz4Decompress } from "./lz4-frame.ts";
import { snappyCompress, snappyDecompress } from "./snappy.ts";
import { decodeZstd } from "./zstd/zstd-decoder.ts";
import { encodeZstd, loadZstdEncoder } from "./zstd/zstd-encoder.ts";

/**
 * Makes `compress` ready for a codec. Whoever compresses awaits this once per codec, when it
 * starts; only zstd on Node before 22.15 has anything to load. Reading needs no preparation.
 *
 * @throws ZoologError UNSUPPORTED_COMPRESSION_TYPE.
 */
export async function loadCompression(codec: CompressionCodec): Promise<void> {
  if (codec === "zstd") await loadZstdEncoder();
}

/**
 * Compresses a block of records in the form that Kafka's clients expect inside a batch.
 *
 * @throws ZoologError UNSUPPORTED_COMPRESSION_TYPE when the codec was not loaded.
 */
export function compress(codec: CompressionCodec, bytes: Buffer): Buffer {
  switch (codec) {
    case "none":
      return bytes;
    case "gzip":
      return gzipCompress(bytes);
    case "snappy":
      return snappyCompress(bytes);
    case "lz4":
      return lz4Compress(bytes);
    case "zstd":
      return encodeZstd(bytes);
  }
}

/**
 * Reads what `compress` or another Kafka client wrote. Synchronous and bounded: never allocates
 * more output than the limit, whatever size the input claims.
 *
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
      return snappyDecompress(bytes, maxBytes);
    case "lz4":
      return lz4Decompress(bytes, maxBytes);
    case "zstd":
      return decodeZstd(bytes, maxBytes);
  }
}
