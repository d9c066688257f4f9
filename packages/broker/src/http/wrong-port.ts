import { ZoologError } from "@zoolog/base";

/** Record type "handshake" and major version 3 (RFC 8446 §5.1): every ClientHello begins so. */
const TLS_BEGINNING = Buffer.from([0x16, 3]);
/** Length of a request, key and version of its call: i32, i16, i16. */
const KAFKA_BEGINNING_BYTES = 8;
/** Keys and versions of Kafka's calls are far below. */
const KAFKA_NUMBER_MAX = 255;

/**
 * What came to the HTTP port by mistake, by the bytes that could not be read as HTTP. A request of
 * Kafka's protocol that is shorter than 16 MiB begins with a zero, which no text does.
 */
export function wrongPort(error: Error): ZoologError | undefined {
  const bytes = "rawPacket" in error ? error.rawPacket : undefined;
  if (!Buffer.isBuffer(bytes)) return undefined;
  if (bytes.subarray(0, 2).equals(TLS_BEGINNING))
    return cameIn("TLS", "Nothing is encrypted here: use http://, not https://.");
  if (!isKafka(bytes)) return undefined;
  return cameIn("Kafka's protocol", "Kafka clients connect to kafka.port, 9092 by default.");
}

function isKafka(bytes: Buffer): boolean {
  return (
    bytes.length >= KAFKA_BEGINNING_BYTES &&
    bytes[0] === 0 &&
    bytes.readUInt16BE(4) <= KAFKA_NUMBER_MAX &&
    bytes.readUInt16BE(6) <= KAFKA_NUMBER_MAX
  );
}

function cameIn(protocol: string, hint: string): ZoologError {
  const message = `this is the HTTP port, and ${protocol} came in`;
  return new ZoologError({ code: "WRONG_PORT", message, hint });
}
