import type { Random } from "@zoolog/base";
import type { RequiredAcks } from "@zoolog/client";
import { oneOf, wholeBelow } from "../chance.ts";
import { NotedSends } from "./noted-sends.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

export type ProducersOptions = {
  /** Of its clients; each has a number behind it. */
  readonly name: string;
  readonly producers: number;
  /** Names; topics that come and go are sent to whether they are there or not. */
  readonly topics: readonly string[];
  /** Between two records of one producer, ms. */
  readonly meanPauseMs: number;
  readonly acks: RequiredAcks;
  /** Chance that a producer dies after a burst, without a word; another one takes its place. */
  readonly crashes: number;
  /** Half of the clients give a record up so soon, ms; the others wait out any fault. */
  readonly impatientMs: number;
};

/** Longer than the longest fault with its aftermath, ms. */
const PATIENT_MS = 120_000;
/** Records that one turn sends at most: they travel in one batch, or in several under way. */
const BURST_MAX = 6;
const KEYS = 8;
/** Makes a few records fill a small segment. */
const PADDING_BYTES_MAX = 700;

/** Writers of unique values that go on at their pace, whatever becomes of the sends before. */
export class Producers implements Workload {
  readonly #options: ProducersOptions;
  readonly #parts: WorkloadParts;
  readonly #tasks: Promise<void>[] = [];
  #isWriting = true;
  #mayCrash = true;

  constructor(options: ProducersOptions, parts: WorkloadParts) {
    this.#options = options;
    this.#parts = parts;
  }

  start(): void {
    const { name, producers } = this.#options;
    for (let i = 1; i <= producers; i++) this.#tasks.push(this.#write(`${name}-${i}`));
  }

  calm(): Promise<void> {
    this.#mayCrash = false;
    return Promise.resolve();
  }

  async endWriting(): Promise<void> {
    this.#isWriting = false;
    await Promise.all(this.#tasks);
  }

  stop(): Promise<void> {
    return this.endWriting();
  }

  async #write(name: string): Promise<void> {
    for (let life = 1; this.#isWriting; life++) await this.#live(`${name}.${life}`);
  }

  async #live(name: string): Promise<void> {
    const { acks, crashes, impatientMs, meanPauseMs } = this.#options;
    const { client, process } = this.#parts.world.client(name);
    const chance = this.#parts.world.random.of(`${name} load`);
    const isPatient = chance.next() < 0.5;
    const producer = client.producer<RequiredAcks>({
      acks,
      idempotence: acks === "all",
      lingerMs: chance.next() < 0.5 ? 0 : 20 * chance.next(),
      compression: chance.next() < 0.2 ? "gzip" : "none",
      deliveryTimeoutMs: isPatient ? PATIENT_MS : impatientMs,
    });
    const sends = new NotedSends(this.#parts);
    while (this.#isWriting) {
      const records = 1 + Math.floor(chance.next() ** 3 * BURST_MAX);
      for (let i = 0; i < records; i++) void sends.send(producer, this.#target(chance));
      if (this.#mayCrash && chance.next() < crashes) {
        process.kill();
        sends.giveUp();
        return;
      }
      await process.sleep(2 * meanPauseMs * records * chance.next());
    }
    await sends.settled();
    await client.close();
    process.kill();
  }

  #target(chance: Random) {
    const { topics } = this.#options;
    const topic = oneOf(topics, chance) ?? "";
    const known = this.#parts.topics.lasts(topic)?.partitions;
    const way = chance.next();
    const partition = known === undefined || way < 0.4 ? undefined : wholeBelow(chance, known);
    const key = partition !== undefined || way < 0.2 ? undefined : `k${wholeBelow(chance, KEYS)}`;
    const paddingBytes = chance.next() < 0.15 ? wholeBelow(chance, PADDING_BYTES_MAX) : 0;
    return { topic, partition, key, paddingBytes };
  }
}
