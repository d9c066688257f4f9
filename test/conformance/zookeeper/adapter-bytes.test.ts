/**
 * What bytes of a server can do to the adapter: cost their connection, and nothing else. The
 * library alone crashes the process, hangs, or forgets callbacks at most of these.
 */
import {
  type HostileConnection,
  type HostileZooKeeper,
  handshakeReply,
  replyFrame,
  WireWriter,
  watchEventFrame,
  ZERO_STAT,
} from "@zoolog/testkit";
import type { WatchEvent, ZooKeeperClient } from "@zoolog/zookeeper";
import fc from "fast-check";
import { AdapterFixture, eventually, outcomes, stateOf, text } from "./adapter-fixture.ts";

const GET_DATA_REPLY = Buffer.concat([new WireWriter().buffer(text("data")).bytes(), ZERO_STAT]);
const DATA_CHANGED = 3;

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

type Pair = { server: HostileZooKeeper; connection: HostileConnection; client: ZooKeeperClient };

async function reconnected({ server, client }: Pair): Promise<HostileConnection> {
  const connection = await server.accept();
  await connection.answerHandshake();
  await stateOf(client, "connected");
  return connection;
}

async function answersOneRead(client: ZooKeeperClient, connection: HostileConnection) {
  const read = client.getData("/still-alive");
  connection.reply(await connection.nextRequest(), { body: GET_DATA_REPLY });
  expect(Buffer.from((await read).data).toString()).toBe("data");
}

test.each([
  [-118, "SESSION_MOVED"],
  [-125, "QUOTA_EXCEEDED"],
  [-127, "THROTTLED_OP"],
  [-9999, "UNKNOWN_ERROR"],
  [7, "UNKNOWN_ERROR"],
])("error code %d rejects one call as %s and harms no other", async (wireCode, code) => {
  const { connection, client } = await fixture.connectedPair();

  const calls = outcomes([client.getData("/a"), client.setData("/a", text("x"))]);
  connection.reply(await connection.nextRequest(), { error: wireCode });
  connection.reply(await connection.nextRequest(), { body: ZERO_STAT });

  expect(await calls).toEqual([code, "ok"]);
  await answersOneRead(client, connection);
});

test("half a frame of a lost connection does not spoil the next handshake", async () => {
  const pair = await fixture.connectedPair();
  const call = outcomes([pair.client.getData("/a")]);
  await pair.connection.nextRequest();

  pair.connection.send(replyFrame({ xid: 0, body: GET_DATA_REPLY }).subarray(0, 30));
  pair.connection.destroy();
  const next = await reconnected(pair);

  expect(await call).toEqual(["CONNECTION_LOSS"]);
  await answersOneRead(pair.client, next);
});

test("half a handshake does not spoil the next one", async () => {
  const server = await fixture.hostile();
  const connecting = fixture.connect(server.address);
  const first = await server.accept();
  await first.nextHandshake();

  first.send(handshakeReply({ id: 9n, timeoutMs: 2_000 }).subarray(0, 13));
  first.destroy();
  const second = await server.accept();
  await second.answerHandshake();

  await answersOneRead(await connecting, second);
});

test("replies may come in any pieces", async () => {
  const { connection, client } = await fixture.connectedPair();
  const calls = outcomes(Array.from({ length: 50 }, () => client.getData("/a")));
  const frames: Buffer[] = [];
  for (let i = 0; i < 50; i++) {
    const { xid } = await connection.nextRequest();
    frames.push(replyFrame({ xid, body: GET_DATA_REPLY }));
  }

  const bytes = Buffer.concat(frames);
  for (let at = 0; at < bytes.length; at += 97) {
    connection.send(bytes.subarray(at, at + 97));
    await new Promise((resolve) => setImmediate(resolve));
  }

  expect(await calls).toEqual(Array(50).fill("ok"));
});

describe.each([
  ["an empty frame", new WireWriter().int(0).bytes()],
  ["a frame too short for a header", new WireWriter().int(4).int(0).bytes()],
  ["a negative length", new WireWriter().int(-1).bytes()],
  ["a length of 2 GiB", new WireWriter().int(0x7fff_ffff).bytes()],
  ["a reply to a request never made", replyFrame({ xid: 77 })],
  ["a reply that leaves a request out", replyFrame({ xid: 1, body: GET_DATA_REPLY })],
  ["a reply without its body", replyFrame({ xid: 0 })],
  ["a reply cut short", replyFrame({ xid: 0, body: GET_DATA_REPLY.subarray(0, 20) })],
  ["a watch event cut short", replyFrame({ xid: -1, body: Buffer.alloc(2) })],
])("%s", (_, bytes) => {
  test("costs its connection; every call ends once; the client goes on", async () => {
    const pair = await fixture.connectedPair();
    const calls = outcomes([pair.client.getData("/a"), pair.client.setData("/b", text("x"))]);
    await pair.connection.nextRequest();
    await pair.connection.nextRequest();

    pair.connection.send(bytes);
    await pair.connection.ended;

    const [first, second] = await calls;
    expect(["CONNECTION_LOSS", "PROTOCOL_ERROR"]).toContain(first);
    expect(second).toBe("CONNECTION_LOSS");
    await answersOneRead(pair.client, await reconnected(pair));
  });
});

test("a watch event of an unknown type is dropped, without the connection", async () => {
  const { connection, client } = await fixture.connectedPair();

  connection.send(watchEventFrame(99, "/a"));

  await answersOneRead(client, connection);
});

test("a watch that throws stops neither the events behind it nor the replies", async () => {
  const { connection, client } = await fixture.connectedPair();
  const seen: WatchEvent[] = [];
  const watched = [
    client.getData("/a", () => {
      throw new Error("a watch that throws");
    }),
    client.getData("/b", (event) => seen.push(event)),
  ];
  for (const call of watched) {
    connection.reply(await connection.nextRequest(), { body: GET_DATA_REPLY });
    await call;
  }

  const read = client.getData("/c");
  const { xid } = await connection.nextRequest();
  connection.send(
    Buffer.concat([
      watchEventFrame(DATA_CHANGED, "/a"),
      watchEventFrame(DATA_CHANGED, "/b"),
      replyFrame({ xid, body: GET_DATA_REPLY }),
    ]),
  );

  await read;
  expect(seen).toEqual([{ kind: "dataChanged", path: "/b" }]);
});

test("an answer reaches its caller before the watch event behind it, also in one chunk", async () => {
  const { connection, client } = await fixture.connectedPair();
  const order: string[] = [];
  const read = client
    .getData("/a", () => order.push("event"))
    .then(() => void order.push("answer"));

  const { xid } = await connection.nextRequest();
  connection.send(
    Buffer.concat([replyFrame({ xid, body: GET_DATA_REPLY }), watchEventFrame(DATA_CHANGED, "/a")]),
  );
  await read;
  await eventually("the event", () => (order.length === 2 ? true : undefined));

  expect(order).toEqual(["answer", "event"]);
});

test("closing after each byte of a reply leaves no call without an end", async () => {
  const pair = await fixture.connectedPair();
  const length = replyFrame({ xid: 0, body: GET_DATA_REPLY }).length;

  for (let bytes = 0; bytes < length; bytes++) {
    const call = outcomes([pair.client.getData("/a")]);
    const { xid } = await pair.connection.nextRequest();
    pair.connection.send(replyFrame({ xid, body: GET_DATA_REPLY }).subarray(0, bytes));
    pair.connection.destroy();

    expect(await call).toEqual(["CONNECTION_LOSS"]);
    pair.connection = await reconnected(pair);
    // A success: without one the pauses between attempts grow.
    await answersOneRead(pair.client, pair.connection);
  }
});

test("no mutation of what a server sends leaves a call open, crashes or hangs", async () => {
  const mutations = fc.array(
    fc.record({
      at: fc.nat(400),
      kind: fc.constantFrom("flip", "cut", "insert", "remove"),
      byte: fc.nat(255),
    }),
    { minLength: 1, maxLength: 3 },
  );

  await fc.assert(
    fc.asyncProperty(mutations, async (changes) => {
      const { server, connection, client } = await fixture.connectedPair();
      const calls = outcomes([
        client.getData("/a", () => {}),
        client.getChildren("/a"),
        client.getAcl("/a"),
        client.multi([{ type: "check", path: "/a", version: 0 }]),
        client.exists("/a"),
      ]);

      connection.send(mutated(validReplies(), changes));
      connection.end();

      expect(await calls).toHaveLength(5);
      // It goes on with the next connection, unless the bytes happened to refuse its credentials.
      if (client.state !== "closed") await (await server.accept()).answerHandshake();
      await client.close();
    }),
    { numRuns: 200 },
  );
});

/** Good answers to the five calls above, and an event. */
function validReplies(): Buffer {
  const acl = new WireWriter().int(1).int(31).string("world").string("anyone").raw(ZERO_STAT);
  const children = new WireWriter().strings(["a", "b", "c"]).raw(ZERO_STAT);
  const multi = new WireWriter().int(13).boolean(false).int(-1).int(-1).boolean(true).int(-1);
  return Buffer.concat([
    replyFrame({ xid: 0, body: GET_DATA_REPLY }),
    replyFrame({ xid: 1, body: children.bytes() }),
    watchEventFrame(DATA_CHANGED, "/a"),
    replyFrame({ xid: 2, body: acl.bytes() }),
    replyFrame({ xid: 3, body: multi.bytes() }),
    replyFrame({ xid: 4, body: ZERO_STAT }),
  ]);
}

type Mutation = { readonly at: number; readonly kind: string; readonly byte: number };

function mutated(bytes: Buffer, changes: readonly Mutation[]): Buffer {
  return changes.reduce((before, { at, kind, byte }) => {
    const place = Math.min(at, before.length - 1);
    const [head, tail] = [before.subarray(0, place), before.subarray(place)];
    switch (kind) {
      case "flip":
        return Buffer.concat([head, Buffer.of(byte), tail.subarray(1)]);
      case "cut":
        return Buffer.concat([head, Buffer.of(byte)]);
      case "insert":
        return Buffer.concat([head, Buffer.of(byte), tail]);
      default:
        return Buffer.concat([head, Buffer.of(byte), tail.subarray(5)]);
    }
  }, bytes);
}
