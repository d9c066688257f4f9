import type { AbortSignalLike } from "@zoolog/base";
import { requireObject } from "../arguments.ts";
import type { CallLimits } from "../cluster/call-attempts.ts";

export type AdminCallOptions = {
  /** All attempts together, ms; default 30,000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignalLike;
};

const TIMEOUT_MS = 30_000;

export function limitsOf(options: AdminCallOptions): CallLimits {
  requireObject("options", options);
  return { timeoutMs: options.timeoutMs ?? TIMEOUT_MS, signal: options.signal };
}
