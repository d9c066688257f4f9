import { isZxid, type Observation } from "./observation.ts";
import type { ZxidOrder } from "./zxid-order.ts";

/** Where two observations differ, and how; nothing when they say the same. */
export function difference(
  left: Observation,
  right: Observation,
  order: ZxidOrder,
  at = "",
): string | undefined {
  if (isZxid(left) && isZxid(right)) {
    const contradiction = order.contradiction(left.zxid, right.zxid);
    return contradiction && `${at}: ${contradiction}`;
  }
  if (Array.isArray(left) && Array.isArray(right)) {
    if (left.length !== right.length) return unequal(left, right, at);
    return first(left.map((element, i) => difference(element, right[i]!, order, `${at}[${i}]`)));
  }
  if (isRecord(left) && isRecord(right)) {
    const [ours, theirs]: readonly Fields[] = [left, right];
    const fields = new Set([...Object.keys(left), ...Object.keys(right)]);
    return first(
      [...fields].map((field) =>
        difference(ours?.[field] ?? null, theirs?.[field] ?? null, order, `${at}.${field}`),
      ),
    );
  }
  return left === right ? undefined : unequal(left, right, at);
}

type Fields = Readonly<Record<string, Observation>>;

function isRecord(value: Observation): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isZxid(value);
}

function first(differences: readonly (string | undefined)[]): string | undefined {
  return differences.find((found) => found !== undefined);
}

function unequal(left: Observation, right: Observation, at: string): string {
  return `${at}: ${JSON.stringify(left)} ≠ ${JSON.stringify(right)}`;
}
