import { isDeepStrictEqual } from "node:util";
import type { AnyKafkaMessage } from "@zoolog/protocol";
import {
  encodeRequest,
  KAFKA_MESSAGES,
  readRequest,
  readRequestHeader,
} from "@zoolog/protocol/kafka";
import {
  MESSAGE_CASES,
  SAMPLE_FORMS,
  sampleMessage,
} from "../../../packages/protocol/src/kafka/sample-messages.fixture.ts";
import { type Door, type FuzzTarget, mustHold, type Outcome, refusal } from "../fuzz-target.ts";

export const kafkaRequests: FuzzTarget = {
  name: "kafka-requests",
  row: "F-02",
  about: "frames of Kafka's protocol: what is read survives encoding and decoding",
  inputBytesMax: 4_096,
  smokeExecutions: 10_000,
  // The first chunk of what is encoded again.
  allocationSlackBytes: 4_096,
  open(): Door {
    return { seeds: sampleFrames(), words: WORDS, execute };
  },
};

const MESSAGES: ReadonlyMap<number, AnyKafkaMessage> = new Map(
  Object.values(KAFKA_MESSAGES).map((message) => [message.key, message as AnyKafkaMessage]),
);

/** Null, none and lengths that lie, in both kinds of encodings. */
const WORDS = [
  ...["ffff", "ffffffff", "7fffffff", "80000000", "7fff", "ffffffff0f", "ffffffff10", "8080808000"],
  ...["00", "01", "02", "0000", "00000001", "0003", "000c", "0001000d", "7fffffffffffffff"],
  ...["0100ffffffff0f", "010003aabbcc", "ffffffffffffffff"],
].map((hex) => Buffer.from(hex, "hex"));

/** Every request in every version, without its length. */
function sampleFrames(): Buffer[] {
  const requests = MESSAGE_CASES.filter(({ direction }) => direction === "request");
  return requests.flatMap(({ message, version }) =>
    SAMPLE_FORMS.map((form) =>
      frameOf(message, version, sampleMessage(message.request.fields, { form, version })),
    ),
  );
}

function frameOf(message: AnyKafkaMessage, apiVersion: number, value: unknown): Buffer {
  const header = { apiVersion, correlationId: 7, clientId: "fuzz" };
  const pieces = encodeRequest(message, header, value as Record<string, unknown>);
  return Buffer.concat(pieces).subarray(4);
}

function execute(input: Buffer): Outcome {
  try {
    const { header, reader } = readRequestHeader(input);
    const message = MESSAGES.get(header.apiKey);
    if (message === undefined) return "no such call";
    const { apiVersion } = header;
    const [first, last] = message.versions;
    if (apiVersion < first || apiVersion > last) return `${message.name} has no such version`;

    const value = readRequest(message, header, reader);

    const again = readRequestHeader(frameOf(message, apiVersion, value));
    const same = readRequest(message, again.header, again.reader);
    mustHold(isDeepStrictEqual(same, value), () => `${message.name} ${apiVersion} has changed`);
    return `${message.name} ${apiVersion} read`;
  } catch (error) {
    return refusal(error);
  }
}
