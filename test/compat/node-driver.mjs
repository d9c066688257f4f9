/** The line protocol of every program in JavaScript: see the README of this room. */
import { createInterface } from "node:readline";

export const bootstrap = process.env.COMPAT_BOOTSTRAP ?? "127.0.0.1:9092";
export const brokers = bootstrap.split(",");

/** What a client has no call for. */
export class Unsupported extends Error {}

/** Serves calls, one after the other, with `operations[op](args)`. */
export async function serve(operations) {
  process.on("unhandledRejection", (error) => process.stderr.write(`unhandled: ${error?.stack}\n`));
  process.on("uncaughtException", (error) => process.stderr.write(`uncaught: ${error?.stack}\n`));
  for await (const line of createInterface({ input: process.stdin })) {
    const { id, op, ...args } = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ id, ...(await answer(operations, op, args)) })}\n`);
  }
  process.exit(0);
}

async function answer(operations, op, args) {
  const operation = operations[op];
  if (operation === undefined) return { unsupported: `has no ${op}` };
  try {
    return { result: (await operation(args)) ?? null };
  } catch (error) {
    if (error instanceof Unsupported) return { unsupported: error.message };
    return { error: describe(error) };
  }
}

function describe(error) {
  const inner = [
    ...(error?.errors ?? []),
    ...(error?.partitions ?? []).map((one) => one.error),
  ].map(describe);
  const cause = error?.cause === undefined ? [] : [describe(error.cause)];
  const code = error?.apiId ?? error?.code ?? error?.type;
  const own = `${error?.message ?? error}${code === undefined ? "" : ` (${code})`}`;
  return [own, ...inner, ...cause].join(": ").slice(0, 600);
}

/** `records` in portions of `size`, or all at once. */
export function* portions(records, size = records.length) {
  for (let at = 0; at < records.length; at += size) yield records.slice(at, at + size);
}

/** Waits until `isDone()`, at most `timeoutMs`. */
export async function waitUntil(isDone, timeoutMs = 30_000) {
  const deadline = Date.now() + timeoutMs;
  while (!isDone() && Date.now() < deadline) await new Promise((r) => setTimeout(r, 20));
}

export const text = (bytes) =>
  bytes === null || bytes === undefined ? null : Buffer.from(bytes).toString("utf8");

/** Headers as a Map, an object or a list of pairs, with bytes, as an object of strings. */
export function headersOf(headers) {
  const entries = headers instanceof Map ? [...headers] : Object.entries(headers ?? {});
  return Object.fromEntries(entries.map(([name, value]) => [text(name) ?? name, text(value)]));
}
