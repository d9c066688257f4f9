import { brokerId, leaderEpoch, offset, ZoologError } from "@zoolog/base";
import {
  type ErrorCode,
  encodeRecordBatch,
  type NativeRequest,
  type NativeResponse,
  RecordBatch,
} from "@zoolog/protocol";
import { type Answers, ManualTime, ScriptedAnswers, seededRandom } from "@zoolog/testkit";
import { Client } from "../client.ts";
import { serde } from "../serde.ts";
import { topic } from "../topic.ts";
import type { ReadOptions } from "./read-options.ts";

const texts = topic("texts", { value: serde.string() });
const END = 4;

type Asked = NativeRequest<"fetch">["topics"][number]["partitions"][number];
type Entry = NativeResponse<"fetch">["topics"][number]["partitions"][number];
type Serve = (asked: Asked, rack: string | undefined) => Entry;

/** One batch with the record at `at`, as long as the log goes. */
function recordAt({ fetchOffset, partition }: Asked): Entry {
  const records = encodeRecordBatch([{ timestamp: 0, value: `${fetchOffset}` }]);
  RecordBatch.parse(records).assign({ baseOffset: fetchOffset, leaderEpoch: leaderEpoch(0) });
  return { partition, ...marks(), records };
}

const marks = () => ({
  highWatermark: offset(END),
  lastStableOffset: offset(END),
  logStartOffset: offset(0),
});

const sent = ({ partition }: Asked, to = 2): Entry => ({
  partition,
  ...marks(),
  preferredReadReplica: brokerId(to),
  records: Buffer.alloc(0),
});

const refused =
  (code: ErrorCode): Serve =>
  ({ partition }) => ({ partition, error: { code, message: "in this test" } });

/** Sends who says a rack to broker 2. */
const leader: Serve = (asked, rack) => (rack === undefined ? recordAt(asked) : sent(asked));

/** Broker 1 leads, broker 2 follows in rack b; `epochs`: what each look at the metadata finds. */
function setUp(serve: Record<number, Serve>, given: { epochs?: number[] } = {}) {
  const time = new ManualTime();
  const epochs = given.epochs ?? [];
  let epoch = 0;
  const answers: Answers = {
    metadata: () => {
      epoch = epochs.shift() ?? epoch;
      return metadata(epoch);
    },
    "list-offsets": ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, at }) => ({
          partition,
          offset: offset(at === "latest" ? END : 0),
        })),
      })),
    }),
    fetch: ({ rack, topics }, broker) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map((asked) => {
          const { currentLeaderEpoch, fetchOffset } = asked;
          fetches.push({ broker, at: fetchOffset, rack, epoch: currentLeaderEpoch });
          return serve[broker]!(asked, rack);
        }),
      })),
    }),
  };
  const fetches: {
    broker: number;
    at: number;
    rack: string | undefined;
    epoch: number | undefined;
  }[] = [];
  const client = new Client(
    { brokers: ["http://broker:8001"], metadataMaxAgeMs: 60_000 },
    { ...time, random: seededRandom(1), transport: new ScriptedAnswers(answers) },
  );
  return {
    fetches,
    time,
    client,
    /** The offsets that are read, and from whom. */
    read: async (options: ReadOptions = {}) => {
      const values: unknown[] = [];
      let isDone = false;
      const reading = (async () => {
        for await (const { value } of client.read(texts, options)) values.push(Number(value));
      })().finally(() => {
        isDone = true;
      });
      reading.catch(() => {});
      for (let waited = 0; !isDone && waited < 5_000; waited += 10) await time.advanceAndSettle(10);
      await reading;
      return values;
    },
  };
}

function metadata(epoch: number): NativeResponse<"metadata"> {
  return {
    clusterId: "test",
    brokers: [1, 2].map((id) => ({
      brokerId: brokerId(id),
      host: "broker",
      port: 8_000 + id,
      url: `http://broker:${8_000 + id}`,
    })),
    topics: [
      {
        topic: "texts",
        topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never,
        isInternal: false,
        partitions: [
          {
            partition: 0,
            leader: brokerId(1),
            leaderEpoch: leaderEpoch(epoch),
            replicas: [1, 2].map(brokerId),
            isr: [1, 2].map(brokerId),
            offlineReplicas: [],
          },
        ],
      },
    ],
  };
}

const ALL = [0, 1, 2, 3];

test("without a rack the leader is read", async () => {
  const { fetches, read } = setUp({ 1: leader });

  expect(await read()).toEqual(ALL);
  expect(fetches.map(({ broker, epoch, rack }) => [broker, rack, epoch])).toEqual(
    ALL.map(() => [1, undefined, undefined]),
  );
});

test("who says a rack reads from whom the leader names, under the leader's epoch", async () => {
  const { fetches, read } = setUp({ 1: leader, 2: recordAt }, { epochs: [7] });

  expect(await read({ rack: "b" })).toEqual(ALL);
  expect(fetches).toEqual([
    { broker: 1, at: 0, rack: "b", epoch: undefined },
    ...ALL.map((at) => ({ broker: 2, at, rack: undefined, epoch: 7 })),
  ]);
});

test.each<ErrorCode>([
  "OFFSET_OUT_OF_RANGE",
  "OFFSET_NOT_AVAILABLE",
  "NOT_LEADER_OR_FOLLOWER",
  "UNKNOWN_LEADER_EPOCH",
  "KAFKA_STORAGE_ERROR",
  "TOPIC_AUTHORIZATION_FAILED",
])("a replica's %s leads to the leader: nothing is lost, repeated or reset", async (code) => {
  const follower: Serve = (asked) =>
    asked.fetchOffset < 2 ? recordAt(asked) : refused(code)(asked, undefined);
  const { fetches, read } = setUp({ 1: leader, 2: follower });

  expect(await read({ rack: "b", onOffsetOutOfRange: "start" })).toEqual(ALL);

  expect(fetches.map(({ broker, at }) => [broker, at])).toEqual([
    [1, 0],
    [2, 0],
    [2, 1],
    [2, 2],
    [1, 2],
    [1, 3],
  ]);
  // The leader would name the same replica again at once.
  expect(fetches.slice(4).map(({ rack }) => rack)).toEqual([undefined, undefined]);
});

test("only the leader's OFFSET_OUT_OF_RANGE is believed", async () => {
  const { read } = setUp({
    1: (asked, rack) =>
      rack === undefined ? refused("OFFSET_OUT_OF_RANGE")(asked, rack) : sent(asked),
    2: refused("OFFSET_OUT_OF_RANGE"),
  });

  await expect(read({ rack: "b" })).rejects.toMatchObject({ code: "OFFSET_OUT_OF_RANGE" });
});

test("a replica that is gone leads to the leader at once", async () => {
  const { fetches, read } = setUp({
    1: leader,
    2: () => {
      throw new ZoologError({ code: "CONNECTION_REFUSED", message: "gone", retriable: true });
    },
  });

  expect(await read({ rack: "b" })).toEqual(ALL);
  expect(fetches.map(({ broker }) => broker)).toEqual([1, 2, 1, 1, 1, 1]);
});

test("a replica that is not known leads to the leader", async () => {
  const { fetches, read } = setUp({
    1: (asked, rack) => (rack === undefined ? recordAt(asked) : sent(asked, 9)),
  });

  expect(await read({ rack: "b" })).toEqual(ALL);
  expect(fetches.map(({ broker, rack }) => [broker, rack])).toEqual([
    [1, "b"],
    ...ALL.map(() => [1, undefined]),
  ]);
});
