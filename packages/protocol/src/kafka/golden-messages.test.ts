import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import {
  type AnyKafkaMessage,
  encodeRequest,
  encodeResponse,
  readRequest,
  readRequestHeader,
  readResponse,
} from "./frame.ts";
import { KAFKA_MESSAGES } from "./kafka-messages.ts";
import { emptyMessage, filledMessage, MESSAGE_CASES } from "./sample-messages.fixture.ts";

/** Written by Kafka's own Java library; see testdata/README.md. */
const FILE = join(__dirname, "../../testdata/java-kafka-messages.txt.gz");
const LINES = gunzipSync(readFileSync(FILE)).toString().trimEnd().split("\n");

const MESSAGES: ReadonlyMap<number, AnyKafkaMessage> = new Map(
  Object.values(KAFKA_MESSAGES).map((message) => [message.key, message as AnyKafkaMessage]),
);

const GOLDEN = LINES.map((line) => {
  const [key, version, direction, form, hex] = line.split(" ") as [
    string,
    string,
    string,
    string,
    string,
  ];
  const message = MESSAGES.get(Number(key));
  if (message === undefined) throw new Error(`there is no call ${key}`);
  return { message, version: Number(version), direction, form, bytes: Buffer.from(hex, "hex") };
});

test("there are golden bytes of every message in every version", () => {
  const golden = GOLDEN.map(({ message, version, direction, form }) =>
    [message.name, version, direction, form].join(" "),
  );

  const expected = MESSAGE_CASES.flatMap(({ name, version, direction }) =>
    ["filled", "empty"].map((form) => [name, version, direction, form].join(" ")),
  );
  expect(golden.toSorted()).toEqual(expected.toSorted());
});

test.each(Object.keys(KAFKA_MESSAGES))("%s has Java's bytes, written and read", (name) => {
  const ofCall = GOLDEN.filter(({ message }) => message.name === name);

  for (const { message, version, direction, form, bytes } of ofCall) {
    const title = `${name} ${version} ${direction} ${form}`;
    const { fields } = direction === "request" ? message.request : message.response;
    const value =
      form === "filled" ? filledMessage(fields, version) : emptyMessage(fields, version);
    const header = { apiVersion: version, correlationId: 7 };

    if (direction === "request") {
      const clientId = form === "filled" ? "golden" : undefined;
      const written = Buffer.concat(encodeRequest(message, { ...header, clientId }, value));
      expect([title, written.subarray(4).toString("hex")]).toEqual([title, bytes.toString("hex")]);
      const read = readRequestHeader(bytes);
      expect(read.header).toEqual({ apiKey: message.key, ...header, clientId });
      expect([title, readRequest(message, read.header, read.reader)]).toEqual([title, value]);
      expect(read.reader.remaining).toBe(0);
    } else {
      const written = Buffer.concat(encodeResponse(message, header, value));
      expect([title, written.subarray(4).toString("hex")]).toEqual([title, bytes.toString("hex")]);
      const read = readResponse(message, version, bytes);
      expect([title, read]).toEqual([title, { correlationId: 7, response: value }]);
    }
  }
});
