import type { Logger } from "@zoolog/base";
import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client } from "../client.ts";
import type { ReaderRecord } from "../reader/reader-record.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";
import type { Consumer } from "./consumer.ts";
import type { ConsumerOptions } from "./consumer-options.ts";

export const texts = topic("texts", { key: serde.string(), value: serde.string() });
export type Text = ReaderRecord<string, string>;

/** Scripted brokers, one of which coordinates, and consumers of the group `g`. */
export function setUp(
  options: { brokers?: number; partitions?: number; protocol?: "consumer" | "classic" } = {},
) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const brokers = new ScriptedBrokers(
    { count: options.brokers ?? 1 },
    { scheduler: time.scheduler, random },
  );
  brokers.createTopic("texts", options.partitions ?? 1);
  const logged: string[] = [];
  const log = (level: string) => (message: string) => void logged.push(`${level}: ${message}`);
  const logger: Logger = {
    debug: () => {},
    info: log("info"),
    warn: log("warn"),
    error: log("error"),
    child: () => logger,
  };
  const newClient = () =>
    new Client(
      { brokers: brokers.endpoints, logger },
      { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
    );
  const client = newClient();
  const write = async (values: string[], given: { partition?: number; key?: string } = {}) => {
    const { key, partition = 0 } = given;
    const producer = client.producer();
    const sends = values.map((value) => producer.send(texts, { value, partition, key }));
    await outcome(time, Promise.all(sends));
    await outcome(time, producer.close());
  };
  const errors: Error[] = [];
  const consumer = (given: Partial<ConsumerOptions<string, string>> = {}) =>
    client.consumer({
      group: "g",
      topics: [texts],
      from: "earliest",
      protocol: options.protocol ?? "consumer",
      onError: (error) => errors.push(error),
      ...given,
    });
  return {
    time,
    brokers,
    groups: brokers.groups,
    client,
    newClient,
    write,
    consumer,
    errors,
    logged,
  };
}

/** Lets everything happen that needs no more than `ms` of simulated time. */
export function outcome<T>(time: ManualTime, promise: Promise<T>, ms = 5_000): Promise<T> {
  return time.outcome(promise, ms);
}

/** Goes on reading into `values` until the consumer ends; answers a promise of its end. */
export function collect(
  consumer: Consumer<string, string>,
  values: string[],
  each: (record: Text) => Promise<void> | void = () => {},
): Promise<unknown> {
  const reading = async () => {
    for await (const record of consumer) {
      values.push(`${record.value}`);
      await each(record);
    }
  };
  return reading().catch((error: unknown) => error);
}

/** The values of the next records, then the loop is left. */
export async function take(
  consumer: Consumer<string, string>,
  count: number,
  last: () => Promise<void> | void = () => {},
): Promise<string[]> {
  const values: string[] = [];
  for await (const { value } of consumer) {
    values.push(`${value}`);
    if (values.length === count) {
      await last();
      break;
    }
  }
  return values;
}
