import { createHash } from "node:crypto";

/** Unique, and of no use when a bit of it is changed. */
export function uniqueValue(process: number, order: number, bytes: number): string {
  const name = `${uniqueKey(process, order)}:`;
  const filling = createHash("sha256").update(name).digest("hex");
  return name + filling.repeat(Math.ceil(bytes / filling.length)).slice(0, bytes - name.length);
}

/** What its value begins with. */
export function uniqueKey(process: number, order: number): string {
  return `${process}:${order}`;
}
