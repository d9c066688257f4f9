import { NATIVE_CALLS } from "../calls.ts";
import {
  anything,
  bytes,
  either,
  flag,
  integer,
  list,
  nothing,
  object,
  oneOfNames,
  optional,
  record,
  type Schema,
  text,
  topicId,
} from "../schema.ts";
import { checkMessage, checkResponse } from "./check-message.ts";

function faultOf(schema: Schema<unknown>, value: unknown): string {
  const { fault } = checkMessage(schema, value);
  if (fault === undefined) throw new Error("the message was accepted");
  return fault.hint === undefined ? fault.message : `${fault.message} (${fault.hint})`;
}

const partition = (fields: object): unknown => ({
  topics: [{ topic: "t", partitions: [{ partition: 0, ...fields }] }],
});

const produce = NATIVE_CALLS.produce.request;
const fetch = NATIVE_CALLS.fetch.request;
const listOffsets = NATIVE_CALLS["list-offsets"].request;

test("missing fields get their defaults", () => {
  const { value } = checkMessage(fetch, { topics: [] });

  expect(value).toEqual({
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 50 * 1024 * 1024,
    isolation: "readUncommitted",
    topics: [],
  });
});

test("zero is a value, not an absence", () => {
  const { value } = checkMessage(fetch, { maxWaitMs: 0, minBytes: 0, maxBytes: 0, topics: [] });

  expect(value).toMatchObject({ maxWaitMs: 0, minBytes: 0, maxBytes: 0 });
});

describe("a request is refused with the path of the culprit", () => {
  test.each([
    [fetch, [], "the message must be a map of named fields"],
    [fetch, null, "the message must be a map of named fields"],
    [fetch, {}, "topics is missing"],
    [fetch, { topics: {} }, "topics must be a list"],
    [
      fetch,
      partition({ fetchOffset: -1 }),
      "topics[0].partitions[0].fetchOffset must be at least 0, not -1",
    ],
    [
      fetch,
      partition({ fetchOffset: 1.5 }),
      "topics[0].partitions[0].fetchOffset must be a whole number between -(2^53 - 1) and 2^53 - 1",
    ],
    [
      fetch,
      partition({ fetchOffset: 2 ** 53 }),
      "topics[0].partitions[0].fetchOffset must be a whole number between -(2^53 - 1) and 2^53 - 1",
    ],
    [
      fetch,
      partition({ fetchOffset: Number.NaN }),
      "topics[0].partitions[0].fetchOffset must be a whole number between -(2^53 - 1) and 2^53 - 1",
    ],
    [fetch, { maxWaitMs: 60_000, topics: [] }, "maxWaitMs must be at most 30000, not 60000"],
    [produce, { topics: [], requiredAcks: -1 }, "requiredAcks must be a text"],
    [
      produce,
      { topics: [], requiredAcks: "ALL" },
      'requiredAcks must be one of none, leader, all (Did you mean "all"?)',
    ],
    [
      produce,
      { topics: [], acks: "all" },
      'acks is not a field of this message (Did you mean "requiredAcks"?)',
    ],
    [
      produce,
      { topics: [], timeout_ms: 5 },
      'timeout_ms is not a field of this message (Did you mean "timeoutMs"?)',
    ],
    [
      produce,
      { topics: [], tiemoutMs: 5 },
      'tiemoutMs is not a field of this message (Did you mean "timeoutMs"?)',
    ],
    [
      produce,
      { topics: [], xyz: 5 },
      "xyz is not a field of this message (Known here: requiredAcks, timeoutMs, topics.)",
    ],
    [
      listOffsets,
      partition({ at: { timestamp: -1 } }),
      "topics[0].partitions[0].at.timestamp must be at least 0, not -1",
    ],
    [
      listOffsets,
      partition({ at: "last" }),
      "topics[0].partitions[0].at must be earliest, latest, maxTimestamp, " +
        "or the first record not older than timestamp",
    ],
  ])("case %#: %j", (schema, message, expected) => {
    expect(faultOf(schema, message)).toBe(expected);
  });
});

test.each(["", ".", "..", "a/b", "../../etc", "a b", "ä", "a\0", "x".repeat(250)])(
  "the topic name %j is refused by its own error",
  (topic) => {
    const { fault } = checkMessage(fetch, { topics: [{ topic, partitions: [] }] });

    expect(fault?.code).toBe("INVALID_TOPIC_EXCEPTION");
    expect(fault?.message).toContain("topics[0].topic is refused");
  },
);

test("a topic name of 249 characters is legal", () => {
  const topic = "x".repeat(249);

  expect(checkMessage(fetch, { topics: [{ topic, partitions: [] }] }).fault).toBeUndefined();
});

test("lists and maps are bounded", () => {
  const names = Object.fromEntries(Array.from({ length: 1_001 }, (_, i) => [`k${i}`, "v"]));
  const map = object({ map: record(text({ maxLength: 10 })) });

  expect(faultOf(list(flag()), Array(10_001).fill(true))).toContain("at most 10000 entries");
  expect(faultOf(map, { map: names })).toContain("map must have at most 1000 entries");
  expect(faultOf(map, { map: { a: "x".repeat(11) } })).toContain("map.a must have at most 10");
});

test("names from outside are shown without control characters, and cut", () => {
  const fault = faultOf(produce, { topics: [], [`\u001b[31m${"x".repeat(100)}`]: 1 });

  expect(fault).toMatch(/^\?\[31mx{55}… is not a field/);
});

test("a field named like a method of objects is unknown, not inherited", () => {
  expect(faultOf(produce, { topics: [], constructor: 1 })).toContain("constructor is not a field");
  expect(faultOf(produce, JSON.parse('{"topics":[],"__proto__":1}'))).toContain("__proto__ is not");
});

describe("bytes", () => {
  const schema = object({ records: bytes() });

  test("are taken as they are from msgpack, as a Buffer", () => {
    const given = new Uint8Array([1, 2, 3]);

    const { value } = checkMessage(schema, { records: given });

    expect(Buffer.isBuffer(value?.records)).toBe(true);
    expect(value?.records.buffer).toBe(given.buffer);
  });

  test("come from base64 in JSON", () => {
    expect(checkMessage(schema, { records: "AQID" }).value?.records).toEqual(
      Buffer.from([1, 2, 3]),
    );
    expect(checkMessage(schema, { records: "" }).value?.records).toHaveLength(0);
  });

  test.each(["AQI", "AQ-_", "A===", "AQID\n", 5, null])("%j are no base64", (records) => {
    expect(faultOf(schema, { records })).toMatch(/^records must be b/);
  });
});

test("alternatives are tried in order, and the nearest explains", () => {
  const schema = either([nothing(), integer({ minimum: 0, maximum: 9 }), oneOfNames(["all"])], {
    description: "null, a digit or all",
  });

  expect(checkMessage(schema, null).value).toBeNull();
  expect(checkMessage(schema, 7).value).toBe(7);
  expect(checkMessage(schema, "all").value).toBe("all");
  expect(faultOf(schema, 10)).toBe("the message must be at most 9, not 10");
  expect(faultOf(schema, "none")).toBe("the message must be null, a digit or all");
});

test("minus zero becomes zero, a pattern is kept, anything is anything", () => {
  const schema = object({
    n: integer({ minimum: 0, maximum: 1 }),
    id: optional(topicId),
    a: anything(),
  });

  expect(checkMessage(schema, { n: -0, a: [1] }).value?.n).toBe(0);
  expect(Object.is(checkMessage(schema, { n: -0, a: [1] }).value?.n, -0)).toBe(false);
  expect(faultOf(schema, { n: 0, a: 1, id: "short" })).toContain("id must match");
});

test("a client overlooks fields that a newer broker has added, everywhere in the answer", () => {
  const schema = NATIVE_CALLS.produce.response;
  const answer = {
    throttleTimeMs: 5,
    topics: [{ topic: "t", shiny: 1, partitions: [{ partition: 0, baseOffset: 7, fresh: true }] }],
  };

  expect(checkMessage(schema, structuredClone(answer)).fault).toBeDefined();
  expect(checkResponse(schema, answer).value?.topics[0]?.partitions[0]).toMatchObject({
    baseOffset: 7,
  });
});

test("a failed partition in an answer is checked as one", () => {
  const answer = { topics: [{ topic: "t", partitions: [{ partition: 0, error: { code: 5 } }] }] };

  // Allowed unknown fields must not make a broken error look like a success without an offset.
  expect(checkMessage(NATIVE_CALLS.produce.response, answer).fault?.message).toContain("code");
});
