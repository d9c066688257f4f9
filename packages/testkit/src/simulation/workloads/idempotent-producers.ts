import { serde, topic, ZoologError } from "@zoolog/client";
import type { SendEntry } from "../../history/history.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

/** Longer than the longest fault with its aftermath, ms. */
const DELIVERY_TIMEOUT_MS = 120_000;

/** Codes that are said before anything was sent: the record is provably not in the log. */
const NOT_SENT: readonly string[] = ["BUFFER_EXHAUSTED", "SERIALIZATION_FAILED"];

/** Writers of unique values that go on at their pace, whatever becomes of the sends before. */
export class IdempotentProducers implements Workload {
  readonly #options: { readonly producers: number; readonly meanPauseMs: number };
  readonly #parts: WorkloadParts;
  readonly #tasks: Promise<void>[] = [];
  #isWriting = true;

  constructor(
    options: { readonly producers: number; readonly meanPauseMs: number },
    parts: WorkloadParts,
  ) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    for (let i = 1; i <= this.#options.producers; i++)
      this.#tasks.push(this.#write(`producer-${i}`));
  }

  async stop(): Promise<void> {
    this.#isWriting = false;
    await Promise.all(this.#tasks);
  }

  async #write(name: string): Promise<void> {
    const { world, history, partitions } = this.#parts;
    const records = topic(this.#parts.topic, { value: serde.string() });
    const { client, process } = world.client(name);
    const producer = client.producer({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    const id = history.nextProcess();
    const pace = world.random.of(`${name} pace`);
    const sends: Promise<void>[] = [];
    for (let order = 0; this.#isWriting; order++) {
      const partition = Math.floor(pace.next() * partitions);
      const value = `${id}:${order}`;
      const sentAt = world.schedule.nowMs;
      const sent = { process: id, order, key: `${partition}`, value, sentAt };
      const settled = (outcome: SendEntry["outcome"], offset: number | undefined): void => {
        const settledAt = world.schedule.nowMs;
        history.entries.push({ f: "send", ...sent, outcome, offset, settledAt });
      };
      sends.push(
        producer.send(records, { value, partition }).then(
          ({ offset }) => settled("ok", offset),
          (error: unknown) => settled(fateOf(error), undefined),
        ),
      );
      await process.sleep(2 * this.#options.meanPauseMs * pace.next());
    }
    await Promise.all(sends);
    await client.close();
  }
}

function fateOf(error: unknown): SendEntry["outcome"] {
  return error instanceof ZoologError && NOT_SENT.includes(error.code) ? "fail" : "info";
}
