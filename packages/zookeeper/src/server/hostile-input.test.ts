/**
 * What real clients have sent (testdata/*.hex: all bytes from client to server of a session of
 * Java's zkCli and of node-zookeeper-client), broken in every way we can think of.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Random, silentLogger } from "@zoolog/base";
import {
  wireRequests as ask,
  ManualTime,
  MemoryNetwork,
  SimulatedDisk,
  seededRandom,
  WireSession,
} from "@zoolog/testkit";
import fc from "fast-check";
import { startZooKeeperServer } from "./zookeeper-server.ts";

const CAPTURES = ["zkcli-3.8.0.hex", "node-zookeeper-client-1.1.3.hex"].map((name) =>
  Buffer.from(readFileSync(join(__dirname, "testdata", name), "latin1").replace(/\s/g, ""), "hex"),
);

const EVIL_NUMBERS = [-1, -2, 0, 1, 0x7fffffff, -0x80000000, 0xfffff, 0x10000, 100_000_000];

type Mutation = (bytes: Buffer, random: Random) => Buffer;

const below = (random: Random, limit: number): number => Math.floor(random.next() * limit);

const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    const at = below(random, bytes.length);
    bytes[at] = bytes[at]! ^ (1 << below(random, 8));
    return bytes;
  },
  function plantNumber(bytes, random) {
    if (bytes.length < 4) return bytes;
    bytes.writeInt32BE(
      EVIL_NUMBERS[below(random, EVIL_NUMBERS.length)]!,
      below(random, bytes.length - 3),
    );
    return bytes;
  },
  function cutOut(bytes, random) {
    const from = below(random, bytes.length);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(from + below(random, 20))]);
  },
  function repeat(bytes, random) {
    const from = below(random, bytes.length);
    const piece = bytes.subarray(from, from + below(random, 200));
    return Buffer.concat([bytes.subarray(0, from), piece, bytes.subarray(from)]);
  },
  function insertNoise(bytes, random) {
    const at = below(random, bytes.length);
    const noise = random.bytes(below(random, 30));
    return Buffer.concat([bytes.subarray(0, at), noise, bytes.subarray(at)]);
  },
  /** Any operation code: frames stay whole, their meaning changes. */
  function otherOperation(bytes, random) {
    const starts: number[] = [];
    for (let at = 0; at + 4 <= bytes.length; at += 4 + Math.max(0, bytes.readInt32BE(at))) {
      starts.push(at);
    }
    const at = starts[below(random, starts.length)]! + 8;
    if (at + 4 <= bytes.length) bytes.writeInt32BE(below(random, 120) - 12, at);
    return bytes;
  },
];

function mutated(random: Random): Buffer {
  let bytes = Buffer.from(CAPTURES[below(random, CAPTURES.length)]!);
  const count = 1 + below(random, 4);
  for (let i = 0; i < count; i++) {
    // The handshake mostly stays as it is: what lies behind it has more to break.
    const untouched = random.next() < 0.8 ? 49 : 0;
    const mutate = MUTATIONS[below(random, MUTATIONS.length)]!;
    const rest = Buffer.from(bytes.subarray(untouched));
    if (rest.length === 0) break;
    bytes = Buffer.concat([bytes.subarray(0, untouched), mutate(rest, random)]);
  }
  return bytes;
}

async function victim() {
  const network = new MemoryNetwork();
  const time = new ManualTime();
  await startZooKeeperServer(
    { connectionsPerAddressMax: 0 },
    {
      network,
      fileSystem: new SimulatedDisk({}, { random: seededRandom(1) }).mount(),
      clock: time.clock,
      scheduler: time.scheduler,
      random: seededRandom(2),
      logger: silentLogger,
    },
  );
  const connection = network.dial();
  const good = new WireSession((frame) => connection.send(frame));
  connection.onReceived = (chunk) => good.receive(chunk);
  good.connect({ timeoutMs: 40_000 });
  good.addAuth("digest", "good:secret");
  good.send(ask.create("/good", { data: "untouched", acl: [[31, "auth", ""]] }));
  const readGood = (): string | undefined => {
    const xid = good.send(ask.getData("/good"));
    const data = good.reply(xid)?.body.buffer()?.toString();
    good.replies.length = 0;
    return data;
  };
  return { network, time, readGood };
}

test("captured sessions are served to their end when nobody breaks them", async () => {
  for (const capture of CAPTURES) {
    const { network } = await victim();
    const connection = network.dial();
    const client = new WireSession(() => {});
    client.connect();
    connection.onReceived = (chunk) => client.receive(chunk);

    connection.send(capture.subarray(0, 49));
    connection.send(capture.subarray(49));

    expect(client.replies.length).toBeGreaterThan(15);
  }
});

test("broken sessions cost their own connection at most", async () => {
  const { network, time, readGood } = await victim();

  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const random = seededRandom(seed);
      const connection = network.dial("10.0.0.9");
      const bytes = mutated(random);
      for (let at = 0; at < bytes.length; ) {
        const end = at + 1 + below(random, 400);
        connection.send(bytes.subarray(at, end));
        at = end;
      }
      if (random.next() < 0.7) connection.hangUp();

      expect(readGood()).toBe("untouched");
      time.advance(100);
    }),
    { numRuns: Number(process.env["FUZZ_RUNS"] ?? 2000) },
  );
});

test("noise costs its own connection at most", async () => {
  const { network, readGood } = await victim();

  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
      const connection = network.dial("10.0.0.9");
      for (const chunk of chunks) connection.send(chunk);
      connection.hangUp();

      expect(readGood()).toBe("untouched");
    }),
    { numRuns: 500 },
  );
});
