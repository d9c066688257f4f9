import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client, type ClientOptions } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";

export const texts = topic("texts", { key: serde.string(), value: serde.string() });

/** Brokers, time and a client that only this test moves. */
export function setUp(
  options: {
    brokers?: number;
    partitions?: number;
    batchBytesMax?: number;
    client?: Partial<ClientOptions>;
  } = {},
) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const brokers = new ScriptedBrokers(
    {
      count: options.brokers ?? 1,
      ...(options.batchBytesMax === undefined ? {} : { batchBytesMax: options.batchBytesMax }),
    },
    { scheduler: time.scheduler, random },
  );
  brokers.createTopic("texts", options.partitions ?? 1);
  const client = new Client(
    { brokers: brokers.endpoints, ...options.client },
    { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
  );
  const stored = (partition = 0) =>
    brokers
      .partition("texts", partition)
      .records()
      .map((record) => `${record.value}`);
  return { time, brokers, client, stored };
}

/** Lets everything happen that needs no more than `ms` of simulated time. */
export function outcome<T>(time: ManualTime, promise: Promise<T>, ms = 1_000): Promise<T> {
  return time.outcome(promise, ms);
}

export const produces = (brokers: ScriptedBrokers) =>
  brokers.requests.filter(({ call }) => call === "produce");
