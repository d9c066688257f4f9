import { ManualTime, ScriptedBrokers, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { Client } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";
import type { ReadOptions } from "./read-options.ts";
import type { Reader } from "./reader.ts";
import type { ReaderRecord } from "./reader-record.ts";

const texts = topic("texts", { key: serde.string(), value: serde.string() });
type Text = ReaderRecord<string, string>;

function setUp(options: { brokers?: number; partitions?: number; latencyMsMax?: number } = {}) {
  const time = new ManualTime();
  const random = seededRandom(1);
  const brokers = new ScriptedBrokers(
    { count: options.brokers ?? 1, latencyMsMax: options.latencyMsMax ?? 0 },
    { scheduler: time.scheduler, random },
  );
  brokers.createTopic("texts", options.partitions ?? 1);
  const client = new Client(
    { brokers: brokers.endpoints },
    { clock: time.clock, scheduler: time.scheduler, random, transport: brokers },
  );
  /** One batch of its own for each list of values. */
  const write = async (batches: string[][], partition = 0, timestamp?: number) => {
    const producer = client.producer();
    for (const values of batches) {
      const sends = values.map((value) => producer.send(texts, { value, partition, timestamp }));
      await outcome(time, Promise.all(sends));
    }
    await outcome(time, producer.close());
  };
  return { time, brokers, client, write };
}

/** Lets everything happen that needs no more than `ms` of simulated time. */
function outcome<T>(time: ManualTime, promise: Promise<T>, ms = 2_000): Promise<T> {
  return time.outcome(promise, ms);
}

async function collect(
  reader: AsyncIterable<Text>,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const values: string[] = [];
  if (count === 0) return values;
  for await (const record of reader) {
    values.push(`${record.value}`);
    if (values.length === count) break;
  }
  return values;
}

const read = (client: Client, options: ReadOptions = {}) => collect(client.read(texts, options));

describe("where reading begins and ends", () => {
  test.each<[ReadOptions, string[]]>([
    [{}, ["a", "b", "c", "d", "e"]],
    [{ from: "end" }, []],
    [{ from: 3 }, ["d", "e"]],
    [{ offsets: "1:3" }, ["b", "c"]],
    [{ offsets: "-2" }, ["d", "e"]],
    [{ offsets: "-99" }, ["a", "b", "c", "d", "e"]],
    [{ offsets: "+4" }, ["e"]],
    [{ offsets: ":2" }, ["a", "b"]],
    [{ offsets: "2:99" }, ["c", "d", "e"]],
    [{ offsets: "-4:-1" }, ["b", "c", "d"]],
    [{ from: { 0: 4 } }, ["e"]],
  ])("%j", async (options, expected) => {
    const { client, time, write } = setUp();
    await write([
      ["a", "b", "c"],
      ["d", "e"],
    ]);

    await expect(outcome(time, read(client, options))).resolves.toEqual(expected);
  });

  test("a time begins at the first record that is not older, the future at the end", async () => {
    const { client, time, write } = setUp();
    await write([["a"]], 0, 1_000);
    await write([["b"]], 0, 2_000);
    await write([["c"]], 0, 3_000);

    expect(await outcome(time, read(client, { from: new Date(1_500) }))).toEqual(["b", "c"]);
    expect(await outcome(time, read(client, { offsets: "@2000:@3000" }))).toEqual(["b"]);
    expect(await outcome(time, read(client, { offsets: "@4000" }))).toEqual([]);
  });

  test("records that arrive after the start are not part of a read that does not follow", async () => {
    const { client, time, write } = setUp();
    await write([["a"], ["b"]]);
    const reader = client.reader(texts);

    const first = await outcome(time, collect(reader, 1));
    await write([["late"]]);
    const rest = await outcome(time, collect(reader));

    expect([...first, ...rest]).toEqual(["a", "b"]);
  });

  test("following waits for new records", async () => {
    const { client, time, write } = setUp();
    const reader = client.reader(texts, { from: "end", follow: true });

    const reading = collect(reader, 2);
    await time.advanceAndSettle(1_700);
    await write([["a"], ["b"]]);

    await expect(outcome(time, reading)).resolves.toEqual(["a", "b"]);
    await reader.close();
  });

  test("following ends at the end of a range that is still to be written", async () => {
    const { client, time, write } = setUp();
    const reading = read(client, { offsets: "0:2", follow: true });
    await time.advanceAndSettle(100);

    await write([["a", "b", "c"]]);

    await expect(outcome(time, reading)).resolves.toEqual(["a", "b"]);
  });

  test("an empty topic is read at once", async () => {
    const { client, time } = setUp({ partitions: 3 });

    await expect(outcome(time, read(client), 50)).resolves.toEqual([]);
  });

  test.each([
    [{ from: -1 }, "INVALID_OPTION"],
    [{ from: "start", offsets: "end" }, "INVALID_OPTION"],
    [{ offsets: "yesterday" }, "INVALID_OFFSETS"],
    [{ prefetchBytes: 0 }, "INVALID_OPTION"],
    [{ partitions: [7] }, "UNKNOWN_TOPIC_OR_PARTITION"],
  ] as [ReadOptions, string][])("%j is refused", async (options, code) => {
    const { client, time } = setUp();

    await expect(outcome(time, read(client, options))).rejects.toMatchObject({ code });
  });
});

describe("many partitions", () => {
  test("one without a leader holds up no other, and ends a read in time", async () => {
    const { brokers, client, time, write } = setUp({ brokers: 3, partitions: 3 });
    await write([["a", "b"]], 1);
    brokers.loseLeader("texts", 0);
    const options = { offsets: "start", retryTimeoutMs: 60_000 };

    const followed = client.reader(texts, { ...options, follow: true });
    expect(await outcome(time, collect(followed, 2), 100)).toEqual(["a", "b"]);
    await followed.close();

    const startedAt = time.clock.monotonic();
    const failed = outcome(time, read(client, options), 70_000);
    await expect(failed).rejects.toMatchObject({
      code: "LEADER_NOT_AVAILABLE",
      message: expect.stringContaining("texts-0"),
      hint: expect.stringContaining("zoolog topic describe"),
    });
    expect(time.clock.monotonic() - startedAt).toBeLessThanOrEqual(60_000);
  });

  test("a leader that does not say where a partition begins ends a read in time", async () => {
    const { brokers, client, time, write } = setUp({ brokers: 2, partitions: 2 });
    await write([["a"]], 1);
    const [silent] = brokers.endpoints;
    brokers.fault = ({ call, endpoint }) =>
      call === "list-offsets" && endpoint === silent ? "hang" : undefined;
    const startedAt = time.clock.monotonic();
    const options = { retryTimeoutMs: 30_000 };

    await expect(outcome(time, read(client, options), 65_000)).rejects.toMatchObject({
      retriable: true,
    });
    expect(time.clock.monotonic() - startedAt).toBeLessThanOrEqual(31_000);
  });

  test("each is read in its order and all get their turn", async () => {
    const { client, time, write } = setUp({ brokers: 3, partitions: 3 });
    const batch = (name: string) => Array.from({ length: 10 }, (_, i) => [`${name}${i}`]);
    for (const [partition, name] of ["a", "b", "c"].entries()) await write(batch(name), partition);

    const values = await outcome(time, read(client));

    for (const name of ["a", "b", "c"]) {
      const own = values.filter((value) => value.startsWith(name));
      expect(own).toEqual(batch(name).flat());
    }
    // No partition is read to its end before another has begun.
    expect(new Set(values.slice(0, 6).map((value) => value[0])).size).toBe(3);
  });

  test("a quiet one does not keep the room for one fetch from those of other brokers", async () => {
    const { client, time, write } = setUp({ brokers: 2, partitions: 2 });
    await write([["a"], ["b"]], 1);

    const reading = collect(client.read(texts, { follow: true, prefetchBytes: 300 }), 2);

    expect(await outcome(time, reading, 10_000)).toEqual(["a", "b"]);
  });

  test("those that were added since the client asked last are read; without an answer those that are known", async () => {
    const { brokers, client, time, write } = setUp({ partitions: 1 });
    await write([["a"]]);
    brokers.addPartitions("texts", 2);
    const { clock, scheduler } = time;
    const other = new Client(
      { brokers: brokers.endpoints },
      { clock, scheduler, random: seededRandom(2), transport: brokers },
    );
    await outcome(time, other.producer().send(texts, { value: "b", partition: 1 }));
    time.advance(1);

    expect((await outcome(time, read(client))).sort()).toEqual(["a", "b"]);

    brokers.fault = ({ call }) => (call === "metadata" ? "refuse" : undefined);
    time.advance(1);
    expect((await outcome(time, read(client), 60_000)).sort()).toEqual(["a", "b"]);
  });

  test("only the assigned partitions are read, and another set can be assigned", async () => {
    const { client, time, write } = setUp({ partitions: 3 });
    for (const partition of [0, 1, 2]) await write([[`p${partition}`]], partition);
    const reader = client.reader(texts, { partitions: [1] });
    const first = await outcome(time, collect(reader));

    await outcome(time, reader.assign([1, 2]));
    const second = await outcome(time, collect(reader));

    expect([first, second]).toEqual([["p1"], ["p2"]]);
  });

  test("any schedule of writes and faults is read without loss, duplicate or disorder", async () => {
    const writes = fc.array(
      fc.record({ partition: fc.nat({ max: 2 }), count: fc.integer({ min: 1, max: 5 }) }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(
        writes,
        fc.nat(),
        fc.double({ min: 0, max: 0.4, noNaN: true }),
        async (batches, seed, faultiness) => {
          const { brokers, client, time, write } = setUp({ brokers: 2, partitions: 3 });
          const expected: string[][] = [[], [], []];
          let next = 0;
          for (const { count, partition } of batches) {
            const values = Array.from({ length: count }, () => `${next++}`);
            await write([values], partition);
            expected[partition]!.push(...values);
          }
          const random = seededRandom(seed);
          brokers.fault = ({ call }) => {
            if (call === "metadata" || random.next() >= faultiness) return undefined;
            const faults = ["refuse", "breakAfter", "truncate"] as const;
            if (random.next() < 0.2) brokers.moveLeader("texts", Math.floor(random.next() * 3));
            return faults[Math.floor(random.next() * 3)];
          };

          const got: string[][] = [[], [], []];
          const reading = (async () => {
            for await (const record of client.read(texts, { prefetchBytes: 300 })) {
              got[record.partition]!.push(`${record.value}`);
            }
          })();
          await outcome(time, reading, 120_000);

          expect(got).toEqual(expected);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("moving about", () => {
  test("leaving the loop keeps the position", async () => {
    const { client, time, write } = setUp();
    await write([["a", "b", "c"], ["d"]]);
    const reader = client.reader(texts);

    const first = await outcome(time, collect(reader, 2));
    expect(reader.progress()).toMatchObject([{ position: 2, endOffset: 4 }]);
    const rest = await outcome(time, collect(reader));

    expect([first, rest]).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
  });

  test("seek goes back and forth, dropping what was fetched", async () => {
    const { client, time, write } = setUp();
    await write([["a", "b", "c"], ["d"]]);
    const reader = client.reader(texts);
    await outcome(time, collect(reader, 3));

    await outcome(time, reader.seek(0, 1));
    expect(await outcome(time, collect(reader, 2))).toEqual(["b", "c"]);
    await outcome(time, reader.seek(0, "start"));
    expect(await outcome(time, collect(reader))).toEqual(["a", "b", "c", "d"]);
    await expect(outcome(time, reader.seek(5, 0))).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });

  test("an answer to what was asked before a seek is thrown away", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a"], ["b"]]);
    const reader: Reader<string, string> = client.reader(texts, { follow: true, from: 1 });
    expect(await outcome(time, collect(reader, 1))).toEqual(["b"]);
    await time.advanceAndSettle(100);
    expect(brokers.requests.filter(({ call }) => call !== "metadata").at(-1)?.call).toBe("fetch");

    await outcome(time, reader.seek(0, 0));
    await write([["c"]]);

    expect(await outcome(time, collect(reader, 3))).toEqual(["a", "b", "c"]);
    await reader.close();
  });

  test("records that were under way while another place was sought are not handed out", async () => {
    const { brokers, client, time, write } = setUp({ latencyMsMax: 50 });
    await write([["a"], ["b"], ["c"], ["d"]]);
    for (let round = 0; round < 20; round++) {
      const reader = client.reader(texts, { from: 0 });
      const before = brokers.requests.length;
      const reading = collect(reader);
      const fetches = () => brokers.requests.slice(before).some(({ call }) => call === "fetch");
      for (let ms = 0; !fetches() && ms < 1_000; ms++) await time.advanceAndSettle(1);
      expect(fetches()).toBe(true);

      await outcome(time, reader.seek(0, 3));

      expect(await outcome(time, reading)).toEqual(["d"]);
      await reader.close();
    }
  });

  test("batches come as they were written and count as read", async () => {
    const { client, time, write } = setUp();
    await write([["a", "b"], ["c"]]);
    const reader = client.reader(texts, { from: 1 });
    const batches: string[][] = [];

    await outcome(
      time,
      (async () => {
        for await (const batch of reader.batches()) {
          batches.push([...batch].map(({ value }) => `${value}`));
          if (batches.length === 1) expect(reader.progress()[0]?.position).toBe(2);
        }
      })(),
    );

    expect(batches).toEqual([["b"], ["c"]]);
  });
});

describe("what can go wrong", () => {
  test("an offset that is gone is an error, never a silent jump", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a", "b", "c"]]);
    brokers.partition("texts", 0).logStartOffset = 2;

    await expect(outcome(time, read(client, { from: 0 }))).rejects.toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
      message: "texts-0 has no offset 0, its log starts at 2",
    });
    await expect(outcome(time, read(client, { from: 9, follow: true }))).rejects.toMatchObject({
      code: "OFFSET_OUT_OF_RANGE",
    });
  });

  test("the caller can choose where to go on instead", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a"], ["b"], ["c"]]);
    brokers.partition("texts", 0).logStartOffset = 1;

    const values = await outcome(time, read(client, { from: 0, onOffsetOutOfRange: "start" }));

    expect(values).toEqual(["b", "c"]);
  });

  test("a corrupt batch is named after what stands before it, and can be passed over", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a"], ["b", "c"], ["d"]]);
    brokers.partition("texts", 0).corrupt(1);
    const reader = client.reader(texts);
    const values: string[] = [];
    const reading = async () => {
      for await (const { value } of reader) values.push(`${value}`);
    };

    await expect(outcome(time, reading())).rejects.toMatchObject({
      code: "CORRUPT_MESSAGE",
      message: expect.stringContaining("texts-0 is corrupt at offset 1"),
    });
    await expect(outcome(time, reading())).rejects.toMatchObject({ code: "CORRUPT_MESSAGE" });
    await outcome(time, reader.seek(0, 3));
    await outcome(time, reading());

    expect(values).toEqual(["a", "d"]);
  });

  test("a key that its serde cannot read is an error of that record alone", async () => {
    const { client, time, write } = setUp();
    await write([["1", "x", "3"]]);
    const numbers = topic("texts", { value: serde.json<number>() });
    const values: unknown[] = [];

    const reading = async () => {
      for await (const record of client.read(numbers)) {
        try {
          values.push(record.value);
        } catch (error) {
          values.push((error as { code: string }).code);
        }
      }
    };
    await outcome(time, reading());

    expect(values).toEqual([1, "DESERIALIZATION_FAILED", 3]);
  });

  test("a leader that moves is followed", async () => {
    const { brokers, client, time, write } = setUp({ brokers: 3 });
    await write([["a"]]);
    const reader = client.reader(texts, { follow: true });
    expect(await outcome(time, collect(reader, 1))).toEqual(["a"]);

    brokers.moveLeader("texts", 0);
    await write([["b"]]);

    expect(await outcome(time, collect(reader, 1), 5_000)).toEqual(["b"]);
    await reader.close();
  });

  test("a broker that stays away fails the reader after its time", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a"]]);
    const reader = client.reader(texts, { follow: true, retryTimeoutMs: 5_000 });
    expect(await outcome(time, collect(reader, 1))).toEqual(["a"]);
    brokers.fault = () => "refuse";

    await expect(outcome(time, collect(reader), 10_000)).rejects.toMatchObject({
      code: "CONNECTION_REFUSED",
    });
  });

  test("a topic that is deleted while it is read ends the reader with its name", async () => {
    const { brokers, client, time, write } = setUp();
    await write([["a"]]);
    const reader = client.reader(texts, { follow: true });
    expect(await outcome(time, collect(reader, 1))).toEqual(["a"]);
    brokers.deleteTopic("texts");

    await expect(outcome(time, collect(reader), 5_000)).rejects.toMatchObject({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
    });
  });
});

describe("ending", () => {
  test("an abort ends a loop that waits, with its reason", async () => {
    const { client, time } = setUp();
    const controller = new AbortController();
    const reading = collect(client.read(texts, { follow: true, signal: controller.signal }));
    await time.advanceAndSettle(100);

    controller.abort(new Error("enough"));

    await expect(outcome(time, reading)).rejects.toThrow("enough");
    expect(time.pendingTimers).toBe(0);
  });

  test("close ends a loop that waits and leaves nothing behind", async () => {
    const { client, time } = setUp();
    const reader = client.reader(texts, { follow: true });
    const reading = collect(reader);
    reading.catch(() => {});
    await time.advanceAndSettle(100);

    await client.close();

    await expect(reading).rejects.toMatchObject({ code: "CLOSED" });
    expect(time.pendingTimers).toBe(0);
  });

  test("memory for what is fetched ahead stays bounded", async () => {
    const { brokers, client, time, write } = setUp({ partitions: 2 });
    const big = () => Array.from({ length: 20 }, () => ["x".repeat(1_000)]);
    await write(big(), 0);
    await write(big(), 1);
    const reader = client.reader(texts, { prefetchBytes: 4_000 });

    await outcome(time, collect(reader, 1));
    await time.advanceAndSettle(1_000);

    const fetches = brokers.requests.filter(({ call }) => call === "fetch").length;
    expect(fetches).toBeLessThanOrEqual(4);
    await reader.close();
  });
});
