/** kafkajs in the chaos run: lines as in `driver-line.ts`, told to its standard input. */
import { createInterface } from "node:readline";
import kafkajs from "kafkajs";

const { Kafka, logLevel } = kafkajs;
const { bootstrap, topic, deliveryTimeoutMs } = JSON.parse(process.env.CHAOS_PLAN);

const BATCH_RECORDS_MAX = 500;
const PAUSE_MS = 200;
/** After a timeout it looks for another leader only when its metadata is older than this. */
const METADATA_MS_MAX = 5_000;
const REQUEST_MS_MAX = 5_000;
const RETRY_MS_MAX = 1_000;

const kafka = new Kafka({
  clientId: "chaos",
  brokers: bootstrap.split(","),
  logLevel: logLevel.NOTHING,
  connectionTimeout: 2_000,
  requestTimeout: REQUEST_MS_MAX,
  retry: { initialRetryTime: 100, maxRetryTime: RETRY_MS_MAX, retries: 30 },
});

/**
 * One send at a time, of one partition. When a request fails, kafkajs takes its sequence numbers back
 * and gives them to whoever sends next: with two sends under way, records of the one would count as a
 * repetition of the other. And of a send to several leaders it repeats what one of them has already
 * acknowledged, under new numbers, when leaders change meanwhile. For the first reason a producer is of
 * no use either once it has given up a send.
 */
class Writer {
  #id;
  #queues = new Map();
  #wake = () => {};
  #isClosing = false;

  constructor(id) {
    this.#id = id;
    void this.#run();
  }

  send(order, partition, key, value) {
    const queue = this.#queues.get(partition) ?? [];
    this.#queues.set(partition, queue);
    queue.push({ order, key, value });
    this.#wake();
  }

  close() {
    this.#isClosing = true;
    this.#wake();
  }

  async #run() {
    const retry = {
      initialRetryTime: 100,
      maxRetryTime: RETRY_MS_MAX,
      retries: Math.ceil(deliveryTimeoutMs / RETRY_MS_MAX),
    };
    const producer = kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: METADATA_MS_MAX,
      retry,
    });
    try {
      await producer.connect();
      for (;;) {
        const next = this.#next();
        if (next === undefined && this.#isClosing) break;
        if (next === undefined) await new Promise((resolve) => (this.#wake = resolve));
        else await this.#deliver(producer, next);
      }
      say("closed", this.#id);
    } catch (error) {
      for (const { order } of [...this.#queues.values()].flat()) {
        say("fail", this.#id, order, "its producer had given up before");
      }
      say("fatal", this.#id, whyOf(error));
    }
    writers.delete(this.#id);
    await producer.disconnect().catch(() => {});
  }

  /** Of the partition whose first record has waited longest. */
  #next() {
    const waiting = [...this.#queues].filter(([, queue]) => queue.length > 0);
    if (waiting.length === 0) return undefined;
    const [partition, queue] = waiting.reduce((a, b) => (a[1][0].order < b[1][0].order ? a : b));
    return { partition, records: queue.splice(0, BATCH_RECORDS_MAX) };
  }

  async #deliver(producer, { partition, records }) {
    const messages = records.map(({ key, value }) => ({ key, value, partition }));
    try {
      const [{ baseOffset }] = await producer.send({ topic, acks: -1, messages });
      records.forEach(({ order }, index) => {
        say("ok", this.#id, order, Number(baseOffset) + index);
      });
    } catch (error) {
      for (const { order } of records) say("info", this.#id, order, whyOf(error));
      throw error;
    }
  }
}

/** kafkajs reads in groups only: who reads by itself has one of its own, and commits nothing. */
class Reader {
  #id;
  #group;
  #position = 0;
  #isLeaving = false;
  #consumer;

  constructor(id, group) {
    this.#id = id;
    this.#group = group;
    void this.#run();
  }

  async leave() {
    this.#isLeaving = true;
    await this.#consumer?.disconnect().catch(() => {});
    say("left", this.#id);
  }

  async #run() {
    while (!this.#isLeaving) {
      try {
        await this.#consume();
      } catch (error) {
        if (this.#isLeaving) return;
        say("error", this.#id, whyOf(error));
        await this.#consumer?.disconnect().catch(() => {});
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** Rejects when the consumer has given up. */
  async #consume() {
    const consumer = kafka.consumer({
      groupId: this.#group ?? `chaos-reader-${this.#id}`,
      sessionTimeout: 10_000,
      heartbeatInterval: 1_000,
      rebalanceTimeout: 15_000,
      metadataMaxAge: METADATA_MS_MAX,
      maxWaitTimeInMs: 500,
      retry: { initialRetryTime: 100, maxRetryTime: RETRY_MS_MAX, retries: 30 },
    });
    this.#consumer = consumer;
    this.#position += 1;
    const crashed = new Promise((_, reject) => {
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        if (payload.restart) say("error", this.#id, whyOf(payload.error));
        else reject(payload.error);
      });
    });
    crashed.catch(() => {});
    // Whatever was handed out before, it goes on from what was committed.
    consumer.on(consumer.events.GROUP_JOIN, () => {
      this.#position += 1;
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await consumer.run({
      autoCommit: this.#group !== undefined,
      autoCommitInterval: 1_000,
      eachBatch: async ({ batch }) => {
        const records = batch.messages.map(({ offset, key, value }) => [
          Number(offset),
          String(key),
          String(value),
        ]);
        say("seen", this.#id, this.#position, batch.partition, records);
      },
    });
    await crashed;
  }
}

const writers = new Map();
const readers = new Map();

const CALLS = {
  open: (producer) => writers.set(producer, new Writer(producer)),
  send: (producer, ...record) => writers.get(producer)?.send(...record),
  close: (producer) => writers.get(producer)?.close(),
  read: (reader) => readers.set(reader, new Reader(reader, undefined)),
  join: (reader, group) => readers.set(reader, new Reader(reader, group)),
  leave: (reader) => void readers.get(reader)?.leave(),
};

function say(...event) {
  process.stdout.write(`${JSON.stringify(event)}\n`);
}

function whyOf(error) {
  return `${error?.name ?? "Error"}: ${error?.message ?? error}`
    .replaceAll(/\d{2,}/g, "…")
    .slice(0, 200);
}

process.on("unhandledRejection", (error) => process.stderr.write(`unhandled: ${error?.stack}\n`));
process.on("uncaughtException", (error) => process.stderr.write(`uncaught: ${error?.stack}\n`));
for await (const line of createInterface({ input: process.stdin })) {
  const [name, ...args] = JSON.parse(line);
  CALLS[name](...args);
}
process.exit(0);
