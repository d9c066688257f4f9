import { errorCode, errorMessage } from "@zoolog/base";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { deadLetterTopicMissing } from "../../groups/errors.ts";
import type { Producer } from "../../producer/producer.ts";
import type { ReaderRecord } from "../../reader/reader-record.ts";
import { topic as topicOf } from "../../topic.ts";

/** Longest cause in a header: it is for a person, the log has the rest. */
const CAUSE_LENGTH_MAX = 1_000;

/** Puts records that cannot be handled aside, byte for byte, with the cause in their headers. */
export class DeadLetters {
  readonly #topic: ReturnType<typeof topicOf>;
  readonly #group: string;
  readonly #cluster: Cluster;
  readonly #newProducer: () => Producer;
  #producer: Producer | undefined;

  constructor(
    options: { readonly topic: string; readonly group: string },
    dependencies: { readonly cluster: Cluster; readonly producer: () => Producer },
  ) {
    this.#topic = topicOf(options.topic);
    this.#group = options.group;
    this.#cluster = dependencies.cluster;
    this.#newProducer = dependencies.producer;
  }

  /** Looks as a producer does: brokers that are allowed to create the topic. @throws what `put` does. */
  async requireTopic(limits: CallLimits): Promise<void> {
    try {
      await this.#cluster.topic(this.#topic.name, limits, "produce");
    } catch (error) {
      throw this.#named(error);
    }
  }

  /**
   * Resolves when it is acknowledged; only then does the record count as handled.
   *
   * @throws ZoologError `DEAD_LETTER_TOPIC_MISSING`, or why it could not be sent.
   */
  async put<K, V>(record: ReaderRecord<K, V>, cause: unknown, attempts: number): Promise<void> {
    this.#producer ??= this.#newProducer();
    try {
      await this.#send(this.#producer, record, { cause, attempts });
    } catch (error) {
      throw this.#named(error);
    }
  }

  async #send<K, V>(
    producer: Producer,
    record: ReaderRecord<K, V>,
    { attempts, cause }: { readonly attempts: number; readonly cause: unknown },
  ): Promise<void> {
    await producer.send(this.#topic, {
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

  #named(error: unknown): unknown {
    if (errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") return error;
    return deadLetterTopicMissing(this.#group, this.#topic.name, error);
  }

  async close(): Promise<void> {
    await this.#producer?.close();
  }
}
