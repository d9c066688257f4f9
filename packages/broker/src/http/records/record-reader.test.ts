import { EventLoopTurns, offset, silentLogger, TURNS_FOR_OTHERS } from "@zoolog/base";
import {
  crc32c,
  decodeMessage,
  type ErrorBody,
  encodeRecordBatch,
  type RecordInput,
} from "@zoolog/protocol";
import { ManualTime, MemoryBroker } from "@zoolog/testkit";
import { createBrokerMetrics } from "../../metrics.ts";
import type { HttpLimits } from "../http-limits.ts";
import { HttpPlane } from "../http-plane.ts";

/** A plane over a partition that holds exactly these batches. */
function planeOver(batches: readonly Buffer[], limits: Partial<HttpLimits> = {}) {
  const api = new MemoryBroker();
  const asked: number[] = [];
  const [logStartOffset, highWatermark] = [offset(0), offset(100)];
  const positions = { highWatermark, lastStableOffset: highWatermark, logStartOffset };
  api.fetch = async ({ topics, maxBytes }) => {
    asked.push(maxBytes);
    const from = topics[0]?.partitions[0]?.fetchOffset ?? 0;
    const records = batches.filter((bytes) => endOf(bytes) > from);
    return { topics: [{ topic: "t", partitions: [{ partition: 0, ...positions, records }] }] };
  };
  const time = new ManualTime();
  const scheduler = { ...time.scheduler, soon: setImmediate };
  const plane = new HttpPlane(
    { host: "127.0.0.1", port: 0, limits },
    { api, metrics: createBrokerMetrics(), logger: silentLogger, clock: time.clock, scheduler },
  );
  const read = (query = "", accept = "application/json") =>
    plane.inject({
      method: "GET",
      url: `/v1/topics/t/partitions/0/records?offset=0&${query}`,
      headers: { accept },
    });
  return { plane, read, asked };
}

const endOf = (bytes: Buffer): number =>
  Number(bytes.readBigInt64BE(0)) + bytes.readInt32BE(23) + 1;

function batchAt(baseOffset: number, ...values: (string | Buffer)[]): Buffer {
  const inputs: RecordInput[] = values.map((value) => ({ timestamp: 0, value }));
  const bytes = encodeRecordBatch(inputs);
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  return bytes;
}

/** Sound to look at and under its checksum, and undecodable: claims a codec it is not written in. */
function undecodable(batch: Buffer): Buffer {
  batch[22] = 1; // gzip
  batch.writeUInt32BE(crc32c(batch.subarray(21)), 17);
  return batch;
}

describe("a batch that cannot be decoded", () => {
  test("hides nothing before it: the records are answered, and where to go on", async () => {
    const { read } = planeOver([batchAt(0, "a", "b"), undecodable(batchAt(2, "c", "d", "e"))]);

    const answer = await read();
    const onlyTwo = await read("maxRecords=2");

    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      records: [{ value: "a" }, { value: "b" }],
      nextOffset: 2,
    });
    expect(onlyTwo.json()).toMatchObject({ nextOffset: 2 });
  });

  test("when it is the first, is named with its place and the offset to go on from", async () => {
    const { read } = planeOver([undecodable(batchAt(0, "c", "d", "e")), batchAt(3, "f")]);

    const answer = await read();

    expect(answer.statusCode).toBe(500);
    expect(answer.json<ErrorBody>().error).toEqual({
      code: "UNREADABLE_BATCH",
      message: expect.stringContaining("the batch at offset 0 cannot be decoded: "),
      retriable: false,
      hint: expect.stringContaining("read from offset 3"),
    });
  });

  test("damaged on the disk, is never shown as if it were sound", async () => {
    const rotten = batchAt(1, "paid: 100");
    rotten[rotten.length - 2] = 0x39;
    const { read } = planeOver([batchAt(0, "a"), rotten]);

    expect((await read()).json()).toMatchObject({ records: [{ value: "a" }], nextOffset: 1 });
  });
});

describe("one answer", () => {
  test("shows so many bytes and says where to go on, whatever the batches become", async () => {
    const { read, asked } = planeOver([batchAt(0, ...Array<Buffer>(8).fill(Buffer.alloc(400)))], {
      readAnswerBytesMax: 1_000,
    });

    const answer = await read("maxBytes=10000000");

    expect(answer.json().records).toHaveLength(2);
    expect(answer.json()).toMatchObject({ nextOffset: 2 });
    expect(asked).toEqual([1_000]);
  });

  test("has one record at least, however large", async () => {
    const { read } = planeOver([batchAt(0, Buffer.alloc(5_000), "b")], {
      readAnswerBytesMax: 1_000,
    });

    expect((await read()).json()).toMatchObject({ records: [{ offset: 0 }], nextOffset: 1 });
  });

  test("in msgpack is the same bytes, on their own", async () => {
    const { read } = planeOver([batchAt(0, Buffer.alloc(5_000, 7))]);

    const answer = await read("", "application/msgpack");

    expect(decodeMessage(answer.rawPayload).value).toMatchObject({
      records: [{ value: Buffer.alloc(5_000, 7) }],
    });
  });

  test("gives back the bytes that it held in flight", async () => {
    const { plane, read } = planeOver([batchAt(0, Buffer.alloc(5_000))], {
      inFlightBytesMax: 4_000,
    });

    const statuses = [await read(), await read()].map(({ statusCode }) => statusCode);
    const metrics = await plane.inject({ method: "GET", url: "/metrics" });

    expect(statuses).toEqual([200, 200]);
    expect(metrics.body).toMatch(/^zoolog_in_flight_bytes 0$/m);
  });
});

test("one answer is decoded at a time, in the order of asking, with turns for others in between", async () => {
  const later: (() => void)[] = [];
  const { scheduler } = new ManualTime();
  const turns = new EventLoopTurns({
    scheduler: { ...scheduler, soon: (task) => void later.push(task) },
  });
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  const decoded: number[] = [];

  for (const reader of [1, 2, 3]) void turns.take().then(() => decoded.push(reader));
  await settle();
  const decodedAt = [0];
  for (let turn = 1; later.length > 0; turn++) {
    const before = decoded.length;
    for (const task of later.splice(0)) task();
    await settle();
    if (decoded.length > before) decodedAt.push(turn);
  }

  expect(decoded).toEqual([1, 2, 3]);
  // libuv accepts one connection per turn: these are the ones that need not wait.
  expect(decodedAt).toEqual([0, TURNS_FOR_OTHERS, 2 * TURNS_FOR_OTHERS]);
  await turns.take();
});
