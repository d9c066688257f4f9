import { type Admin, Kafka, logLevel } from "kafkajs";
import { until } from "./check.ts";

/** So that nobody takes what it sends for a client's. */
export const PROBE_CLIENT_ID = "compat-probe";

/** Lays the ground for a check and looks at what came of it, whichever client is being tried. */
export class BrokerProbe {
  readonly #admin: Admin;
  #connected: Promise<void> | undefined;

  constructor(bootstrap: string) {
    const kafka = new Kafka({
      clientId: PROBE_CLIENT_ID,
      brokers: bootstrap.split(","),
      logLevel: logLevel.NOTHING,
      retry: { retries: 10, maxRetryTime: 2_000 },
    });
    this.#admin = kafka.admin();
  }

  /** Resolves when all partitions have leaders. */
  async createTopic(topic: string, partitions: number, replicas: number): Promise<void> {
    const admin = await this.#open();
    const topics = [{ topic, numPartitions: partitions, replicationFactor: replicas }];
    await admin.createTopics({ topics });
    await this.untilLed(topic, partitions);
  }

  /** Until so many partitions have leaders. */
  async untilLed(topic: string, partitions: number): Promise<void> {
    await until(
      `leaders of ${topic}`,
      () => this.#partitions(topic),
      (found) => found.length === partitions && found.every(({ leader }) => leader >= 0),
    );
  }

  async leaderOf(topic: string): Promise<number> {
    const [first] = await this.#partitions(topic);
    if (first === undefined) throw new Error(`${topic} has no partition`);
    return first.leader;
  }

  async latestOffset(topic: string): Promise<number> {
    const admin = await this.#open();
    const offsets = await admin.fetchTopicOffsets(topic);
    return Number(offsets.find(({ partition }) => partition === 0)?.high);
  }

  async untilInSync(topic: string, replicas: number): Promise<void> {
    await until(
      `${replicas} replicas of ${topic} in sync`,
      async () => (await this.#partitions(topic))[0]?.isr.length,
      (length) => length === replicas,
    );
  }

  async close(): Promise<void> {
    if (this.#connected !== undefined) await this.#admin.disconnect();
  }

  async #partitions(topic: string) {
    const admin = await this.#open();
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      const found = topics[0]?.partitions ?? [];
      return found.sort((a, b) => a.partitionId - b.partitionId);
    } catch {
      // Not everywhere known yet.
      return [];
    }
  }

  async #open(): Promise<Admin> {
    this.#connected ??= this.#admin.connect();
    await this.#connected;
    return this.#admin;
  }
}
