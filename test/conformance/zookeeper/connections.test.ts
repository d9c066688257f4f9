/** What servers do with connections: handshakes, moved and unknown sessions, bytes out of order. */
import { connect } from "node:net";
import { fourLetterWord, WirePeer, WireReader, WireWriter, wireRequests } from "@zoolog/testkit";
import { BACKENDS, type RunningBackend } from "./backends.ts";

/** How long a server may be silent before we say that it is: only where silence is an answer. */
const SILENCE_MS = 1_000;

/** Sends the bytes and tells how the server took them. */
function sent(port: number, bytes: Uint8Array): Promise<string> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect({ port, host: "127.0.0.1" }, () => socket.write(bytes));
    const silence = setTimeout(() => socket.destroy(), SILENCE_MS);
    let isHungUp = false;
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.once("end", () => {
      isHungUp = true;
    });
    socket.once("close", (hadError) => {
      clearTimeout(silence);
      const length = Buffer.concat(chunks).length;
      resolve(`${length} bytes, ${isHungUp || hadError ? "hung up" : "still there"}`);
    });
  });
}

function handshake(fields: {
  readonly lastZxid?: bigint;
  readonly timeoutMs?: number;
  readonly sessionId?: bigint;
  readonly password?: Buffer;
  readonly readOnlyFlag?: boolean;
}): Buffer {
  const writer = new WireWriter().int(0).long(fields.lastZxid ?? 0n);
  writer.int(fields.timeoutMs ?? 5_000).long(fields.sessionId ?? 0n);
  writer.buffer(fields.password ?? Buffer.alloc(16));
  if (fields.readOnlyFlag !== undefined) writer.boolean(fields.readOnlyFlag);
  return writer.frame();
}

describe.each(BACKENDS)("$name", (backend) => {
  let server: RunningBackend;
  beforeAll(async () => {
    server = await backend.start();
  });
  afterAll(() => server.close());

  test.each([
    ["an old client's", handshake({}), "40 bytes, still there"],
    [
      "a new client's, answered with a flag more",
      handshake({ readOnlyFlag: false }),
      "41 bytes, still there",
    ],
    ["one ahead of the server", handshake({ lastZxid: 1n << 50n }), "0 bytes, hung up"],
    ["one for a session nobody knows", handshake({ sessionId: 77n }), "40 bytes, hung up"],
    [
      "a request instead of one",
      new WireWriter().int(1).int(3).string("/").boolean(false).frame(),
      "0 bytes, hung up",
    ],
    ["a negative length", new WireWriter().int(-1).bytes(), "0 bytes, hung up"],
    ["a length of 2 GiB", new WireWriter().int(0x7fff_ffff).bytes(), "0 bytes, hung up"],
  ])("a handshake: %s", async (_, bytes, expected) => {
    expect(await sent(server.port, bytes)).toBe(expected);
  });

  test.each([
    [1, 1_000],
    [5_000, 5_000],
    [1_000_000, 10_000],
    [-5, 1_000],
  ])("a session timeout of %d ms asked for is one of %d ms", async (timeoutMs, granted) => {
    const peer = await WirePeer.open({ port: server.port, timeoutMs });

    expect(peer.handshake.timeoutMs).toBe(granted);
    peer.drop();
  });

  test("a session that comes back on a second connection loses the first", async () => {
    const first = await WirePeer.open({ port: server.port });
    await first.call(wireRequests.create("/moved", { flags: 1 }));

    const second = await WirePeer.open({ port: server.port, resume: first.handshake });
    await first.ended;

    expect(second.handshake.sessionId).toBe(first.handshake.sessionId);
    expect((await second.call(wireRequests.exists("/moved")))?.error).toBe(0);
    await second.call(wireRequests.closeSession());
  });

  test("a wrong password does not open a session, and does not harm it", async () => {
    const owner = await WirePeer.open({ port: server.port });
    const { sessionId } = owner.handshake;

    const thief = await WirePeer.open({
      port: server.port,
      resume: { sessionId, password: Buffer.alloc(16, 1) },
    });
    await thief.ended;

    // 3.8 hangs up on the owner before it looks at the password; the session lives in any case.
    owner.drop();
    const again = await WirePeer.open({ port: server.port, resume: owner.handshake });
    expect(thief.handshake.timeoutMs).toBe(0);
    expect(again.handshake.sessionId).toBe(sessionId);
    expect((await again.call(wireRequests.exists("/")))?.error).toBe(0);
    await again.call(wireRequests.closeSession());
  });

  test("a request over 1 MiB costs its connection, not the session", async () => {
    const peer = await WirePeer.open({ port: server.port });
    await peer.call(wireRequests.create("/large"));

    const fits = await peer.call(wireRequests.setData("/large", "x".repeat(1_048_500)));
    const tooLarge = await peer.call(wireRequests.setData("/large", "x".repeat(1_048_576)));
    await peer.ended;
    const next = await WirePeer.open({ port: server.port, resume: peer.handshake });

    expect([fits?.error, tooLarge?.error]).toEqual([0, undefined]);
    expect(next.handshake.timeoutMs).toBe(10_000);
    await next.call(wireRequests.closeSession());
  });

  test("pings are answered out of the numbering, syncs with their path", async () => {
    const peer = await WirePeer.open({ port: server.port });

    const reply = await peer.call(wireRequests.sync("/anything"));

    expect(new WireReader(reply!.body.rest()).string()).toBe("/anything");
    await peer.call(wireRequests.closeSession());
  });

  test("the words of an operator are answered", async () => {
    const srvr = await fourLetterWord(server, "srvr");

    expect(await fourLetterWord(server, "ruok")).toBe("imok");
    expect(srvr).toMatch(/^Zookeeper version: /);
    for (const field of [
      "Latency min/avg/max",
      "Received",
      "Sent",
      "Connections",
      "Outstanding",
      "Zxid",
      "Mode",
      "Node count",
    ]) {
      expect(srvr).toMatch(new RegExp(`^${field}: `, "m"));
    }
    expect(await fourLetterWord(server, "stat")).toMatch(/^Clients:$/m);
  });
});
