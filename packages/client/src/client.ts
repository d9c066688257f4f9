import {
  type Clock,
  type Logger,
  type Random,
  runInBackground,
  type Scheduler,
  silentLogger,
} from "@zoolog/base";
import { BrokerCalls, HttpTransport, type Transport } from "@zoolog/calls";
import { systemClock, systemRandom, systemScheduler } from "@zoolog/host";
import { Admin } from "./admin/admin.ts";
import { DirectedCalls } from "./admin/directed-calls.ts";
import { numberIn, requireList, requireObject, timeMs } from "./arguments.ts";
import { Cluster } from "./cluster/cluster.ts";
import { OffsetLookup } from "./cluster/offset-lookup.ts";
import { Consumer } from "./consumer/consumer.ts";
import { type ConsumerOptions, resolveConsumerOptions } from "./consumer/consumer-options.ts";
import { alreadyClosed, invalidOption } from "./errors.ts";
import { WaitingPlaces } from "./groups/waiting-places.ts";
import type { KafkaAcks, NamedAcks, RequiredAcks } from "./producer/delivery.ts";
import { Producer } from "./producer/producer.ts";
import { type ProducerOptions, resolveProducerOptions } from "./producer/producer-options.ts";
import { type ReadOptions, resolveReadOptions } from "./reader/read-options.ts";
import { Reader } from "./reader/reader.ts";
import type { ReaderRecord } from "./reader/reader-record.ts";
import { requireTopic, type Topic } from "./topic.ts";

export type ClientOptions = {
  /**
   * `host:port` or base URLs of one or more brokers; the others are learned from them. A host alone
   * is at port 8092, where brokers listen by default.
   */
  readonly brokers: readonly string[];
  /** As brokers show it, also of members of groups: plain ASCII; default `zoolog-client`. */
  readonly clientId?: string;
  /** One attempt of one call, ms; default 30,000. */
  readonly requestTimeoutMs?: number;
  /** How long a TCP connection may take to come about, ms; default 5,000. */
  readonly connectTimeoutMs?: number;
  /**
   * How long an administrative call goes on while no broker can be connected to at all, ms; default:
   * as long as the call may take.
   */
  readonly unreachableTimeoutMs?: number;
  readonly retry?: {
    /** Wait before the second attempt, ms; default 25. It doubles with each. */
    readonly backoffMs?: number;
    /** Longest wait between attempts, ms; default 1,000. */
    readonly backoffMaxMs?: number;
  };
  /** What is known of the cluster is renewed when older than this, ms; default 5 minutes. */
  readonly metadataMaxAgeMs?: number;
  /**
   * Create topics that are produced to and do not exist, where `auto.create.topics.enable` of the
   * brokers lets it be; default false: a misspelt name is an error.
   */
  readonly allowAutoTopicCreation?: boolean;
  readonly logger?: Logger;
  /** Closes the client. */
  readonly signal?: AbortSignal;
};

/** The machine as the client uses it; tests give simulated parts. */
export type ClientDependencies = {
  readonly clock?: Clock;
  readonly scheduler?: Scheduler;
  readonly random?: Random;
  readonly transport?: Transport;
};

type Closable = { close(): Promise<void> };

/** The way into a cluster. Connects when it is first used. */
export class Client implements AsyncDisposable {
  readonly admin: Admin;
  readonly #retry: { readonly backoffMs: number; readonly backoffMaxMs: number };
  readonly #requestTimeoutMs: number;
  readonly #transport: Transport;
  readonly #cluster: Cluster;
  readonly #dependencies: {
    readonly calls: BrokerCalls;
    readonly clock: Clock;
    readonly cluster: Cluster;
    readonly logger: Logger;
    readonly lookup: OffsetLookup;
    readonly random: Random;
    readonly scheduler: Scheduler;
  };
  readonly #producers = new Set<Closable>();
  readonly #readers = new Set<Closable>();
  readonly #consumers = new Set<Closable>();
  readonly #waitingPlaces = new WaitingPlaces();
  readonly #signal: AbortSignal | undefined;
  #closing: Promise<void> | undefined;

  /** @throws ZoologError `INVALID_OPTION` */
  constructor(options: ClientOptions, dependencies: ClientDependencies = {}) {
    const {
      clock = systemClock,
      scheduler = systemScheduler,
      random = systemRandom,
    } = dependencies;
    requireObject("options", options);
    const logger = options.logger ?? silentLogger;
    const { backoffMs = 25, backoffMaxMs = 1_000 } = options.retry ?? {};
    this.#retry = {
      backoffMs: timeMs("retry.backoffMs", backoffMs, 0),
      backoffMaxMs: timeMs("retry.backoffMaxMs", backoffMaxMs, 0),
    };
    this.#requestTimeoutMs = timeMs("requestTimeoutMs", options.requestTimeoutMs ?? 30_000, 1);
    this.#transport =
      dependencies.transport ??
      new HttpTransport(
        {
          owner: "client",
          connectTimeoutMs: timeMs("connectTimeoutMs", options.connectTimeoutMs ?? 5_000, 1),
          clientId: options.clientId ?? "zoolog-client",
        },
        { scheduler },
      );
    const calls = new BrokerCalls({ transport: this.#transport });
    const requestTimeoutMs = this.#requestTimeoutMs;
    this.#cluster = new Cluster(
      {
        ...this.#retry,
        requestTimeoutMs,
        unreachableTimeoutMs: numberIn(
          "unreachableTimeoutMs",
          options.unreachableTimeoutMs ?? Number.POSITIVE_INFINITY,
          0,
          Number.POSITIVE_INFINITY,
        ),
        brokers: endpointsOf(options.brokers),
        metadataMaxAgeMs: timeMs("metadataMaxAgeMs", options.metadataMaxAgeMs ?? 300_000, 1),
        allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
      },
      { calls, clock, scheduler, random, logger },
    );
    const basics = { cluster: this.#cluster, calls, clock, scheduler, random };
    const lookup = new OffsetLookup({ ...this.#retry, requestTimeoutMs }, basics);
    this.#dependencies = { ...basics, logger, lookup };
    const directed = new DirectedCalls({ ...this.#retry, requestTimeoutMs }, basics);
    const { cluster } = basics;
    this.admin = new Admin({ cluster, lookup, brokerCalls: calls, calls: directed, clock });
    this.#signal = options.signal;
    if (this.#signal?.aborted === true) this.#onAbort();
    this.#signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** @throws ZoologError `INVALID_OPTION`, `CLOSED` */
  producer<Acks extends RequiredAcks | KafkaAcks = "all">(
    options: ProducerOptions<Acks> = {},
  ): Producer<NamedAcks<Acks>> {
    this.#assertOpen();
    const producer: Producer<NamedAcks<Acks>> = new Producer(
      {
        ...resolveProducerOptions(options),
        ...this.#retry,
        requestTimeoutMs: this.#requestTimeoutMs,
        onClose: () => this.#producers.delete(producer),
      },
      this.#dependencies,
    );
    this.#producers.add(producer);
    return producer;
  }

  /**
   * A reader that can be left and entered again, moved and asked. Close it.
   *
   * @throws ZoologError `INVALID_OPTION`, `INVALID_OFFSETS`, `CLOSED`
   */
  reader<K, V>(topic: Topic<K, V>, options: ReadOptions = {}): Reader<K, V> {
    this.#assertOpen();
    requireTopic(topic);
    const reader: Reader<K, V> = new Reader(
      topic,
      {
        ...resolveReadOptions(options),
        ...this.#retry,
        requestTimeoutMs: this.#requestTimeoutMs,
        onClose: () => this.#readers.delete(reader),
      },
      this.#dependencies,
    );
    this.#readers.add(reader);
    return reader;
  }

  /**
   * Reads a topic once: `for await (const record of client.read(orders))`. Leaving the loop ends it.
   * Without `follow` it ends where the log ended at the start.
   *
   * @throws ZoologError `INVALID_OPTION`
   */
  read<K, V>(topic: Topic<K, V>, options: ReadOptions = {}): AsyncIterable<ReaderRecord<K, V>> {
    requireTopic(topic);
    return { [Symbol.asyncIterator]: () => readOnce(this.reader(topic, options)) };
  }

  /** A member of a consumer group. Joins when it is first read. @throws ZoologError `INVALID_OPTION` */
  consumer<K, V>(options: ConsumerOptions<K, V>): Consumer<K, V> {
    this.#assertOpen();
    const consumer: Consumer<K, V> = new Consumer(
      {
        ...resolveConsumerOptions(options),
        ...this.#retry,
        requestTimeoutMs: this.#requestTimeoutMs,
        onClose: () => this.#consumers.delete(consumer),
      },
      {
        ...this.#dependencies,
        waitingPlaces: this.#waitingPlaces,
        producer: () => this.producer(),
      },
    );
    this.#consumers.add(consumer);
    return consumer;
  }

  /**
   * Lets consumers commit and leave, lets producers finish (see `Producer.close`), ends readers,
   * closes connections. Idempotent.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close(undefined);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(signal: AbortSignal | undefined): Promise<void> {
    this.#signal?.removeEventListener("abort", this.#onAbort);
    await Promise.all([...this.#consumers].map((consumer) => consumer.close()));
    await Promise.all([...this.#readers].map((reader) => reader.close()));
    await Promise.all([...this.#producers].map((p) => (p as Producer).close({ signal })));
    this.#cluster.close();
    await this.#transport.close();
  }

  readonly #onAbort = (): void => {
    runInBackground("close the client", this.#dependencies.logger, () => {
      this.#closing ??= this.#close(this.#signal);
      return this.#closing;
    });
  };

  #assertOpen(): void {
    if (this.#closing !== undefined) throw alreadyClosed("client");
  }
}

/**
 * A reader that closes at its end, at a failure and when the loop is left. Not a generator: that
 * would cost every record two more promises.
 */
function readOnce<K, V>(reader: Reader<K, V>): AsyncIterator<ReaderRecord<K, V>, undefined> {
  const records = reader.records({ onEnd: () => reader.close() });
  return {
    next: () => records.next(),
    return: async () => {
      await reader.close();
      return { done: true, value: undefined };
    },
  };
}

/** Where brokers listen unless they are told otherwise (`http.port`). */
const DEFAULT_PORT = "8092";

/** Base URLs without a path, `host:port` too, as Kafka's clients take it; only HTTP is spoken. */
function endpointsOf(brokers: readonly string[]): string[] {
  requireList("brokers", brokers);
  if (brokers.length === 0) {
    throw invalidOption("brokers", "must name at least one broker", '["127.0.0.1:8092"]');
  }
  return brokers.map((broker) => {
    const given = String(broker).trim();
    const isUrl = given.includes("://");
    const text = isUrl ? given : `http://${given}`;
    const url = URL.canParse(text) ? new URL(text) : undefined;
    if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
      throw invalidOption("brokers", `must be URLs such as http://127.0.0.1:8092, not "${broker}"`);
    }
    // A URL says its port by its scheme. Whether a host has one is in its text: URLs drop `:80`.
    if (!isUrl && !/^[^/]*:\d+(?:\/|$)/.test(given)) url.port = DEFAULT_PORT;
    return url.origin;
  });
}
