import { isDeepStrictEqual } from "node:util";
import {
  checkMessage,
  checkResponse,
  decodeJsonMessage,
  decodeMessage,
  encodeJsonMessage,
  encodeMessage,
  encodeRecordBatch,
  type JsonSchema,
  NATIVE_CALLS,
  PEER_CALLS,
  postRecordsRequest,
  postTopicRequest,
  putTopicRequest,
  recordInput,
  type Static,
} from "@zoolog/protocol";
import {
  type Door,
  type FuzzTarget,
  mustHold,
  type Outcome,
  refusal,
  shapeOf,
} from "../fuzz-target.ts";
import { samplesOf } from "./schema-samples.ts";

/** Every message that crosses the plane, in both directions: a hostile broker's answers, too. */
export const MESSAGE_SCHEMAS: readonly JsonSchema[] = [
  ...Object.values(NATIVE_CALLS).flatMap(({ request, response }) => [request, response]),
  ...Object.values(PEER_CALLS).flatMap(({ request, response }) => [request, response]),
  ...[postRecordsRequest, postTopicRequest, putTopicRequest],
];

const POST_RECORDS = MESSAGE_SCHEMAS.indexOf(postRecordsRequest);
const FORMS = ["msgpack", "json"] as const;

export const messages: FuzzTarget = {
  name: "messages",
  row: "F-02",
  about: "bodies of all routes, in msgpack and JSON, against their schemas: no change unnoticed",
  inputBytesMax: 4_096,
  smokeExecutions: 6_000,
  // Records of people are batched where they are posted, not here.
  allocationSlackBytes: 64 * 1024,
  open(): Door {
    return { seeds: sampleMessages(), words: WORDS, execute };
  },
};

const JSON_WORDS = [
  ...['"__proto__"', '"constructor"', "-0", "1e999", "9007199254740993", "\\ud800", "null", "{"],
  ...['"topics":', "[[[[", "]]", ",", ":", "\\u0000", "NaN", "1.0", '"orders"', '"partitions":['],
];

/** As they stand in msgpack. */
export const WORDS = [
  ...JSON_WORDS.map((word) => Buffer.from(word)),
  ...[
    "__proto__",
    "constructor",
    "toString",
    "topics",
    "partitions",
    "orders",
    "..",
    "records",
  ].map((name) => Buffer.from(encodeMessage(name))),
  ...[Number.NaN, -0.5, Number.POSITIVE_INFINITY, 2 ** 53 - 1, -1, -(2 ** 53) + 1].map((number) =>
    Buffer.from(encodeMessage(number)),
  ),
  ...[
    "c0",
    "c1",
    "cb8000000000000000",
    "cf0020000000000000",
    "d3ffe0000000000000",
    "ca7fc00000",
  ].map((hex) => Buffer.from(hex, "hex")),
  ...["ddffffffff", "dfffffffff", "c6ffffffff", "dbffffffff", "c700", "d4", "dc0001", "de0001"].map(
    (hex) => Buffer.from(hex, "hex"),
  ),
  Buffer.alloc(200, 0x91),
  encodeRecordBatch([{ timestamp: 1, value: "a" }]),
];

/** Schema and form in front, as the other parts of a request say them. */
export function sampleMessages(): Buffer[] {
  return MESSAGE_SCHEMAS.flatMap((schema, index) =>
    samplesOf(schema).flatMap((message) => [
      Buffer.concat([Buffer.of(index, 0), encodeMessage(message)]),
      Buffer.concat([Buffer.of(index, 1), Buffer.from(encodeJsonMessage(message))]),
    ]),
  );
}

function execute(input: Buffer): Outcome {
  const index = (input[0] ?? 0) % MESSAGE_SCHEMAS.length;
  const schema = MESSAGE_SCHEMAS[index] ?? {};
  const form = FORMS[(input[1] ?? 0) % FORMS.length] ?? "msgpack";
  const body = input.subarray(2);
  const decoded = form === "json" ? decodeJsonMessage(body) : decodeMessage(body);
  if (decoded.fault !== undefined) return `${form} ${shapeOf(decoded.fault.message)}`;
  if (form === "msgpack" && !body.includes(0xca) && !body.includes(0xcb)) {
    mustHold(holdsExactIntegers(decoded.value), "an integer is not what it was");
  }
  // In JSON it is a field like others, for the schema to refuse; msgpack has no such name.
  const isProtoNamed = form === "json" && namesProto(decoded.value);
  if (isProtoNamed) return `${index} __proto__ ${checkMessage(schema, decoded.value).fault?.code}`;
  checkOtherForm(decoded.value);
  const isResponse = index % 2 === 1 && index < POST_RECORDS;
  const check = isResponse ? checkResponse : checkMessage;
  const checked = check(schema, decoded.value);
  if (checked.fault !== undefined) return `${index} ${shapeOf(checked.fault.message)}`;
  for (const again of [
    decodeMessage(encodeMessage(checked.value)),
    decodeJsonMessage(Buffer.from(encodeJsonMessage(checked.value))),
  ]) {
    mustHold(again.fault === undefined, () => `what was accepted is not: ${again.fault?.message}`);
    const [first] = [check(schema, again.value)];
    mustHold(first.fault === undefined, () => `not accepted again: ${first.fault?.message}`);
    if (!isResponse) {
      mustHold(isDeepStrictEqual(first.value, checked.value), "it is not what it was");
    }
  }
  return index === POST_RECORDS ? postOutcome(checked.value) : `${index} ${form} accepted`;
}

/** What one form can say, the other can; only bytes are texts in JSON. */
function checkOtherForm(value: unknown): void {
  const again = decodeMessage(encodeMessage(value));
  mustHold(again.fault === undefined, () => `decoded, but not again: ${again.fault?.message}`);
  mustHold(isDeepStrictEqual(again.value, withPlusZeros(value)), "decoded as something else");
}

/** What no float can have brought must be a whole number that a double can hold. */
function holdsExactIntegers(value: unknown): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return true;
  return Object.values(value).every(holdsExactIntegers);
}

function namesProto(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.hasOwn(value, "__proto__") || Object.values(value).some(namesProto);
}

/** There is only one zero on the wire. */
function withPlusZeros(value: unknown): unknown {
  if (value === 0) return 0;
  if (Array.isArray(value)) return value.map(withPlusZeros);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  const fields = Object.entries(value).map(([name, held]) => [name, withPlusZeros(held)]);
  return Object.fromEntries(fields);
}

/** What people post is stored as they wrote it. */
function postOutcome(value: unknown): Outcome {
  const { records } = value as Static<typeof postRecordsRequest>;
  try {
    return `posted ${Math.min(4, records.map((record) => recordInput(record, 1)).length)}`;
  } catch (error) {
    return refusal(error);
  }
}
