import {
  encodeRequest,
  encodeResponse,
  readRequest,
  readRequestHeader,
  readResponse,
} from "./frame.ts";
import { apiVersions } from "./messages/cluster/api-versions.ts";
import { metadata } from "./messages/cluster/metadata.ts";

/** Without its length, as a connection hands it on. */
function frameOf(pieces: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.concat(pieces);
  expect(bytes.readInt32BE(0)).toBe(bytes.length - 4);
  return bytes.subarray(4);
}

function received(frame: Buffer) {
  const { header, reader } = readRequestHeader(frame);
  return { header, request: readRequest(metadata, header, reader) };
}

test("the answer about versions is Kafka's least one, with an old header", () => {
  const apiKeys = [{ apiKey: 18, minVersion: 0, maxVersion: 4 }];

  const frame = encodeResponse(apiVersions, { apiVersion: 3, correlationId: 7 }, { apiKeys });

  expect(Buffer.concat(frame).toString("hex")).toBe(
    ["00000013", "00000007", "0000", "02", "0012", "0000", "0004", "00", "00000000", "00"].join(""),
  );
});

test("gotcha 4: bytes after a request are passed over", () => {
  // librdkafka's request for all topics in version 9 and above: the count that it left in place.
  const bytes = Buffer.from("0003000c000000020006726b61666b6100" + "00" + "00000001000000", "hex");

  const { header, request } = received(bytes);

  expect(header).toEqual({ apiKey: 3, apiVersion: 12, correlationId: 2, clientId: "rkafka" });
  expect(request.topics).toBeUndefined();
  expect(request.allowAutoTopicCreation).toBe(false);
});

test("a request of another version has what that version implies", () => {
  const header = { apiVersion: 1, correlationId: 1, clientId: undefined };

  const read = received(frameOf(encodeRequest(metadata, header, { topics: [] })));

  expect(read.header).toEqual({ ...header, apiKey: 3 });
  expect(read.request).toEqual({
    topics: [],
    allowAutoTopicCreation: true,
    includeClusterAuthorizedOperations: false,
    includeTopicAuthorizedOperations: false,
  });
});

test("an answer is read as it was written", () => {
  const written = {
    brokers: [{ nodeId: 1, host: "a", port: 9092, rack: undefined }],
    clusterId: "c",
    controllerId: undefined,
    topics: [],
  };

  const frame = frameOf(encodeResponse(metadata, { apiVersion: 12, correlationId: 5 }, written));

  const { correlationId, response } = readResponse(metadata, 12, frame);
  expect(correlationId).toBe(5);
  expect(response).toEqual({
    ...written,
    throttleTimeMs: 0,
    clusterAuthorizedOperations: undefined,
  });
});
