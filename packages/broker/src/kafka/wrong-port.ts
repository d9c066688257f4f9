import type { ZoologError } from "@zoolog/base";

/** Bytes that tell what speaks on a connection. */
export const PROTOCOL_BYTES = 4;

const HTTP_BEGINNINGS = ["GET ", "POST", "PUT ", "HEAD", "OPTI", "DELE", "PATC", "CONN", "PRI "];

/** Record type "handshake" and major version 3 (RFC 8446 §5.1): every ClientHello begins so. */
const TLS_HANDSHAKE = 0x16;
const TLS_MAJOR_VERSION = 3;

export type ForeignProtocol = "HTTP" | "TLS";

/**
 * What came to a port of Kafka's protocol by mistake. Taken for the length of a request, all of these
 * are longer than 350 MB.
 */
export function foreignProtocol(first: Buffer): ForeignProtocol | undefined {
  if (first[0] === TLS_HANDSHAKE && first[1] === TLS_MAJOR_VERSION) return "TLS";
  const text = first.toString("latin1", 0, PROTOCOL_BYTES);
  return HTTP_BEGINNINGS.includes(text) ? "HTTP" : undefined;
}

/** To be written as it is: HTTP clients, ours among them, show what the body says. */
export function httpAnswerOf({ code, message, hint }: ZoologError): Buffer {
  const body = JSON.stringify({ error: { code, message, retriable: false, hint } });
  return Buffer.from(
    "HTTP/1.1 400 Bad Request\r\n" +
      "content-type: application/json\r\n" +
      `content-length: ${Buffer.byteLength(body)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}
