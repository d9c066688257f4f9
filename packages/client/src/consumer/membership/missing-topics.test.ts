import type { Logger } from "@zoolog/base";
import { silentLogger } from "@zoolog/base";
import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client } from "../../client.ts";
import { serde } from "../../serde.ts";
import { topic } from "../../topic.ts";
import { collect, outcome } from "../consumer.fixture.ts";

test.each(["consumer", "classic"] as const)(
  "a subscribed topic that does not exist is told of once, and read when it does (%s)",
  async (protocol) => {
    const time = new ManualTime();
    const random = seededRandom(1);
    const brokers = new ScriptedBrokers({ count: 1 }, { scheduler: time.scheduler, random });
    brokers.createTopic("texts", 1);
    const warnings: [string, unknown][] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (event, fields) => void warnings.push([event, fields?.["topic"]]),
    };
    const client = new Client(
      { brokers: brokers.endpoints, logger },
      { ...time, random, transport: brokers },
    );
    const errors: Error[] = [];
    const consumer = client.consumer({
      group: "g",
      topics: ["texts", "txets"].map((name) => topic(name, { value: serde.string() })),
      from: "earliest",
      protocol,
      onError: (error) => errors.push(error),
    });
    const values: string[] = [];
    const reading = collect(consumer as never, values);
    await time.advanceAndSettle(10_000);

    const told = { code: "UNKNOWN_TOPIC_OR_PARTITION", message: expect.stringContaining("txets") };
    expect(errors).toMatchObject([told]);
    expect(warnings).toEqual([["subscribed topic does not exist", "txets"]]);

    brokers.createTopic("txets", 1);
    const late = topic("txets", { value: serde.string() });
    await outcome(time, client.producer().send(late, { value: "late" }));
    await time.advanceAndSettle(60_000);

    expect(values).toEqual(["late"]);
    expect(errors).toHaveLength(1);
    await outcome(time, consumer.close());
    await reading;
  },
);
