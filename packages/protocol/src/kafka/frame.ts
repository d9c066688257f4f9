import { API_KEYS } from "./api-keys.ts";
import type { KafkaMessage } from "./kafka-message.ts";
import type { Fields } from "./schema/message-schema.ts";
import { readTaggedFields, writeTaggedFields } from "./schema/tagged-fields.ts";
import { WireReader } from "./schema/wire-reader.ts";
import { WireWriter } from "./schema/wire-writer.ts";

/**
 * A frame is four bytes of length, a header and a body. The header's version follows from the
 * call's: flexible versions have request header 2 and response header 1, which end with tagged
 * fields, the others 1 and 0. (Request header 0 belonged to ControlledShutdown v0 only.)
 */
export const FRAME_LENGTH_BYTES = 4;

export type RequestHeader = {
  readonly apiKey: number;
  readonly apiVersion: number;
  /** Chosen by the client; the answer repeats it. */
  readonly correlationId: number;
  readonly clientId: string | undefined;
};

export type AnyKafkaMessage = KafkaMessage<Fields, Fields>;
/** A request as it is read. */
export type RequestOf<M extends AnyKafkaMessage> = ReturnType<M["request"]["read"]>;
/** An answer as it is to be written: what has a default may be left out. */
export type ResponseOf<M extends AnyKafkaMessage> = Parameters<M["response"]["write"]>[2];

/**
 * What every version of every call begins with: enough to know whether the rest can be read.
 *
 * @param frame without its length.
 * @throws MALFORMED_MESSAGE
 */
export function readRequestHeader(frame: Buffer): {
  readonly header: RequestHeader;
  /** Stands where `readRequest` goes on. */
  readonly reader: WireReader;
} {
  const reader = new WireReader(frame);
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const correlationId = reader.int32();
  // Never compact, so that a broker can read the header of a version that it does not know.
  const length = reader.int16();
  const clientId = length < 0 ? undefined : reader.text(length);
  return { header: { apiKey, apiVersion, correlationId, clientId }, reader };
}

/**
 * The rest of a request. Bytes after it are passed over: librdkafka sends some.
 *
 * @param header of this message, in one of its versions.
 * @throws MALFORMED_MESSAGE
 */
export function readRequest<M extends AnyKafkaMessage>(
  message: M,
  header: RequestHeader,
  reader: WireReader,
): RequestOf<M> {
  if (header.apiVersion >= message.flexibleFrom) readTaggedFields(reader, [], {});
  return message.request.read(reader, header.apiVersion) as RequestOf<M>;
}

/** A whole frame, in pieces for one `writev`; record bytes among them are those that were given. */
export function encodeResponse<M extends AnyKafkaMessage>(
  message: M,
  header: { readonly apiVersion: number; readonly correlationId: number },
  response: ResponseOf<M>,
): Uint8Array[] {
  const writer = new WireWriter();
  writer.int32(0);
  writer.int32(header.correlationId);
  if (hasTaggedResponseHeader(message, header.apiVersion)) writeTaggedFields(writer, [], {});
  message.response.write(writer, header.apiVersion, response);
  return framed(writer);
}

/** For clients, and for tests of brokers. */
export function encodeRequest<M extends AnyKafkaMessage>(
  message: M,
  header: Omit<RequestHeader, "apiKey">,
  request: Parameters<M["request"]["write"]>[2],
): Uint8Array[] {
  const writer = new WireWriter();
  writer.int32(0);
  writer.int16(message.key);
  writer.int16(header.apiVersion);
  writer.int32(header.correlationId);
  if (header.clientId === undefined) writer.int16(-1);
  else writer.string(header.clientId);
  if (header.apiVersion >= message.flexibleFrom) writeTaggedFields(writer, [], {});
  message.request.write(writer, header.apiVersion, request);
  return framed(writer);
}

/**
 * For clients, and for tests of brokers.
 *
 * @param frame without its length.
 * @throws MALFORMED_MESSAGE
 */
export function readResponse<M extends AnyKafkaMessage>(
  message: M,
  apiVersion: number,
  frame: Buffer,
): { readonly correlationId: number; readonly response: ReturnType<M["response"]["read"]> } {
  const reader = new WireReader(frame);
  const correlationId = reader.int32();
  if (hasTaggedResponseHeader(message, apiVersion)) readTaggedFields(reader, [], {});
  const response = message.response.read(reader, apiVersion) as ReturnType<M["response"]["read"]>;
  return { correlationId, response };
}

/** ApiVersions answers never do: a client reads them before it knows what the broker speaks. */
function hasTaggedResponseHeader(message: AnyKafkaMessage, version: number): boolean {
  return version >= message.flexibleFrom && message.key !== API_KEYS.ApiVersions;
}

function framed(writer: WireWriter): Uint8Array[] {
  const length = writer.byteLength - FRAME_LENGTH_BYTES;
  const pieces = writer.finish();
  const [first] = pieces;
  if (first !== undefined) new DataView(first.buffer, first.byteOffset).setInt32(0, length);
  return pieces;
}
