import { join } from "node:path";
import type { FinalLog, HistoryEntry } from "@zoolog/testkit";
import type { Load } from "../load.ts";
import type { WorkloadOptions } from "../workload.ts";
import { installed, KAFKA_CHAOS_CLIENTS } from "./kafka-chaos-client.ts";
import { KafkaClientLoad } from "./kafka-client-load.ts";

/** As patient as the writers of our own client. */
const DELIVERY_TIMEOUT_MS = 90_000;

/** Idempotent producers and consumers of Kafka clients, in place of our own. */
export class KafkaWorkload implements Load {
  readonly entries: readonly HistoryEntry[];
  readonly readerErrors: ReadonlyMap<string, number>;
  readonly #loads: readonly KafkaClientLoad[];

  private constructor(parts: {
    readonly entries: readonly HistoryEntry[];
    readonly readerErrors: ReadonlyMap<string, number>;
    readonly loads: readonly KafkaClientLoad[];
  }) {
    this.entries = parts.entries;
    this.readerErrors = parts.readerErrors;
    this.#loads = parts.loads;
  }

  /** @throws Error when a client cannot be installed. */
  static async open(
    options: WorkloadOptions,
    from: {
      readonly clients: readonly string[];
      readonly bootstrap: string;
      /** Where the programs' own words go. */
      readonly folder: string;
    },
  ): Promise<KafkaWorkload> {
    const entries: HistoryEntry[] = [];
    const readerErrors = new Map<string, number>();
    let processes = 0;
    const history = { entries, readerErrors, nextProcess: () => processes++ };
    const { topic, partitions } = options;
    const { bootstrap, clients, folder } = from;
    const plan = { bootstrap, topic, partitions, deliveryTimeoutMs: DELIVERY_TIMEOUT_MS };
    const wanted = KAFKA_CHAOS_CLIENTS.filter(({ name }) => clients.includes(name));
    const programs = await Promise.all(wanted.map(installed));
    const loads = programs.map((program) => {
      const logFile = join(folder, `${program.client.name}.log`);
      return new KafkaClientLoad({ ...options, plan, logFile }, { installed: program, history });
    });
    return new KafkaWorkload({ entries, readerErrors, loads });
  }

  async start(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.start()));
  }

  async stopWriting(): Promise<void> {
    await Promise.all(this.#loads.map((load) => load.stopWriting()));
  }

  async stopReading(finalLogs: readonly FinalLog[]): Promise<readonly string[]> {
    const gaps = await Promise.all(this.#loads.map((load) => load.stopReading(finalLogs)));
    return gaps.flat();
  }

  figures(): readonly string[] {
    return this.#loads.flatMap((load) => load.figures());
  }

  abandon(): void {
    for (const load of this.#loads) load.abandon();
  }
}
