import { wireRequests as ask } from "@zoolog/testkit";
import { codeOf, start } from "./server-core.fixture.ts";

describe("sessions", () => {
  test("get the timeout they ask for, within the server's limits", () => {
    const { server } = start({ tickTimeMs: 1000 });
    const granted = [1, 5000, 1_000_000].map(
      (timeoutMs) => server.connect({ timeoutMs }).wire.handshake?.timeoutMs,
    );

    expect(granted).toEqual([2000, 5000, 20_000]);
  });

  test("end when their client is silent, and their ephemerals with them", () => {
    const { server, time } = start();
    const client = server.connect({ timeoutMs: 4000 });
    client.call(ask.create("/e", { flags: 1 }));
    const observer = server.connect({ timeoutMs: 20_000 });
    observer.call(ask.exists("/e", true));

    time.advance(6000);

    expect(client.isClosed).toBe(true);
    expect(observer.wire.takeEvents()).toEqual(["deleted /e"]);
  });

  test("are not kept alive by what the server sends", () => {
    const { server, time } = start();
    const listener = server.connect({ timeoutMs: 4000 });
    listener.call(ask.addWatch("/", 1));
    const busy = server.connect({ timeoutMs: 20_000 });

    for (let i = 0; i < 6; i++) {
      time.advance(1000);
      busy.call(ask.create(`/${i}`));
    }

    expect(listener.wire.events.length).toBeGreaterThan(3);
    expect(listener.isClosed).toBe(true);
  });

  test("live on while their client pings", () => {
    const { server, time } = start();
    const client = server.connect({ timeoutMs: 4000 });

    for (let i = 0; i < 20; i++) {
      time.advance(2000);
      client.wire.ping();
    }

    expect(client.isClosed).toBe(false);
  });

  test("go on over a new connection, which takes the place of the old one", () => {
    const { server } = start();
    const old = server.connect();
    old.call(ask.create("/e", { flags: 1 }));

    const session = old.wire.handshake!;
    const resumed = server.open();
    resumed.wire.connect({ session });

    expect(resumed.wire.handshake).toMatchObject({ sessionId: session.sessionId });
    expect(old.isClosed).toBe(true);
    expect(resumed.call(ask.getEphemerals("/")).body.vector((r) => r.string())).toEqual(["/e"]);
  });

  test("cannot be taken over without the password, and their connection stays", () => {
    const { server } = start();
    const owner = server.connect();
    const thief = server.open();

    const { sessionId } = owner.wire.handshake!;
    thief.wire.connect({ session: { sessionId, password: Buffer.alloc(16, 1) } });

    expect(thief.wire.handshake).toMatchObject({ timeoutMs: 0, sessionId: 0n });
    expect(thief.isClosed).toBe(true);
    expect(owner.isClosed).toBe(false);
  });

  test("that are over are answered with a timeout of 0, then the connection is closed", () => {
    const { server, time } = start();
    const client = server.connect({ timeoutMs: 4000 });
    client.drop();
    time.advance(6000);

    const late = server.open();
    late.wire.connect({ session: client.wire.handshake! });

    expect(late.wire.handshake).toMatchObject({ timeoutMs: 0, sessionId: 0n });
    expect(late.isClosed).toBe(true);
  });

  test("are ended by their client: a reply, then the connection is closed", () => {
    const { server } = start();
    const client = server.connect();
    client.call(ask.create("/e", { flags: 1 }));

    const reply = client.call(ask.closeSession());

    expect(reply.error).toBe(0);
    expect(client.isClosed).toBe(true);
    expect(codeOf(server.connect().call(ask.exists("/e")))).toBe("NO_NODE");
  });

  test("of a client that has seen more than this server has are refused without a word", () => {
    const { server } = start();
    const client = server.open();

    client.wire.connect({ lastZxidSeen: server.core.appliedZxid + 1 });

    expect(client.wire.handshake).toBeUndefined();
    expect(client.isClosed).toBe(true);
  });

  test("old clients get the answer without a read-only flag", () => {
    const { server } = start();
    const client = server.open();
    const sent: number[] = [];
    const receive = client.wire.receive.bind(client.wire);
    client.wire.receive = (frame) => {
      sent.push(frame.length);
      receive(frame);
    };
    client.wire.connect();
    const withFlag = sent[0]!;
    const request = Buffer.alloc(4 + 8 + 4 + 8 + 4 + 16);
    request.writeInt32BE(16, 24);

    const old = server.open();
    const oldSent: number[] = [];
    old.wire.receive = (frame) => void oldSent.push(frame.length);
    old.sendRaw(request);

    expect(oldSent).toEqual([withFlag - 1]);
  });
});
