import { type Client, serde, topic, ZoologError } from "@zoolog/client";
import type { HistoryEntry, SendEntry } from "@zoolog/testkit";
import type { Load } from "./load.ts";
import { uniqueValue } from "./unique-value.ts";

export type WorkloadOptions = {
  readonly topic: string;
  readonly partitions: number;
  readonly writers: number;
  readonly readers: number;
  /** Records per second of each writer, over all partitions. */
  readonly recordsPerSecond: number;
  readonly valueBytes: number;
};

/** How long a record may be under way; longer than the longest fault with its aftermath. */
const DELIVERY_TIMEOUT_MS = 90_000;
const PACE_MS = 10;
const READER_PAUSE_MS = 200;

/** Codes that are said before anything was sent: the record is provably not in the log. */
const NOT_SENT: readonly string[] = ["BUFFER_EXHAUSTED", "SERIALIZATION_FAILED"];

/** Writers with unique values and readers that follow, all noting what they see. */
export class Workload implements Load {
  readonly entries: HistoryEntry[] = [];
  readonly #options: WorkloadOptions;
  readonly #connect: (clientId: string) => Client;
  readonly #clients: Client[] = [];
  readonly #tasks: Promise<void>[] = [];
  readonly #readersDone = new AbortController();
  /** Errors of readers, which then began anew: expected under faults, shown in the report. */
  readonly readerErrors = new Map<string, number>();
  #writing = true;

  constructor(options: WorkloadOptions, dependencies: { connect: (clientId: string) => Client }) {
    this.#options = options;
    this.#connect = (clientId) => {
      const client = dependencies.connect(clientId);
      this.#clients.push(client);
      return client;
    };
  }

  /** Numbers of processes in the history that are taken; those of others come behind them. */
  get processes(): number {
    return this.#options.writers + this.#options.readers;
  }

  async start(): Promise<void> {
    const { writers, readers } = this.#options;
    for (let writer = 0; writer < writers; writer++) this.#tasks.push(this.#write(writer));
    for (let reader = 0; reader < readers; reader++) this.#tasks.push(this.#read(writers + reader));
  }

  /** Sends nothing new, waits for what is under way, then ends the readers. */
  async stop(): Promise<void> {
    await this.stopWriting();
    await this.stopReading();
  }

  async stopWriting(): Promise<void> {
    this.#writing = false;
    await Promise.all(this.#tasks.slice(0, this.#options.writers));
  }

  async stopReading(): Promise<readonly string[]> {
    this.#readersDone.abort();
    await Promise.all(this.#tasks);
    return [];
  }

  figures(): readonly string[] {
    return [];
  }

  /** Ends without waiting for what is under way: of a run that has failed, nobody judges it. */
  abandon(): void {
    this.#writing = false;
    this.#readersDone.abort();
    for (const task of this.#tasks) task.catch(() => {});
    for (const client of this.#clients) client.close().catch(() => {});
  }

  /** At a steady pace, whatever becomes of the sends before: an open loop sees every stall. */
  async #write(process: number): Promise<void> {
    const { partitions, recordsPerSecond } = this.#options;
    const client = this.#connect(`chaos-writer-${process}`);
    const producer = client.producer({ deliveryTimeoutMs: DELIVERY_TIMEOUT_MS });
    const records = topic(this.#options.topic, { value: serde.string() });
    const sends = new Set<Promise<void>>();
    const beganAt = performance.now();
    let order = 0;
    while (this.#writing) {
      const due = ((performance.now() - beganAt) / 1_000) * recordsPerSecond;
      for (; order < due; order++) {
        const partition = order % partitions;
        const value = uniqueValue(process, order, this.#options.valueBytes);
        const sent = { process, order, key: `${partition}`, value, sentAt: performance.now() };
        const send = producer.send(records, { value, partition }).then(
          ({ offset }) => this.#settled({ ...sent, outcome: "ok", offset }),
          (error: unknown) => this.#settled({ ...sent, outcome: fateOf(error), offset: undefined }),
        );
        sends.add(send);
        void send.then(() => sends.delete(send));
      }
      await new Promise((resolve) => setTimeout(resolve, PACE_MS));
    }
    await Promise.all(sends);
    await client.close();
  }

  #settled(send: Omit<SendEntry, "f" | "settledAt">): void {
    this.entries.push({ f: "send", ...send, settledAt: performance.now() });
  }

  async #read(process: number): Promise<void> {
    const client = this.#connect(`chaos-reader-${process}`);
    const records = topic(this.#options.topic, { value: serde.string() });
    const next: Record<number, number> = {};
    const { signal } = this.#readersDone;
    for (let position = 0; !signal.aborted; position++) {
      const reader = client.reader(records, { from: { ...next }, follow: true, signal });
      try {
        for await (const batch of reader.batches()) {
          const seen: [number, string][] = [];
          for (const record of batch) seen.push([record.offset, record.value ?? ""]);
          const last = seen.at(-1);
          if (last !== undefined) next[batch.partition] = last[0] + 1;
          const key = `${batch.partition}`;
          const at = performance.now();
          this.entries.push({ f: "poll", process, key, position, records: seen, at });
        }
      } catch (error) {
        if (!signal.aborted) await this.#readerFailed(error);
      } finally {
        await reader.close();
      }
    }
    await client.close();
  }

  async #readerFailed(error: unknown): Promise<void> {
    const code = error instanceof ZoologError ? error.code : String(error);
    this.readerErrors.set(code, (this.readerErrors.get(code) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, READER_PAUSE_MS));
  }
}

function fateOf(error: unknown): SendEntry["outcome"] {
  return error instanceof ZoologError && NOT_SENT.includes(error.code) ? "fail" : "info";
}
