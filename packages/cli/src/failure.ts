import { errorCode, errorMessage, ZoologError } from "@zoolog/base";
import type { Colours } from "./output/colour.ts";

/**
 * A failure as people read it: one line what, one line why, one line what next. `why` is left out
 * where the message says it already.
 */
export function failureLines(error: unknown, colours: Colours, debug: boolean): string[] {
  const message = errorMessage(error);
  const lines = [`${colours.red("error:")} ${message}`];
  const cause = faultsOf(error) === undefined ? rootCause(error) : undefined;
  if (cause !== undefined && !message.includes(cause)) lines.push(`why:   ${cause}`);
  const hint = hintOf(error);
  if (hint !== undefined) lines.push(`try:   ${hint}`);
  if (debug && error instanceof Error && error.stack !== undefined) {
    lines.push(colours.dim(error.stack));
  }
  return lines;
}

/** A failure for programs, as the HTTP plane words it: one line of JSON. */
export function failureDocument(error: unknown): string {
  const message = errorMessage(error);
  const faults = faultsOf(error);
  const cause = faults === undefined ? rootCause(error) : undefined;
  const hint = hintOf(error);
  return JSON.stringify({
    error: {
      code: errorCode(error) ?? "UNKNOWN_SERVER_ERROR",
      message,
      retriable: error instanceof ZoologError && error.retriable,
      ...(cause === undefined || message.includes(cause) ? {} : { why: cause }),
      ...(faults === undefined ? {} : { faults }),
      ...(hint === undefined ? {} : { hint }),
    },
  });
}

/** Of an error that is several faults, each of which its message says already. */
function faultsOf(error: unknown): string[] | undefined {
  if (!(error instanceof ZoologError) || !(error.cause instanceof AggregateError)) return undefined;
  const faults = error.cause.errors.map(errorMessage);
  return faults.every((fault) => error.message.includes(fault)) ? faults : undefined;
}

/** The innermost cause: what the machine said. */
function rootCause(error: unknown): string | undefined {
  let inner: unknown = error instanceof Error ? error.cause : undefined;
  if (inner === undefined) return undefined;
  for (let depth = 0; depth < CAUSES_MAX; depth++) {
    const next: unknown = inner instanceof Error ? inner.cause : undefined;
    if (next === undefined) break;
    inner = next;
  }
  if (inner instanceof AggregateError) return inner.errors.map(errorMessage).join("; ");
  // OpenSSL ends its lines.
  return errorMessage(inner).trim();
}

/** A chain of causes that is longer is a loop. */
const CAUSES_MAX = 10;

/** Hints of the SDK name its options; here they are flags. */
const FLAG_OF_OPTION: readonly (readonly [RegExp, string])[] = [
  [/\b(?:more time with timeoutMs|more timeoutMs)\b/, "more time with --timeout"],
  [/\b(?:requestTimeoutMs|timeoutMs|deliveryTimeoutMs)\b/, "--timeout"],
  [/\brecordBytesMax\b/, "--max-bytes"],
  [
    /^Start one with `zoolog dev`, or name one that runs\.$/,
    "Name one that runs (--bootstrap host:8092,…, or ZOOLOG_BOOTSTRAP), or start one: `zoolog dev`.",
  ],
  [/; raise maxInFlightBytes or wait/, "; send less at a time"],
  [/; onOffsetOutOfRange chooses one/, ""],
  [/from: "earliest", "latest" or a Date/, "--from start, --from end or --from @-1h"],
];

function hintOf(error: unknown): string | undefined {
  if (!(error instanceof ZoologError) || error.hint === undefined) return undefined;
  let hint = error.hint;
  for (const [option, flag] of FLAG_OF_OPTION) hint = hint.replace(option, flag);
  return hint;
}
