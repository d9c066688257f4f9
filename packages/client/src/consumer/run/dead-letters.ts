import { errorCode, errorMessage } from "@zoolog/base";
import type { Producer } from "../../producer/producer.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import { topic as topicOf } from "../../topic.ts";

/** Longest cause in a header: it is for a person, the log has the rest. */
const CAUSE_LENGTH_MAX = 1_000;

/** Puts records that cannot be handled aside, byte for byte, with the cause in their headers. */
export class DeadLetters {
  readonly #topic: ReturnType<typeof topicOf>;
  readonly #group: string;
  readonly #newProducer: () => Producer;
  #producer: Producer | undefined;

  constructor(
    options: { readonly topic: string; readonly group: string },
    dependencies: { readonly producer: () => Producer },
  ) {
    this.#topic = topicOf(options.topic);
    this.#group = options.group;
    this.#newProducer = dependencies.producer;
  }

  /** Resolves when it is acknowledged; only then does the record count as handled. */
  async put<K, V>(record: ReaderRecord<K, V>, cause: unknown, attempts: number): Promise<void> {
    this.#producer ??= this.#newProducer();
    await this.#producer.send(this.#topic, {
      key: record.keyBytes,
      value: record.valueBytes,
      timestamp: record.timestamp,
      headers: [
        ...record.headers.map(({ key, value }) => ({ key, value: value ?? null })),
        ...Object.entries({
          topic: record.topic,
          partition: String(record.partition),
          offset: String(record.offset),
          group: this.#group,
          attempts: String(attempts),
          code: errorCode(cause) ?? "UNKNOWN",
          cause: errorMessage(cause).slice(0, CAUSE_LENGTH_MAX),
        }).map(([name, value]) => ({ key: `zoolog.dead-letter.${name}`, value })),
      ],
    });
  }

  async close(): Promise<void> {
    await this.#producer?.close();
  }
}
