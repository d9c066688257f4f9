import { errorMessage } from "@zoolog/base";
import { shapeOf } from "./fuzz-target.ts";

export type FindingKind =
  /** Something was thrown that is no typed refusal, or a rule was broken. */
  | "crash"
  | "allocation"
  | "slow"
  /** No end at all; the process was killed. */
  | "hang"
  /** The process died: out of memory, or worse. */
  | "died";

export type Finding = {
  readonly kind: FindingKind;
  /** Equal for findings with the same cause, as far as can be told. */
  readonly key: string;
  readonly what: string;
  readonly input: Buffer;
};

export function crashOf(error: unknown, input: Buffer): Finding {
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  const place = stack.split("\n").find((line) => line.includes("/packages/")) ?? "";
  const name = error instanceof Error ? error.name : "thrown";
  const key = `crash ${name} ${shapeOf(errorMessage(error))} ${place.trim()}`;
  return { kind: "crash", key, what: stack, input };
}

export function allocationOf(bytes: number, limit: number, input: Buffer): Finding {
  const what = `an input of ${input.length} bytes made it allocate ${bytes} bytes, above ${limit}`;
  return { kind: "allocation", key: "allocation", what, input };
}

export function slowOf(ms: number, limit: number, input: Buffer): Finding {
  const what = `an input of ${input.length} bytes took ${ms.toFixed(0)} ms, above ${limit} ms`;
  return { kind: "slow", key: "slow", what, input };
}
