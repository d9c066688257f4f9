import { serde, topic, ZoologError } from "@zoolog/client";
import type { Workload, WorkloadParts } from "./workload.ts";

const PAUSE_MS = 200;
/** A reader reads the partitions that were there when it began: so it is made anew now and then, ms. */
const READER_LIFE_MS = { least: 1_000, more: 8_000 };

/** Its position is not in the log of this topic any more. */
const MOVED: readonly string[] = ["OFFSET_OUT_OF_RANGE", "TOPIC_RECREATED", "LOG_TRUNCATED"];

/** Readers of all partitions that note what they are handed out, and begin anew after an error. */
export class FollowingReaders implements Workload {
  readonly #options: { readonly readers: number; readonly topics: readonly string[] };
  readonly #parts: WorkloadParts;
  readonly #tasks: Promise<void>[] = [];
  readonly #stopped = new AbortController();

  constructor(
    options: { readonly readers: number; readonly topics: readonly string[] },
    parts: WorkloadParts,
  ) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    for (const name of this.#options.topics) {
      for (let i = 1; i <= this.#options.readers; i++) {
        this.#tasks.push(this.#follow(name, `reader-${name}-${i}`));
      }
    }
  }

  async stop(): Promise<void> {
    this.#stopped.abort();
    await Promise.all(this.#tasks);
  }

  async #follow(topicName: string, name: string): Promise<void> {
    const { world, history } = this.#parts;
    const { client, process } = world.client(name);
    const chance = world.random.of(`${name} lives`);
    const id = history.nextProcess();
    const next = new Map<number, number>();
    const stopped = this.#stopped.signal;
    for (let position = 0; !stopped.aborted; position++) {
      const life = new AbortController();
      const end = (): void => life.abort();
      stopped.addEventListener("abort", end, { once: true });
      const { least, more } = READER_LIFE_MS;
      const timer = process.scheduler.after(least + more * chance.next(), end);
      const read = { topicName, id, position, next, signal: life.signal };
      try {
        await this.#read(client, read);
      } catch (error) {
        // Expected under faults: it goes on behind what it has seen, if that is still there.
        if (error instanceof ZoologError && MOVED.includes(error.code)) next.clear();
        if (!life.signal.aborted) await process.sleep(PAUSE_MS);
      } finally {
        timer.cancel();
        stopped.removeEventListener("abort", end);
      }
    }
    await client.close();
    process.kill();
  }

  async #read(
    client: ReturnType<WorkloadParts["world"]["client"]>["client"],
    read: {
      readonly topicName: string;
      readonly id: number;
      readonly position: number;
      readonly next: Map<number, number>;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { world, history } = this.#parts;
    const { id, next, position, signal, topicName } = read;
    const records = topic(topicName, { value: serde.string() });
    const from = world.schedule.nowMs;
    const reader = client.reader(records, { from: Object.fromEntries(next), follow: true, signal });
    try {
      for await (const batch of reader.batches()) {
        const { partition } = batch;
        const seen: [number, string][] = [];
        for (const { offset, value } of batch) seen.push([offset, value ?? ""]);
        const last = seen.at(-1);
        if (last !== undefined) next.set(partition, last[0] + 1);
        const at = world.schedule.nowMs;
        const what = { topic: topicName, partition, position, records: seen };
        history.polls.push({ process: id, from, at, ...what });
      }
    } finally {
      await reader.close();
    }
  }
}
