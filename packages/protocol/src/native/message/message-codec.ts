import { Unpackr } from "msgpackr/unpack";
import type { Checked } from "./check-message.ts";
import { countNames } from "./exact-values.ts";
import { malformed, scanMessage } from "./message-scan.ts";
import { MessageWriter } from "./message-writer.ts";
import { NOT_PLAIN, readPlainMessage } from "./plain-message.ts";

/**
 * Plain maps and nothing of msgpackr's own. Bins stay views of the message's bytes. `int64AsType`
 * is safe because the scan lets no integer pass that a number cannot hold.
 */
const unpackr = new Unpackr({
  useRecords: false,
  mapsAsObjects: true,
  int64AsType: "number",
  copyBuffers: false,
});

/**
 * A msgpack message as chunks to be written one behind the other; large bins are the caller's own
 * buffers. `encodeMessage` joins them.
 */
export function encodeMessageChunks(message: unknown): readonly Uint8Array[] {
  const writer = new MessageWriter();
  writer.value(message);
  return writer.finish();
}

/** A msgpack message in one buffer. */
export function encodeMessage(message: unknown): Uint8Array {
  const chunks = encodeMessageChunks(message);
  return chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
}

/**
 * Reads a msgpack message from bytes that nobody vouches for; `checkMessage` is the next step. Bins
 * are views of `bytes`: they live, and change, with them.
 *
 * @param limits more values than strangers may send: `PEER_MESSAGE_ELEMENTS_MAX` between brokers.
 */
export function decodeMessage(
  bytes: Uint8Array,
  limits: { readonly elementsMax?: number } = {},
): Checked<unknown> {
  const plain = readPlainMessage(bytes, limits.elementsMax);
  if (plain !== NOT_PLAIN) return { value: plain };
  const names = scanMessage(bytes, limits.elementsMax);
  if (typeof names !== "number") return { fault: names };
  try {
    const value: unknown = unpackr.unpack(bytes);
    if (countNames(value) === names) return { value };
    return { fault: malformed("a name comes twice in one map", "Only one could be kept.") };
  } catch (error) {
    // The scan should have seen it; a decoder that disagrees is still no reason to fail.
    return { fault: malformed(`the message cannot be decoded: ${String(error)}`) };
  }
}
