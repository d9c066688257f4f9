import {
  decodeMessage,
  type ErrorBody,
  encodeMessage,
  partitionOfKey,
  splitBatches,
} from "@zoolog/protocol";
import {
  batch,
  call,
  JSON_TYPE,
  MSGPACK_TYPE,
  oneFetched,
  oneProduced,
  type Plane,
  partitionOf,
  started,
} from "../http-plane.fixture.ts";

describe("single records", () => {
  const post = (plane: Plane, payload: object) =>
    plane.inject({ method: "POST", url: "/v1/topics/orders/records", payload });
  const read = async (plane: Plane, partition: number, query = "") => {
    const url = `/v1/topics/orders/partitions/${partition}/records?${query}`;
    return (await plane.inject({ method: "GET", url })).json();
  };

  test("in every way of writing them come back as they can be posted again", async () => {
    const { plane } = await started();
    const records = [
      { key: "k", value: "text", headers: { trace: "1", empty: null }, timestamp: 5, partition: 0 },
      { value: { json: { a: [1, "ü"] } }, partition: 0 },
      {
        value: { base64: "//8=" },
        headers: [
          { key: "h", value: "1" },
          { key: "h", value: { base64: "/w==" } },
        ],
        partition: 0,
      },
      { key: "gone", value: null, partition: 0 },
      { key: "", value: "", partition: 0 },
    ];

    const posted = await post(plane, { records });
    const answer = await read(plane, 0);

    expect(posted.statusCode).toBe(200);
    expect(posted.json().records.map(({ offset }: { offset: number }) => offset)).toEqual([
      0, 1, 2, 3, 4,
    ]);
    expect(answer).toMatchObject({ logStartOffset: 0, highWatermark: 5, nextOffset: 5 });
    expect(answer.records).toEqual([
      {
        offset: 0,
        timestamp: 5,
        key: "k",
        value: "text",
        headers: [
          { key: "trace", value: "1" },
          { key: "empty", value: null },
        ],
      },
      { offset: 1, timestamp: expect.any(Number), key: null, value: '{"a":[1,"ü"]}', headers: [] },
      {
        offset: 2,
        timestamp: expect.any(Number),
        key: null,
        value: { base64: "//8=" },
        headers: [
          { key: "h", value: "1" },
          { key: "h", value: { base64: "/w==" } },
        ],
      },
      { offset: 3, timestamp: expect.any(Number), key: "gone", value: null, headers: [] },
      { offset: 4, timestamp: expect.any(Number), key: "", value: "", headers: [] },
    ]);
    const again = answer.records.map(({ offset: _, ...record }: { offset: number }) => record);
    expect((await post(plane, { records: again })).statusCode).toBe(200);
  });

  test.each(["none", "gzip", "snappy", "lz4", "zstd"])(
    "compressed with %s they are the same",
    async (compression) => {
      const { plane } = await started();
      const value = "the same again and ".repeat(50);

      const posted = await post(plane, { compression, records: [{ value, partition: 0 }] });
      const [batchOf] = await fetchedBatches(plane);

      expect(posted.statusCode).toBe(200);
      expect(batchOf?.compression).toBe(compression);
      expect((await read(plane, 0)).records[0].value).toBe(value);
    },
  );

  const fetchedBatches = async (plane: Plane) => {
    const { message } = await call(plane, "fetch", oneFetched(0));
    return [...splitBatches(partitionOf<{ records: Buffer }>(message).records)];
  };

  test("a partition without its leader yet is answered as what it is: gone in a moment", async () => {
    const { api, plane } = await started();
    const error = { code: "NOT_LEADER_OR_FOLLOWER", message: "broker 0 does not lead orders-0" };
    api.produce = async () => ({
      topics: [{ topic: "orders", partitions: [{ partition: 0, error }] }],
    });

    const posted = await post(plane, { records: [{ value: "v", partition: 0 }] });

    expect(posted.statusCode).toBe(421);
    expect(posted.headers["retry-after"]).toBe("1");
    expect(posted.json<ErrorBody>().error).toMatchObject({
      ...error,
      retriable: true,
      hint: expect.stringContaining("Ask the broker that leads it"),
    });
  });

  test.each([
    ['{"value": {"json": 1e999}}', "MALFORMED_BODY"],
    ['{"value": {"json": {"n": 12345678901234567890}}}', "MALFORMED_BODY"],
    ['{"value": "\\ud800"}', "MALFORMED_BODY"],
    ['{"value": {"json": {"a": 1, "a": 2}}}', "MALFORMED_BODY"],
    ['{"value": {"base64": "AB=="}}', "INVALID_REQUEST"],
    ['{"value": "v", "headers": {"b": "1", "7": "2"}}', "INVALID_REQUEST"],
  ])("%s is refused: it would be stored as something else", async (record, code) => {
    const { plane } = await started();

    const posted = await plane.inject({
      method: "POST",
      url: "/v1/topics/orders/records",
      headers: { "content-type": JSON_TYPE },
      payload: `{"records": [${record}]}`,
    });

    expect(posted.statusCode).toBe(400);
    expect(posted.json<ErrorBody>().error).toMatchObject({ code, hint: expect.any(String) });
  });

  test.each([Number.NaN, Number.NEGATIVE_INFINITY, { a: [Buffer.from("x")] }])(
    "{json: %p} in msgpack is refused: JSON has no such value",
    async (json) => {
      const { plane } = await started();

      const posted = await plane.inject({
        method: "POST",
        url: "/v1/topics/orders/records",
        headers: { "content-type": MSGPACK_TYPE },
        payload: Buffer.from(encodeMessage({ records: [{ value: { json } }] })),
      });

      expect(posted.statusCode).toBe(400);
    },
  );

  test("keys go where Java sends them, records without a key in turn", async () => {
    const { plane } = await started();

    const keys = ["a", "b", "c", "d", "é", ""];
    const keyed = (await post(plane, { records: keys.map((key) => ({ key })) })).json();
    const turns = (
      await post(plane, {
        records: [{ value: "1" }, { value: "2" }, { value: "3" }, { value: "4" }],
      })
    ).json();

    const partitions = (answer: { records: { partition: number }[] }) =>
      answer.records.map(({ partition }) => partition);
    expect(partitions(keyed)).toEqual(keys.map((key) => partitionOfKey(Buffer.from(key), 2)));
    expect(new Set(partitions(keyed)).size).toBe(2);
    expect(partitions(turns).filter((partition) => partition === 0)).toHaveLength(2);
  });

  test("some appended and some not: 207; none: the status of the failure", async () => {
    const { plane } = await started();

    const some = await post(plane, {
      records: [
        { partition: 0, value: "a" },
        { partition: 9, value: "b" },
      ],
    });
    const none = await post(plane, { records: [{ partition: 9, value: "b" }] });

    expect(some.statusCode).toBe(207);
    expect(some.json().records).toMatchObject([
      { partition: 0, offset: 0 },
      { partition: 9, error: { code: "UNKNOWN_TOPIC_OR_PARTITION" } },
    ]);
    expect(none.statusCode).toBe(404);
    expect(none.json().error.code).toBe("UNKNOWN_TOPIC_OR_PARTITION");
  });

  test("in msgpack keys and values are bins", async () => {
    const { plane } = await started();
    const payload = Buffer.from(
      encodeMessage({ records: [{ key: Buffer.from([255]), value: "text", partition: 0 }] }),
    );
    const headers = { "content-type": MSGPACK_TYPE };
    await plane.inject({ method: "POST", url: "/v1/topics/orders/records", headers, payload });

    const url = "/v1/topics/orders/partitions/0/records";
    const response = await plane.inject({ method: "GET", url, headers: { accept: MSGPACK_TYPE } });

    expect(decodeMessage(response.rawPayload).value).toMatchObject({
      records: [{ key: Buffer.from([255]), value: Buffer.from("text"), headers: [] }],
    });
  });

  test("reading begins inside a batch, stops at maxRecords, and says where to go on", async () => {
    const { plane } = await started();
    await call(plane, "produce", oneProduced(batch("0", "1", "2", "3", "4")));

    const answer = await read(plane, 0, "offset=1&maxRecords=2");

    expect(answer.records.map(({ value }: { value: string }) => value)).toEqual(["1", "2"]);
    expect(answer.nextOffset).toBe(3);
    expect((await read(plane, 0, "offset=latest")).records).toEqual([]);
    expect((await read(plane, 0, "offset=5")).nextOffset).toBe(5);
    expect((await read(plane, 0, "bytes=base64&maxRecords=1")).records[0].value).toEqual({
      base64: "MA==",
    });
  });
});
