import { handshakeReply, WireReader, watchEventFrame } from "@zoolog/testkit";
import {
  AdapterFixture,
  eventually,
  OP,
  opCodes,
  outcomes,
  reconnected,
  SESSION_ID,
  SESSION_TIMEOUT_MS,
  stateOf,
  text,
} from "./adapter-fixture.ts";

const NO_NODE = -101;
const AUTH_FAILED = -115;

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

test("calls while there is no connection are refused at once and never sent later", async () => {
  const { server, connection, client } = await fixture.connectedPair();
  connection.destroy();
  await stateOf(client, "suspended");

  const refused = outcomes([
    client.setData("/a", text("late")),
    client.create("/b", text("late")),
    client.multi([{ type: "remove", path: "/c" }]),
    client.barrier(),
  ]);
  expect(await refused).toEqual(Array(4).fill("CONNECTION_LOSS"));
  const next = await reconnected(server);
  await stateOf(client, "connected");
  const call = outcomes([client.exists("/d")]);

  expect(await opCodes(next, 1)).toEqual([OP.exists]);
  next.destroy();
  expect(await call).toEqual(["CONNECTION_LOSS"]);
});

test("calls that did not fit into the socket end with it and are never sent later", async () => {
  const { server, connection, client } = await fixture.connectedPair();
  connection.stopReading();
  const calls = outcomes(
    Array.from({ length: 40 }, (_, i) => client.setData(`/a${i}`, Buffer.alloc(400_000))),
  );

  connection.destroy();
  expect(await calls).toEqual(Array(40).fill("CONNECTION_LOSS"));
  const next = await reconnected(server);
  await stateOf(client, "connected");
  const call = outcomes([client.exists("/d")]);

  expect(await opCodes(next, 1)).toEqual([OP.exists]);
  next.destroy();
  await call;
});

test("however many attempts failed, credentials and watches are sent once, first, in order", async () => {
  const { server, connection, client } = await fixture.connectedPair();
  const auth = client.addAuth("digest", text("user:password"));
  connection.reply(await connection.nextRequest());
  await auth;
  const watched = client.exists("/a", () => {});
  connection.reply(await connection.nextRequest(), { error: NO_NODE });
  expect(await watched).toBeUndefined();

  client.onStateChange((state) => {
    if (state === "connected") client.getData("/a").catch(() => {});
  });
  connection.destroy();
  for (let i = 0; i < 5; i++) {
    const refused = await server.accept();
    await refused.nextHandshake();
    refused.destroy();
  }
  const next = await reconnected(server);

  expect(await opCodes(next, 3)).toEqual([OP.auth, OP.setWatches, OP.getData]);
  await eventually("a ping", () => (next.pings > 0 ? true : undefined));
  expect(next.waitingRequests).toBe(0);
});

test("watches are set again relative to the last zxid seen", async () => {
  const { server, connection, client } = await fixture.connectedPair();
  const watched = client.exists("/a", () => {});
  connection.reply(await connection.nextRequest(), { error: NO_NODE, zxid: 77n });
  await watched;
  for (const zxid of [0n, -1n, 5n]) {
    const call = outcomes([client.exists("/b")]);
    connection.reply(await connection.nextRequest(), { error: NO_NODE, zxid });
    await call;
  }

  connection.destroy();
  const next = await server.accept();
  const handshake = await next.answerHandshake({ id: SESSION_ID });
  const setWatches = new WireReader((await next.nextRequest()).body);

  expect(handshake.lastZxid).toBe(77n);
  expect(setWatches.long()).toBe(77n);
  const lists = [0, 1, 2].map(() => setWatches.vector((reader) => reader.string()));
  expect(lists).toEqual([[], ["/a"], []]);
});

test("a credential given during the handshake is sent, once", async () => {
  const server = await fixture.hostile();
  const connecting = fixture.connect(server.address, {
    auth: [{ scheme: "digest", credential: text("a:1") }],
  });
  const connection = await server.accept();
  await connection.answerHandshake();
  const client = await connecting;
  connection.reply(await connection.nextRequest());

  connection.destroy();
  const next = await server.accept();
  await next.nextHandshake();
  const auth = client.addAuth("digest", text("b:2"));
  next.send(handshakeReply({ id: SESSION_ID, timeoutMs: SESSION_TIMEOUT_MS }));
  expect(await opCodes(next, 2)).toEqual([OP.auth, OP.auth]);
  next.reply({ xid: -4 });
  next.reply({ xid: -4 });

  await auth;
});

test("a refused credential is told by name and ends the client", async () => {
  const { connection, client } = await fixture.connectedPair();
  const auth = outcomes([client.addAuth("digest", text("user:wrong"))]);
  const read = outcomes([client.getData("/a")]);
  await connection.nextRequest();

  connection.reply({ xid: -4 }, { error: AUTH_FAILED });

  expect(await auth).toEqual(["AUTH_FAILED"]);
  expect(await read).toEqual(["CONNECTION_LOSS"]);
  expect(client.state).toBe("closed");
  expect(await outcomes([client.getData("/a"), client.addAuth("digest", text("x:y"))])).toEqual([
    "AUTH_FAILED",
    "AUTH_FAILED",
  ]);
  await connection.ended;
});

test("pings go on under a stream of watch events", async () => {
  const { connection, client } = await fixture.connectedPair({ timeoutMs: 1_000 });
  const stream = setInterval(() => connection.send(watchEventFrame(3, "/a")), 10);

  await eventually("eight pings", () => (connection.pings >= 8 ? true : undefined));
  clearInterval(stream);

  expect(client.state).toBe("connected");
});
