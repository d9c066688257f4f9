import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import { Client } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";

function setUp(allowAutoTopicCreation?: boolean) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const brokers = new ScriptedBrokers({ count: 1 }, { scheduler: time.scheduler, random });
  brokers.createsMissingTopics = true;
  const client = new Client(
    {
      brokers: brokers.endpoints,
      ...(allowAutoTopicCreation === undefined ? {} : { allowAutoTopicCreation }),
    },
    { ...time, random, transport: brokers },
  );
  return { brokers, client, time };
}

const texts = topic("texts", { value: serde.string() });
const UNKNOWN = { code: "UNKNOWN_TOPIC_OR_PARTITION" };

test("a missing topic that is produced to is an error, whatever brokers would do", async () => {
  const { client, time } = setUp();

  const sent = client.producer({ deliveryTimeoutMs: 1_000 }).send(texts, { value: "x" });

  await expect(time.outcome(sent, 5_000)).rejects.toMatchObject(UNKNOWN);
});

test("a client that may create topics creates those that it produces to", async () => {
  const { client, time } = setUp(true);

  const sent = client.producer().send(texts, { value: "x" });

  expect(await time.outcome(sent, 5_000)).toMatchObject({ partition: 0, offset: 0 });
});

test("reading creates nothing", async () => {
  const { client, time } = setUp(true);

  const ends = client.admin.listOffsets("texts", "latest", { timeoutMs: 1_000 });

  await expect(time.outcome(ends, 5_000)).rejects.toMatchObject(UNKNOWN);
});

test("a topic that was deleted is not created by a client that only looks at it again", async () => {
  const { brokers, client, time } = setUp(true);
  const producer = client.producer();
  await time.outcome(producer.send(texts, { value: "x" }), 5_000);
  brokers.deleteTopic("texts");

  const ends = client.admin.listOffsets("texts", "latest", { timeoutMs: 20_000 });

  await expect(time.outcome(ends, 30_000)).rejects.toThrow();
  const sent = producer.send(texts, { value: "y" });
  expect(await time.outcome(sent, 5_000)).toMatchObject({ partition: 0, offset: 0 });
});
