import type { BrokerFault } from "@zoolog/testkit";
import { outcome, setUp, texts } from "../consumer/consumer.fixture.ts";
import type { ReadOptions } from "./read-options.ts";
import type { Reader } from "./reader.ts";

const ORIGINAL = ["a", "b", "c"];
/** What fetches are answered around it, and what is written to the new log before one succeeds. */
const CASES: [string, { written: string[]; fault?: BrokerFault }][] = [
  ["that is shorter", { written: ["x"] }],
  ["that is empty", { written: [] }],
  [
    "with epochs of its own",
    { written: ["x", "y", "z", "u"], fault: { refuseWith: "UNKNOWN_LEADER_EPOCH" } },
  ],
  [
    "that looks alike and is longer",
    { written: ["x", "y", "z", "u"], fault: { refuseWith: "NOT_LEADER_OR_FOLLOWER" } },
  ],
];

/** A reader that has read a topic, which is deleted and made anew while it waits for more. */
async function recreated(
  { fault, written }: { written: string[]; fault?: BrokerFault },
  options: ReadOptions,
) {
  const all = setUp();
  const { brokers, client, time, write } = all;
  await write(ORIGINAL);
  const reader = client.reader(texts, { follow: true, ...options });
  const values: string[] = [];
  const reading = collect(reader, values);
  await time.advanceAndSettle(1_000);
  expect(values).toEqual(ORIGINAL);

  brokers.fault = ({ call }) => (call === "fetch" ? fault : undefined);
  // What is parked ends.
  await time.advanceAndSettle(1_000);
  brokers.deleteTopic("texts");
  brokers.createTopic("texts", 1);
  await write(written);
  await time.advanceAndSettle(1_000);
  brokers.fault = () => undefined;
  return { ...all, reader, reading, values };
}

async function collect(reader: Reader<string, string>, values: string[]): Promise<unknown> {
  try {
    for await (const { value } of reader) values.push(`${value}`);
    return undefined;
  } catch (error) {
    return error;
  }
}

describe("a topic that is made anew while it is read", () => {
  test.each(CASES)("%s, ends its reader soon, by name, and a seek reads it", async (_, given) => {
    const { reader, reading, time, values } = await recreated(given, {});

    expect(await outcome(time, reading, 3_000)).toMatchObject({
      code: "TOPIC_RECREATED",
      message: "texts-0 was read up to offset 3, and topic texts was made anew since",
    });
    expect(values).toEqual(ORIGINAL);

    await outcome(time, reader.seek(0, "start"));
    void collect(reader, values);
    await time.advanceAndSettle(1_000);
    expect(values).toEqual([...ORIGINAL, ...given.written]);
    await reader.close();
  });

  test.each(CASES)("%s, is read from its start by who may go on", async (_, given) => {
    for (const onOffsetOutOfRange of ["start", "end"] as const) {
      const { reader, time, values, write } = await recreated(given, { onOffsetOutOfRange });
      await time.advanceAndSettle(3_000);
      await write(["later"]);
      await time.advanceAndSettle(1_000);

      expect(values).toEqual([...ORIGINAL, ...given.written, "later"]);
      await reader.close();
    }
  });

  test("leaves nothing of the batch in hand", async () => {
    const { brokers, client, time, write } = setUp();
    await write(ORIGINAL);
    const reader = client.reader(texts, { follow: true, onOffsetOutOfRange: "start" });
    const records = reader[Symbol.asyncIterator]();
    const next = async () => `${(await outcome(time, records.next())).value?.value}`;
    expect(await next()).toBe("a");
    await time.advanceAndSettle(100);

    brokers.deleteTopic("texts");
    brokers.createTopic("texts", 1);
    await write(["x", "y"]);
    await time.advanceAndSettle(2_000);

    expect([await next(), await next()]).toEqual(["x", "y"]);
    await reader.close();
  });

  test("was made anew before it was read, unknown to the client: nobody is told", async () => {
    const { brokers, client, time, write } = setUp();
    await write(ORIGINAL);
    await time.advanceAndSettle(1_000);
    brokers.deleteTopic("texts");
    brokers.createTopic("texts", 1);
    await write(["w"]);
    // Records come first, then what the topic is by now.
    brokers.fault = ({ call }) => (call === "metadata" ? { late: 200 } : undefined);
    const reader = client.reader(texts, { follow: true });
    const values: string[] = [];
    const reading = collect(reader, values);
    await time.advanceAndSettle(1_000);

    brokers.fault = ({ call }) =>
      call === "fetch" ? { refuseWith: "NOT_LEADER_OR_FOLLOWER" } : undefined;
    await time.advanceAndSettle(1_000);
    brokers.fault = () => undefined;
    await write(["x"]);
    await time.advanceAndSettle(1_000);

    expect(values).toEqual(["w", "x"]);
    await reader.close();
    expect(await outcome(time, reading)).toMatchObject({ code: "CLOSED" });
  });
});
