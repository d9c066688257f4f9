import { ZoologError } from "@zoolog/base";
import type { NativeCall } from "@zoolog/protocol";
import type { CallHandlers } from "../broker-api.ts";

/** Handlers that say, in the field's words, that this broker does not have the calls. */
export function unsupportedCalls<Call extends NativeCall>(
  calls: Readonly<Record<Call, unknown>>,
): CallHandlers<Call> {
  const refuse = (name: string) => async (): Promise<never> => {
    throw new ZoologError({
      code: "UNSUPPORTED_VERSION",
      message: `this broker does not serve ${name}`,
      hint: "Ask a broker of a newer version.",
    });
  };
  const handlers = Object.keys(calls).map((name) => [name, refuse(name)]);
  return Object.fromEntries(handlers) as CallHandlers<Call>;
}
