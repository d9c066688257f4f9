import { PayloadFault } from "./payload-reader.ts";

/** What a member sent, or why it cannot be read: another member's bytes are no reason to crash. */
export type DecodedPayload<T> =
  | { readonly value: T; readonly fault?: undefined }
  | { readonly fault: string };

export function decodePayload<T>(read: () => T): DecodedPayload<T> {
  try {
    return { value: read() };
  } catch (error) {
    if (error instanceof PayloadFault) return { fault: error.message };
    throw error;
  }
}
