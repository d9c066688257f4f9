import { deferred } from "@zoolog/base";
import { collect, outcome, setUp, type Text, texts } from "./consumer.fixture.ts";

const ORIGINAL = ["a", "b", "c", "d"];

/** Writes four batches under one epoch, of which an unclean election then loses the last two. */
async function written() {
  const all = setUp();
  for (const value of ORIGINAL) await all.write([value]);
  const lose = async () => {
    all.brokers.partition("texts", 0).loseFrom(2);
    for (const value of ["x", "y", "z"]) await all.write([value]);
  };
  return { ...all, lose };
}

describe("a reader", () => {
  test("is told that records it has read are lost, instead of reading past others", async () => {
    const { client, lose, time } = await written();
    const reader = client.reader(texts, { follow: true });
    const values: string[] = [];
    const reading = (async () => {
      for await (const { value } of reader) values.push(`${value}`);
    })().catch((error: unknown) => error);
    await time.advanceAndSettle(1_000);

    await lose();
    await time.advanceAndSettle(1_000);

    expect(await outcome(time, reading)).toMatchObject({
      code: "LOG_TRUNCATED",
      message: "texts-0 was read up to offset 4, but epoch 0 of its log ends at 2",
    });
    expect(values).toEqual(ORIGINAL);
    await reader.close();
  });

  test.each(["start", "end"] as const)(
    "goes on where the history leaves its own when it may choose: %s",
    async (onOffsetOutOfRange) => {
      const { client, lose, time } = await written();
      const reader = client.reader(texts, { follow: true, onOffsetOutOfRange });
      const values: string[] = [];
      void (async () => {
        for await (const { value } of reader) values.push(`${value}`);
      })().catch(() => {});
      await time.advanceAndSettle(1_000);

      await lose();
      await time.advanceAndSettle(1_000);

      expect(values).toEqual([...ORIGINAL, "x", "y", "z"]);
      await reader.close();
    },
  );

  test("hands out nothing more of a batch that was lost while it was read", async () => {
    const { brokers, client, time, write } = setUp();
    await write(ORIGINAL);
    const reader = client.reader(texts, { follow: true, onOffsetOutOfRange: "start" });
    const values: string[] = [];
    const records = reader[Symbol.asyncIterator]();
    const next = async () => values.push(`${(await outcome(time, records.next())).value?.value}`);
    await next();

    brokers.partition("texts", 0).loseFrom(0);
    await write(["x", "y", "z"]);
    await time.advanceAndSettle(1_000);
    for (let count = 0; count < 3; count++) await next();

    expect(values).toEqual(["a", "x", "y", "z"]);
    await reader.close();
  });

  test("what was only fetched is fetched anew, and nobody is told", async () => {
    const { client, lose, time } = await written();
    const reader = client.reader(texts, { follow: true });
    const values: string[] = [];
    const records = reader[Symbol.asyncIterator]();
    const next = async () => values.push(`${(await outcome(time, records.next())).value?.value}`);
    await next();
    await time.advanceAndSettle(100);

    await lose();
    await time.advanceAndSettle(1_000);
    for (let count = 0; count < 4; count++) await next();

    expect(values).toEqual(["a", "b", "x", "y", "z"]);
    await reader.close();
  });
});

describe("a group", () => {
  test("counts as handled only what is in the new history", async () => {
    const { consumer, groups, lose, time } = await written();
    const values: string[] = [];
    void collect(consumer({ onOffsetOutOfRange: "end" }), values);
    await time.advanceAndSettle(3_000);
    expect(groups.committed("g")).toEqual({ "texts-0": 4 });

    await lose();
    await time.advanceAndSettle(3_000);

    expect(values).toEqual([...ORIGINAL, "x", "y", "z"]);
    expect(groups.committed("g")).toEqual({ "texts-0": 5 });
  });

  test("notices after a restart, by the epoch beside its offset", async () => {
    const { consumer, lose, time } = await written();
    const first = consumer();
    void collect(first, []);
    await time.advanceAndSettle(3_000);
    await outcome(time, first.close());

    await lose();
    const values: string[] = [];
    const reading = collect(consumer(), values);
    await time.advanceAndSettle(3_000);

    expect(await outcome(time, reading)).toMatchObject({ code: "LOG_TRUNCATED" });
    expect(values).toEqual([]);
  });

  test("goes on after records of two epochs that were handled the other way round", async () => {
    const { brokers, consumer, errors, groups, time, write } = setUp();
    await write(["a"]);
    brokers.partition("texts", 0).loseFrom(1);
    await write(["b"]);
    const first = consumer();
    const gate = deferred<void>();
    const handler = ({ value }: Text) => (value === "a" ? gate.promise : gate.resolve());
    void first.run(handler, { concurrency: 2, order: "none" });
    await time.advanceAndSettle(3_000);
    await outcome(time, first.close());
    expect(groups.committed("g")).toEqual({ "texts-0": 2 });

    await write(["c"]);
    const values: string[] = [];
    void collect(consumer(), values);
    await time.advanceAndSettle(3_000);

    expect(errors).toEqual([]);
    expect(values).toEqual(["c"]);
  });
});
