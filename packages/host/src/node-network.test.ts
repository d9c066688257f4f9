import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { buffer } from "node:stream/consumers";
import type { Connection, Listener } from "@zoolog/base";
import { nodeNetwork } from "./node-network.ts";

const MIB = 1024 * 1024;

const opened: { readonly listeners: Listener[]; readonly sockets: Socket[] } = {
  listeners: [],
  sockets: [],
};

afterEach(async () => {
  for (const socket of opened.sockets.splice(0)) socket.destroy();
  await Promise.all(opened.listeners.splice(0).map((listener) => listener.close()));
});

/** Both ends of one connection. */
async function connected(): Promise<{ readonly server: Connection; readonly client: Socket }> {
  let accept: (connection: Connection) => void = () => {};
  const accepted = new Promise<Connection>((resolve) => {
    accept = resolve;
  });
  const options = { host: "127.0.0.1", port: 0, connectionsMax: 10 };
  const listener = await nodeNetwork.listen(options, (connection) => accept(connection));
  opened.listeners.push(listener);
  const client = connect(listener.port, "127.0.0.1");
  client.on("error", () => {});
  opened.sockets.push(client);
  const [server] = await Promise.all([accepted, once(client, "connect")]);
  return { server, client };
}

/** Bytes that are different everywhere. */
const bytesOf = (length: number, seed: number): Buffer =>
  Buffer.from(
    Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => i * 7 + seed).buffer,
  ).subarray(0, length);

test.each([
  ["one small chunk", [5]],
  ["chunks that end where a turn does", [MIB, MIB]],
  ["chunks that a turn ends in", [3, 2.5 * MIB, 7, MIB]],
  ["chunks without bytes, the last one too", [0, 3, 0, MIB, 0]],
])("%s arrive whole and in order, and are taken once", async (_, lengths) => {
  const { server, client } = await connected();
  const chunks = lengths.map(bytesOf);
  let taken = 0;

  server.writeAll(chunks, () => {
    taken += 1;
    server.end();
  });
  const received = await buffer(client);

  expect(received.equals(Buffer.concat(chunks))).toBe(true);
  expect(taken).toBe(1);
});

test("of a long answer the socket has no more than a turn at a time, so that taking some is seen", async () => {
  const { server, client } = await connected();
  const answer = bytesOf(32 * MIB, 1);
  let taken = 0;
  client.pause();

  server.writeAll([answer], () => {
    taken += 1;
    server.end();
  });
  const takenUnread = taken;
  const pending = [server.pendingBytes];
  let read = 0;
  for await (const part of client) {
    read += (part as Buffer).length;
    pending.push(server.pendingBytes);
  }

  expect(Math.max(...pending)).toBeGreaterThan(0);
  expect(Math.max(...pending)).toBeLessThanOrEqual(MIB);
  expect([takenUnread, read, taken]).toEqual([0, answer.length, 1]);
});

test("an answer whose reader goes is over, once", async () => {
  const { server, client } = await connected();
  let taken = 0;
  client.pause();
  const over = new Promise<void>((resolve) => {
    server.writeAll([bytesOf(32 * MIB, 1)], () => {
      taken += 1;
      resolve();
    });
  });
  const closed = new Promise<void>((resolve) => server.onClose(resolve));

  client.resetAndDestroy();
  await Promise.all([over, closed]);

  expect(taken).toBe(1);
});
