import { encodeRequest, KAFKA_MESSAGES } from "@zoolog/protocol/kafka";
import { PROBE_CLIENT_ID } from "./broker-probe.ts";
import { frameCutter, RequestRecorder } from "./request-recorder.ts";

function metadataOf(topics: readonly string[], { apiVersion = 4, clientId = "app" } = {}): Buffer {
  const header = { apiVersion, correlationId: 1, clientId };
  const request = { topics: topics.map((name) => ({ name })) };
  return Buffer.concat(encodeRequest(KAFKA_MESSAGES.Metadata, header, request));
}

test("frames come whole, in whatever portions a connection sends them", () => {
  const sent = [metadataOf(["a"]), metadataOf([]), metadataOf(["b", "c"])];
  for (const size of [1, 3, 7, 1_000]) {
    const frames: string[] = [];
    const cut = frameCutter((frame) => frames.push(frame.toString("hex")));
    const stream = Buffer.concat(sent);
    for (let at = 0; at < stream.length; at += size) cut(stream.subarray(at, at + size));

    expect(frames).toEqual(sent.map((frame) => frame.subarray(4).toString("hex")));
  }
});

test("of each call and version the longest request is kept, and only once", () => {
  const recorder = new RequestRecorder();
  const [short, long] = [metadataOf(["a"]).subarray(4), metadataOf(["a", "b"]).subarray(4)];
  const older = metadataOf(["a"], { apiVersion: 1 }).subarray(4);

  for (const frame of [short, long, older, short]) recorder.note(frame);

  const lines = recorder.take();
  expect(lines.toSorted()).toEqual([`3 1 ${older.toString("hex")}`, `3 4 ${long.toString("hex")}`]);
  expect(recorder.take()).toEqual([]);
});

test("what the probe sends, and what is very long, is not kept", () => {
  const recorder = new RequestRecorder();

  recorder.note(metadataOf(["a"], { clientId: PROBE_CLIENT_ID }).subarray(4));
  recorder.note(metadataOf(["x".repeat(3_000)]).subarray(4));

  expect(recorder.take()).toEqual([]);
});
