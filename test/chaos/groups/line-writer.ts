import { type Client, serde, topic } from "@zoolog/client";

/** Longer than the longest fault with its aftermath. */
const DELIVERY_TIMEOUT_MS = 90_000;
const PACE_MS = 10;
/** Lines under way; below what a producer lets wait (10,000), for faults that stop all writing. */
const UNDER_WAY_MAX = 5_000;

/** Writes every line once, in its order over the partitions in turn, at a steady pace. */
export async function writeLines(
  lines: readonly string[],
  options: { readonly topic: string; readonly partitions: number; readonly overMs: number },
  dependencies: { readonly client: Client },
): Promise<void> {
  const producer = dependencies.client.producer({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
  const records = topic(options.topic, { value: serde.string() });
  const failures: unknown[] = [];
  const sends = new Set<Promise<void>>();
  const beganAt = performance.now();
  for (let next = 0; next < lines.length && failures.length === 0; ) {
    const share = Math.min(1, (performance.now() - beganAt) / options.overMs);
    for (const due = Math.floor(share * lines.length); next < due; next++) {
      if (sends.size >= UNDER_WAY_MAX) break;
      const record = { value: lines[next] ?? "", partition: next % options.partitions };
      const send = producer.send(records, record).then(
        () => {},
        (error: unknown) => failures.push(error),
      ) as Promise<void>;
      sends.add(send);
      void send.then(() => sends.delete(send));
    }
    await new Promise((resolve) => setTimeout(resolve, PACE_MS));
  }
  await Promise.all(sends);
  if (failures.length > 0)
    throw new Error(`${failures.length} lines not written`, { cause: failures[0] });
  await producer.close();
}
