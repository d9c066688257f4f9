import { serde, topic } from "@zoolog/client";
import type { Workload, WorkloadParts } from "./workload.ts";

const PAUSE_MS = 200;

/** Readers of all partitions that note what they are handed out, and begin anew after an error. */
export class FollowingReaders implements Workload {
  readonly #options: { readonly readers: number };
  readonly #parts: WorkloadParts;
  readonly #tasks: Promise<void>[] = [];
  readonly #stopped = new AbortController();

  constructor(options: { readonly readers: number }, parts: WorkloadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    for (let i = 1; i <= this.#options.readers; i++) this.#tasks.push(this.#read(`reader-${i}`));
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#tasks);
  }

  async #read(name: string): Promise<void> {
    const { world, history } = this.#parts;
    const records = topic(this.#parts.topic, { value: serde.string() });
    const { client, process } = world.client(name);
    const id = history.nextProcess();
    const next: Record<number, number> = {};
    const { signal } = this.#stopped;
    for (let position = 0; !signal.aborted; position++) {
      const reader = client.reader(records, { from: { ...next }, follow: true, signal });
      try {
        for await (const batch of reader.batches()) {
          const seen: [number, string][] = [];
          for (const { offset, value } of batch) seen.push([offset, value ?? ""]);
          const last = seen.at(-1);
          if (last !== undefined) next[batch.partition] = last[0] + 1;
          const at = world.schedule.nowMs;
          const key = `${batch.partition}`;
          history.entries.push({ f: "poll", process: id, key, position, records: seen, at });
        }
      } catch {
        // Expected under faults: it goes on behind what it has seen.
        if (!signal.aborted) await process.sleep(PAUSE_MS);
      } finally {
        await reader.close();
      }
    }
    await client.close();
  }
}
