import { wireRequests as ask, ManualTime, SimulatedZooKeeper, seededRandom } from "@zoolog/testkit";

/** A server whose transactions wait until the test calls `commit`. */
function slowDisk() {
  const time = new ManualTime();
  const server = new SimulatedZooKeeper({}, { time, random: seededRandom(1) });
  const [writer, reader] = [server.connect(), server.connect()];
  server.holdCommits();
  return { server, time, writer, reader };
}

const NO_NODE = -101;
const NODE_EXISTS = -110;
const BAD_VERSION = -103;

test("a write is answered, told and visible only once it is durable", () => {
  const { server, writer, reader } = slowDisk();
  reader.call(ask.exists("/a", true));

  const xid = writer.wire.send(ask.create("/a"));
  expect(writer.wire.reply(xid)).toBeUndefined();
  expect(reader.call(ask.exists("/a")).error).toBe(NO_NODE);
  expect(reader.wire.takeEvents()).toEqual([]);

  server.commit();

  expect(writer.wire.reply(xid)?.error).toBe(0);
  expect(reader.wire.takeEvents()).toEqual(["created /a"]);
  expect(reader.call(ask.exists("/a")).error).toBe(0);
});

test("a refusal that rests on a write that is not durable waits for it", () => {
  const { server, writer, reader } = slowDisk();
  writer.wire.send(ask.create("/a"));

  const xid = reader.wire.send(ask.create("/a"));

  expect(reader.wire.reply(xid)).toBeUndefined();
  server.commit();
  expect(reader.wire.reply(xid)?.error).toBe(NODE_EXISTS);
});

test("requests are decided against everything decided before, durable or not", () => {
  const { server, writer } = slowDisk();
  const xids = [
    ask.create("/a"),
    ask.setData("/a", "1", 0),
    ask.setData("/a", "2", 0),
    ask.multi(ask.setData("/a", "3", 1), ask.create("/a/s-", { flags: 2 })),
    ask.create("/a/s-", { flags: 2 }),
    ask.delete("/a/s-0000000000"),
    ask.delete("/a"),
  ].map((request) => writer.wire.send(request));

  server.commit();

  const errors = xids.map((xid) => writer.wire.reply(xid)?.error);
  expect(errors).toEqual([0, 0, BAD_VERSION, 0, 0, 0, -111]);
  expect(writer.wire.reply(xids[4]!)?.body.string()).toBe("/a/s-0000000001");
});

test("a session reads its own writes: the read waits for them", () => {
  const { server, writer } = slowDisk();
  writer.wire.send(ask.create("/a", { data: "mine" }));

  const xid = writer.wire.send(ask.getData("/a"));

  expect(writer.wire.reply(xid)).toBeUndefined();
  server.commit();
  expect(writer.wire.reply(xid)?.body.buffer()?.toString()).toBe("mine");
});

test("nobody else's reads wait", () => {
  const { writer, reader } = slowDisk();
  writer.wire.send(ask.create("/a"));

  expect(reader.call(ask.getChildren("/")).error).toBe(0);
});

test("answers come in the order of the requests, and a read sees what was before it only", () => {
  const { server, writer } = slowDisk();
  const versionOf = (xid: number) => {
    const body = writer.wire.reply(xid)!.body;
    body.buffer();
    for (let i = 0; i < 4; i++) body.long();
    return body.int();
  };
  writer.wire.send(ask.create("/a"));
  const first = writer.wire.send(ask.getData("/a"));
  writer.wire.send(ask.setData("/a", "x"));
  const second = writer.wire.send(ask.getData("/a"));
  writer.wire.ping();

  server.commit(1);
  expect(writer.wire.trace).toEqual(["reply 1 ok", "reply 2 ok"]);
  server.commit();

  expect(writer.wire.trace.slice(2)).toEqual(["reply 3 ok", "reply 4 ok", "reply -2 ok"]);
  expect([versionOf(first), versionOf(second)]).toEqual([0, 1]);
});

test("a session that comes back on a new connection still reads the writes of the old one", () => {
  const { server, writer } = slowDisk();
  writer.wire.send(ask.create("/a"));
  writer.drop();

  const resumed = server.open();
  resumed.wire.connect({ session: writer.wire.handshake! });
  const xid = resumed.wire.send(ask.exists("/a"));

  expect(resumed.wire.reply(xid)).toBeUndefined();
  server.commit();
  expect(resumed.wire.reply(xid)?.error).toBe(0);
});

test("a new session is answered when it is durable, and takes no request before", () => {
  const { server } = slowDisk();
  const client = server.connect();

  expect(client.wire.handshake).toBeUndefined();
  expect(client.mustWait).toBe(true);
  server.commit();

  expect(client.wire.handshake?.timeoutMs).toBeGreaterThan(0);
  expect(client.mustWait).toBe(false);
});

test("the end of a session takes ephemerals that were not durable yet with it", () => {
  const { server, writer, reader } = slowDisk();
  writer.wire.send(ask.create("/p"));
  writer.wire.send(ask.create("/p/e", { flags: 1 }));
  writer.wire.send(ask.closeSession());
  const xid = reader.wire.send(ask.delete("/p"));

  server.commit();

  expect(writer.wire.trace).toEqual(["reply 1 ok", "reply 2 ok", "reply 3 ok"]);
  expect(reader.wire.reply(xid)?.error).toBe(0);
});

test("what a session asks after its end is not answered", () => {
  const { server, writer } = slowDisk();
  writer.wire.send(ask.closeSession());

  writer.wire.send(ask.create("/late"));
  server.commit();

  expect(writer.wire.trace).toEqual(["reply 1 ok"]);
  expect(server.connect().isClosed).toBe(false);
  expect(server.core.tree.get("/late")).toBeUndefined();
});

test("a connection with too many writes under way has to wait, and goes on afterwards", () => {
  const { server, writer } = slowDisk();
  let sent = 0;
  while (!writer.mustWait && sent < 10_000) {
    writer.wire.send(ask.create(`/n${sent}`));
    sent += 1;
  }
  expect(sent).toBe(1000);

  server.commit();

  expect(writer.mustWait).toBe(false);
  expect(writer.wire.replies).toHaveLength(1000);
});

test("large requests of all connections together are bounded while the disk is slow", () => {
  const { server } = slowDisk();
  server.journal.isHeld = false;
  const clients = Array.from({ length: 10 }, () => server.connect());
  server.holdCommits();
  const data = "x".repeat(1_000_000);
  let sent = 0;
  for (const client of clients) {
    for (let i = 0; i < 20 && !client.mustWait; i++) {
      client.wire.send(ask.setData("/", data));
      sent += 1;
    }
  }

  expect(sent).toBeGreaterThan(60);
  expect(sent).toBeLessThan(70);
});

test("zxids rise by one with every decision, refused ones included", () => {
  const { server, writer } = slowDisk();
  server.journal.isHeld = false;
  const first = writer.call(ask.create("/a")).zxid;

  const refused = writer.call(ask.create("/a")).zxid;
  const next = writer.call(ask.create("/b")).zxid;

  expect([refused, next]).toEqual([first + 1, first + 2]);
});
