/** Codecs by the number in bits 0–2 of a batch's attributes. */
export const COMPRESSION_CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;

export type CompressionCodec = (typeof COMPRESSION_CODECS)[number];

/** `undefined` for numbers that Kafka has not given away (5–7). */
export const codecOfNumber = (number: number): CompressionCodec | undefined =>
  COMPRESSION_CODECS[number];

export const codecNumber = (codec: CompressionCodec): number => COMPRESSION_CODECS.indexOf(codec);
