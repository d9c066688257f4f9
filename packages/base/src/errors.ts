export type ZoologErrorOptions = {
  /** Stable name, upper snake case: what programs switch on. */
  readonly code: string;
  /** What happened, for a person: one sentence, without a full stop. */
  readonly message: string;
  /** True when the same call may succeed later without a change by the caller. */
  readonly retriable?: boolean;
  /** What the person should do next. */
  readonly hint?: string;
  readonly cause?: unknown;
};

/**
 * An operational failure: disk, network, timeout, refusal. Each package lists its own codes in its
 * `errors.ts` and builds its errors from this class.
 */
export class ZoologError extends Error {
  override readonly name: string = "ZoologError";
  readonly code: string;
  readonly retriable: boolean;
  readonly hint: string | undefined;

  constructor(options: ZoologErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.retriable = options.retriable ?? false;
    this.hint = options.hint;
  }
}

/** The `code` of anything thrown: ours, Node's (`ENOSPC`) or none. */
export function errorCode(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** A text for anything thrown. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
