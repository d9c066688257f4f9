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
import type { SampleForm } from "./sample-messages.fixture.ts";

/** Written by Kafka's own Java library; see testdata/README.md. */
const FILE = join(__dirname, "../../testdata/java-kafka-messages.txt.gz");

/** By Kafka's number. */
export const MESSAGES_BY_KEY: ReadonlyMap<number, AnyKafkaMessage> = new Map(
  Object.values(KAFKA_MESSAGES).map((message) => [message.key, message as AnyKafkaMessage]),
);

export type GoldenFrame = {
  readonly message: AnyKafkaMessage;
  readonly version: number;
  readonly direction: "request" | "response";
  readonly form: SampleForm;
  /** Without its length. */
  readonly bytes: Buffer;
};

export function goldenFrames(): GoldenFrame[] {
  const lines = gunzipSync(readFileSync(FILE)).toString().trimEnd().split("\n");
  return lines.map((line) => {
    const [key = "", version, direction, form, hex = ""] = line.split(" ");
    const message = MESSAGES_BY_KEY.get(Number(key));
    if (message === undefined) throw new Error(`there is no call ${key}`);
    return {
      message,
      version: Number(version),
      direction: direction as GoldenFrame["direction"],
      form: form as SampleForm,
      bytes: Buffer.from(hex, "hex"),
    };
  });
}

type Call = Pick<GoldenFrame, "message" | "version" | "direction">;

/** The body of a frame without its length. */
export function readFrame({ message, version, direction }: Call, frame: Buffer): unknown {
  if (direction === "response") return readResponse(message, version, frame).response;
  const { header, reader } = readRequestHeader(frame);
  return readRequest(message, { ...header, apiVersion: version }, reader);
}

/** A frame without its length. */
export function writeFrame(
  { message, version, direction }: Call,
  value: unknown,
  clientId?: string,
): Buffer {
  const header = { apiVersion: version, correlationId: 7, clientId };
  const body = value as Record<string, unknown>;
  const pieces =
    direction === "request"
      ? encodeRequest(message, header, body)
      : encodeResponse(message, header, body);
  return Buffer.concat(pieces).subarray(4);
}
