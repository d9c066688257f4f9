import { KAFKA_MESSAGES, readResponse } from "@zoolog/protocol/kafka";
import { ask, framed, receivedBy, startedPlane, turn } from "./kafka-plane.fixture.ts";

test("gotcha 1: a newer ApiVersions is answered in the first version, with what we have of it", async () => {
  const { network, lines } = await startedPlane();
  const connection = network.dial();
  const newer = framed("ApiVersions", { version: 4, correlationId: 9 });
  newer.writeInt16BE(77, 6);
  // Nothing of the body can be understood.
  newer.fill(0xff, 18);

  connection.send(newer);
  await turn();

  const [frame] = receivedBy(connection);
  const { correlationId, response } = readResponse(KAFKA_MESSAGES.ApiVersions, 0, frame!);
  expect(correlationId).toBe(9);
  expect(response).toMatchObject({
    errorCode: "UNSUPPORTED_VERSION",
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 4 }],
  });
  expect(lines).toEqual([]);
});

test("errors of answers are counted by call and name, each once for a request", async () => {
  const { network, metrics } = await startedPlane();
  const connection = network.dial();
  const topics = ["gone", "lost", "a b"].map((name) => ({ name }));
  const count = (api: string, code: string) => metrics.kafka.failures.of({ api, code }).value;

  await ask(connection, "Metadata", 4, { topics, allowAutoTopicCreation: false });
  await ask(connection, "Metadata", 4, {
    topics: [{ name: "gone" }],
    allowAutoTopicCreation: false,
  });
  await ask(connection, "Metadata", 4, { topics: [] });
  await ask(connection, "FindCoordinator", 2, { key: "t", keyType: 1 });

  expect(count("Metadata", "UNKNOWN_TOPIC_OR_PARTITION")).toBe(2);
  expect(count("FindCoordinator", "TRANSACTIONAL_ID_AUTHORIZATION_FAILED")).toBe(1);
  expect(count("ApiVersions", "UNKNOWN_TOPIC_OR_PARTITION")).toBe(0);
});

test("what is announced is what has a handler, in the versions that are read", async () => {
  const handlers = { Metadata: () => ({ brokers: [], topics: [] }) };
  const { network } = await startedPlane();
  const everything = await ask(network.dial(), "ApiVersions", 3, NAMED);
  const { network: bare } = await startedPlane({ handlers });
  const connection = bare.dial();

  connection.send(framed("ApiVersions", { version: 0 }));
  await turn();

  const ranges = everything.apiKeys.map(({ apiKey, ...range }) => [apiKey, range]);
  const known = Object.values(KAFKA_MESSAGES).map((message) => [
    message.key,
    { minVersion: message.announcedFrom, maxVersion: message.versions[1] },
  ]);
  expect(known).toEqual(expect.arrayContaining(ranges));
  expect(ranges.map(([key]) => key)).toEqual(expect.arrayContaining([3, 18]));
  expect(connection.isClosed).toBe(true);
});

test.each([[0], [1], [2], [3], [4]])("ApiVersions %p is answered", async (version) => {
  const { network } = await startedPlane();

  const answer = await ask(network.dial(), "ApiVersions", version, NAMED);

  expect(answer).toMatchObject({ errorCode: undefined, finalizedFeatures: [] });
  expect(answer.apiKeys).toContainEqual({ apiKey: 3, minVersion: 0, maxVersion: 12 });
});

const NAMED = { clientSoftwareName: "zoolog-test", clientSoftwareVersion: "1.0-a.b" };

test.each([
  ["", "1.0"],
  ["-client", "1.0"],
  ["client", "1.0 "],
  ["client\n", "1.0"],
])("gotcha 2: a client that calls itself %p %p is refused", async (name, version) => {
  const { network } = await startedPlane();
  const request = { clientSoftwareName: name, clientSoftwareVersion: version };

  expect(await ask(network.dial(), "ApiVersions", 3, request)).toMatchObject({
    errorCode: "INVALID_REQUEST",
  });
});

test("gotcha 4: bytes behind a request are passed over", async () => {
  const { network } = await startedPlane();
  const connection = network.dial();
  const longer = Buffer.concat([framed("Metadata", { version: 9 }), Buffer.from([1, 2, 3])]);
  longer.writeInt32BE(longer.length - 4);

  connection.send(longer);
  await turn();
  await turn();

  expect(receivedBy(connection)).toHaveLength(1);
});

test("a handler that fails closes its connection, as there is no answer for that", async () => {
  const { network, lines, budget } = await startedPlane({
    handlers: { ApiVersions: () => Promise.reject(new Error("broken")) },
  });
  const connection = network.dial();

  connection.send(framed("ApiVersions", { version: 0 }));
  await turn();

  expect(connection.isClosed).toBe(true);
  expect(lines).toMatchObject([{ event: "connection closed", fields: { error: "broken" } }]);
  expect(budget.usedBytes).toBe(0);
});

test("a client's name is cut to what anybody wants to read", async () => {
  const names: string[] = [];
  const { network } = await startedPlane({
    handlers: {
      ApiVersions: (_request, { clientId }) => {
        names.push(clientId);
        return { apiKeys: [] };
      },
    },
  });

  network.dial().send(framed("ApiVersions", { version: 0, clientId: "n".repeat(30_000) }));
  await turn();

  expect(names).toEqual(["n".repeat(255)]);
});
