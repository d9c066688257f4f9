import { silentLogger } from "@zoolog/base";
import { type DevCluster, hostDependencies, startDevCluster } from "@zoolog/broker";
import { callBroker } from "@zoolog/testkit";
import { KafkaWire, kafkaRequest } from "./kafka-wire.ts";

/** Kafka's protocol on real sockets: what only bytes on a wire can show. */

let cluster: DevCluster;
const wires: KafkaWire[] = [];

beforeAll(async () => {
  const settings = {
    "queued.max.request.bytes": 4 * 1024 * 1024,
    "socket.request.max.bytes": 1024 * 1024,
    "max.connections": 600,
  };
  cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, settings: [{ from: "test", settings }] },
    hostDependencies({ logger: silentLogger }),
  );
  await callBroker(cluster.urls[0]!, "create-topics", {
    topics: [{ topic: "wide", numPartitions: 200 }],
  });
});

/** Nobody of one test counts among the connections of the next. */
afterEach(async () => {
  for (const wire of wires.splice(0)) wire.destroy();
  while ((await metric("zoolog_kafka_connections")) > 0);
});

afterAll(() => cluster.close());

const portOf = (): number => cluster.brokers[0]!.kafkaAddress!.port;

function dial(): KafkaWire {
  const wire = new KafkaWire(portOf());
  wires.push(wire);
  return wire;
}

async function metric(name: string): Promise<number> {
  const scrape = await (await fetch(`${cluster.urls[0]}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\d+)`, "m").exec(scrape)?.[1]);
}

/** What all clients hold, as the broker counts it. */
const heldBytes = () => metric("zoolog_in_flight_bytes");

test("a client that asks and does not read is held up, and has every answer in order when it reads", async () => {
  const silent = dial();
  await silent.connected;
  silent.stopReading();
  const asked = 5_000;
  for (let id = 0; id < asked; id++) {
    silent.send(kafkaRequest("Metadata", { version: 4, correlationId: id }, { topics: undefined }));
  }

  // Others are served all the while; each of their answers is behind some of its requests.
  const held: number[] = [];
  for (let turn = 0; turn < 20; turn++) {
    await dial().ask("Metadata", 4, { topics: undefined });
    held.push(await heldBytes());
  }
  silent.startReading();
  const ids: number[] = [];
  for (let id = 0; id < asked; id++) ids.push((await silent.frame())!.readInt32BE());

  expect(Math.max(...held)).toBeLessThan(512 * 1024);
  expect(ids).toEqual(Array.from({ length: asked }, (_, id) => id));
});

test("hundreds of half-open connections cost nothing and keep nobody out", async () => {
  const halves = Array.from({ length: 500 }, dial);
  await Promise.all(halves.map((half) => half.connected));
  const length = Buffer.from([0, 15, 0, 0]);
  for (const half of halves) half.send(length);

  const answer = await dial().ask("ApiVersions", 0);

  expect(answer).toMatchObject({ errorCode: undefined });
  expect(await heldBytes()).toBeLessThan(10_000);
});

test("connections above the limit are closed, and room is there again when others have gone", async () => {
  const others = Array.from({ length: 600 }, dial);
  await Promise.all(others.map((other) => other.connected));
  await others.at(-1)!.ask("ApiVersions", 0);

  const refused = dial();
  await refused.closed;
  others[0]!.destroy();
  let answer: unknown;
  while (answer === undefined)
    answer = await dial()
      .ask("ApiVersions", 0)
      .catch(() => undefined);

  expect(answer).toMatchObject({ errorCode: undefined });
});

test("a request larger than a chunk, in pieces, is one request", async () => {
  const wire = dial();
  const topics = Array.from({ length: 2_000 }, (_, i) => ({
    name: `missing-${i}`.padEnd(150, "x"),
  }));
  const request = kafkaRequest(
    "Metadata",
    { version: 4, correlationId: 3 },
    {
      topics,
      allowAutoTopicCreation: false,
    },
  );

  for (let at = 0; at < request.length; at += 10_000) wire.send(request.subarray(at, at + 10_000));
  const frame = await wire.frame();

  expect(request.length).toBeGreaterThan(250_000);
  expect(frame?.readInt32BE()).toBe(3);
  expect(await heldBytes()).toBe(0);
});

test("gotcha 8: HTTP on this port is hung up on, by a length that no request has", async () => {
  const wire = dial();

  wire.send(Buffer.from("GET /v1/topics HTTP/1.1\r\nhost: localhost\r\n\r\n"));

  expect(await wire.frame()).toBeUndefined();
});
