import {
  wireRequests as ask,
  ManualTime,
  readWireStat,
  SimulatedZooKeeper,
  seededRandom,
  type WireReply,
} from "@zoolog/testkit";
import { WIRE_ERROR_CODES } from "../errors.ts";

function start(options: { tickTimeMs?: number } = {}) {
  const time = new ManualTime();
  const server = new SimulatedZooKeeper(options, { time, random: seededRandom(1) });
  return { time, server };
}

const codeOf = (reply: WireReply) =>
  Object.entries(WIRE_ERROR_CODES).find(([, code]) => code === reply.error)?.[0] ?? "OK";

function statOf(server: SimulatedZooKeeper, path: string) {
  return readWireStat(server.connect().call(ask.exists(path)).body);
}

describe("znodes", () => {
  test("a created znode is read back with its stat", () => {
    const { server } = start();
    const client = server.connect();

    const created = client.call(ask.create("/a", { data: "hello" }));
    const read = client.call(ask.getData("/a")).body;

    expect(created.body.string()).toBe("/a");
    expect(read.buffer()?.toString()).toBe("hello");
    expect(readWireStat(read)).toMatchObject({
      czxid: created.zxid,
      mzxid: created.zxid,
      pzxid: created.zxid,
      version: 0,
      cversion: 0,
      ephemeralOwner: 0n,
      dataLength: 5,
      numChildren: 0,
    });
  });

  test("null data is not the same as no bytes", () => {
    const client = start().server.connect();
    client.call(ask.create("/null", { data: undefined }));
    client.call(ask.create("/none", { data: "" }));

    expect(client.call(ask.getData("/null")).body.int()).toBe(-1);
    expect(client.call(ask.getData("/none")).body.int()).toBe(0);
  });

  test("cversion counts creations and deletions of children, the sequence creations only", () => {
    const { server } = start();
    const client = server.connect();
    client.call(ask.create("/p"));
    client.call(ask.create("/p/a"));
    client.call(ask.create("/p/b"));
    const deleted = client.call(ask.delete("/p/a"));

    expect(statOf(server, "/p")).toMatchObject({
      cversion: 3,
      numChildren: 1,
      pzxid: deleted.zxid,
    });
    const sequential = client.call(ask.create("/p/s-", { flags: 2 }));
    expect(sequential.body.string()).toBe("/p/s-0000000002");
  });

  test("a fresh server has what every ZooKeeper has", () => {
    const client = start().server.connect();

    const root = client.call(ask.getChildren2("/")).body;
    expect(root.vector((r) => r.string())).toEqual(["zookeeper"]);
    expect(readWireStat(root)).toMatchObject({ czxid: 0, cversion: -1, numChildren: 1 });
    const config = client.call(ask.exists("/zookeeper/config")).body;
    expect(readWireStat(config)).toMatchObject({ aversion: -1 });
    expect(codeOf(client.call(ask.delete("/zookeeper/quota")))).toBe("BAD_ARGUMENTS");
    expect(codeOf(client.call(ask.setData("/zookeeper/config", "x")))).toBe("NO_AUTH");
  });

  test.each([
    ["a parent that is not there", ask.create("/no/a"), "NO_NODE"],
    ["a znode that is there", ask.create("/a"), "NODE_EXISTS"],
    ["a child of an ephemeral", ask.create("/e/x"), "NO_CHILDREN_FOR_EPHEMERALS"],
    ["an unknown kind of znode", ask.create("/x", { flags: 9 }), "BAD_ARGUMENTS"],
    ["a path that is none", ask.create("/.."), "BAD_ARGUMENTS"],
    ["an empty ACL", ask.create("/x", { acl: [] }), "INVALID_ACL"],
    ["a TTL, which is switched off", ask.createTtl("/x", 1000), "UNIMPLEMENTED"],
    ["the deletion of a znode with children", ask.delete("/a"), "NOT_EMPTY"],
    ["a wrong version to delete", ask.delete("/a/b", 7), "BAD_VERSION"],
    ["a wrong version to write", ask.setData("/a", "x", 1), "BAD_VERSION"],
    ["a wrong ACL version", ask.setAcl("/a", [[31, "world", "anyone"]], 3), "BAD_VERSION"],
    ["data of nothing", ask.getData("/no"), "NO_NODE"],
    ["children of nothing", ask.getChildren("/no"), "NO_NODE"],
    ["a NUL in a path", ask.exists("/a\0"), "BAD_ARGUMENTS"],
    ["removing a watch that is not set", ask.removeWatches("/a", 3), "NO_WATCHER"],
    ["a watch mode that is none", ask.addWatch("/a", 5), "MARSHALLING_ERROR"],
    ["a body cut short", { opCode: 4, body: Buffer.of(0, 0, 0, 99) }, "MARSHALLING_ERROR"],
    ["reconfiguration", { opCode: 16, body: Buffer.alloc(0) }, "RECONFIG_DISABLED"],
  ])("%s is refused as by ZooKeeper", (_, request, expected) => {
    const client = start().server.connect();
    client.call(ask.create("/a"));
    client.call(ask.create("/a/b"));
    client.call(ask.create("/e", { flags: 1 }));

    expect(codeOf(client.call(request))).toBe(expected);
    expect(client.isClosed).toBe(false);
  });

  test("version 0 is version 0", () => {
    const client = start().server.connect();
    client.call(ask.create("/a"));
    client.call(ask.setData("/a", "1"));

    expect(codeOf(client.call(ask.setData("/a", "2", 0)))).toBe("BAD_VERSION");
    expect(codeOf(client.call(ask.setData("/a", "2", 1)))).toBe("OK");
  });

  test("a container goes when its last child has gone, not before it had one", () => {
    const { server, time } = start();
    const client = server.connect({ timeoutMs: 20_000 });
    client.call(ask.createContainer("/c"));
    const live = (ms: number) => {
      for (let passed = 0; passed < ms; passed += 5000) {
        time.advance(5000);
        client.wire.ping();
      }
    };
    live(130_000);
    expect(codeOf(client.call(ask.exists("/c")))).toBe("OK");

    client.call(ask.create("/c/child"));
    client.call(ask.delete("/c/child"));
    live(130_000);

    expect(codeOf(client.call(ask.exists("/c")))).toBe("NO_NODE");
  });
});

describe("multi", () => {
  test("is applied whole, under one zxid, each part answered", () => {
    const { server } = start();
    const client = server.connect();
    const reply = client.call(
      ask.multi(
        ask.create("/a"),
        ask.create("/a/b"),
        ask.setData("/a", "x", 0),
        ask.check("/a", 1),
      ),
    );

    expect(codeOf(reply)).toBe("OK");
    expect([statOf(server, "/a").czxid, statOf(server, "/a/b").czxid]).toEqual([
      reply.zxid,
      reply.zxid,
    ]);
    expect(statOf(server, "/a")).toMatchObject({ version: 1, mzxid: reply.zxid, numChildren: 1 });
  });

  test("changes nothing when a part fails, and says which", () => {
    const client = start().server.connect();
    client.call(ask.create("/a"));

    const reply = client.call(
      ask.multi(ask.create("/b"), ask.setData("/a", "x", 5), ask.create("/c")),
    );

    expect(reply.error).toBe(0);
    const parts = [0, 1, 2].map(() => {
      const [type, , error] = [reply.body.int(), reply.body.boolean(), reply.body.int()];
      return [type, error, reply.body.int()];
    });
    expect(parts).toEqual([
      [-1, 0, 0],
      [-1, -103, -103],
      [-1, -2, -2],
    ]);
    expect(codeOf(client.call(ask.exists("/b")))).toBe("NO_NODE");
  });

  test("a failed one leaves the counter of sequential names as it was", () => {
    const client = start().server.connect();
    client.call(ask.multi(ask.create("/s-", { flags: 2 }), ask.delete("/no")));

    expect(client.call(ask.create("/s-", { flags: 2 })).body.string()).toBe("/s-0000000000");
  });

  test("of reads answers each, also those that fail", () => {
    const client = start().server.connect();
    client.call(ask.create("/a", { data: "x" }));

    const { body } = client.call(ask.multiRead(ask.getData("/a"), ask.getChildren("/no")));

    expect([body.int(), body.boolean(), body.int(), body.buffer()?.toString()]).toEqual([
      4,
      false,
      0,
      "x",
    ]);
    readWireStat(body);
    expect([body.int(), body.boolean(), body.int(), body.int()]).toEqual([-1, false, -101, -101]);
  });
});

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

describe("permissions", () => {
  test("are asked for on every operation", () => {
    const { server } = start();
    const owner = server.connect();
    owner.wire.addAuth("digest", "u:p");
    owner.call(ask.create("/private", { acl: [[31, "auth", ""]] }));
    owner.call(ask.create("/private/a"));
    const other = server.connect();

    const answers = [
      ask.getData("/private"),
      ask.getChildren("/private"),
      ask.getChildren2("/private"),
      ask.getAllChildrenNumber("/private"),
      ask.getAcl("/private"),
      ask.setData("/private", "x"),
      ask.setAcl("/private", [[31, "world", "anyone"]]),
      ask.create("/private/b"),
      ask.delete("/private/a"),
    ].map((request) => codeOf(other.call(request)));

    expect(new Set(answers)).toEqual(new Set(["NO_AUTH"]));
    expect(codeOf(owner.call(ask.setData("/private", "x")))).toBe("OK");
  });

  test("are those of the connection: after a reconnect the client proves itself again", () => {
    const { server } = start();
    const client = server.connect();
    client.wire.addAuth("digest", "u:p");
    client.call(ask.create("/private", { acl: [[31, "auth", ""]] }));

    const resumed = server.open();
    resumed.wire.connect({ session: client.wire.handshake! });

    expect(codeOf(resumed.call(ask.getData("/private")))).toBe("NO_AUTH");
    resumed.wire.addAuth("digest", "u:p");
    expect(codeOf(resumed.call(ask.getData("/private")))).toBe("OK");
  });

  test("a wrong scheme of authentication ends the connection after an answer", () => {
    const client = start().server.connect();

    client.wire.addAuth("kerberos", "x");

    expect(client.wire.trace).toEqual(["reply -4 -115"]);
    expect(client.isClosed).toBe(true);
  });

  test("watch events of a znode are kept from who may not read it", () => {
    const { server } = start();
    const owner = server.connect();
    owner.wire.addAuth("digest", "u:p");
    const spy = server.connect();
    spy.call(ask.addWatch("/", 1));
    const friend = server.connect();
    friend.wire.addAuth("digest", "u:p");
    friend.call(ask.addWatch("/", 1));

    owner.call(ask.create("/private", { acl: [[31, "auth", ""]] }));
    owner.call(ask.create("/private/secret-name", { acl: [[31, "auth", ""]] }));
    owner.call(ask.setData("/private", "x"));
    owner.call(ask.delete("/private/secret-name"));

    expect(spy.wire.takeEvents()).toEqual([]);
    expect(friend.wire.takeEvents()).toHaveLength(4);
  });
});

describe("watches", () => {
  test("an event comes before the answer to what caused it and to anything later", () => {
    const client = start().server.connect();
    client.call(ask.create("/a"));
    client.call(ask.getData("/a", true));

    client.call(ask.setData("/a", "x"));
    client.call(ask.getData("/a"));

    expect(client.wire.trace.slice(-3)).toEqual([
      "event dataChanged /a",
      "reply 3 ok",
      "reply 4 ok",
    ]);
  });

  test("are on the connection: a client that comes back sets them again and hears what it missed", () => {
    const { server } = start();
    const client = server.connect();
    for (const path of ["/kept", "/changed", "/deleted", "/parent"]) client.call(ask.create(path));
    const seen = client.wire.replies.at(-1)!.zxid;
    client.drop();
    const other = server.connect();
    other.call(ask.setData("/changed", "x"));
    other.call(ask.delete("/deleted"));
    other.call(ask.create("/born"));
    other.call(ask.create("/parent/child"));

    const resumed = server.open();
    resumed.wire.connect({ session: client.wire.handshake! });
    resumed.call(
      ask.setWatches(seen, {
        data: ["/kept", "/changed", "/deleted"],
        exist: ["/born", "/unborn"],
        child: ["/parent", "/kept"],
      }),
    );

    expect(resumed.wire.takeEvents()).toEqual([
      "dataChanged /changed",
      "deleted /deleted",
      "created /born",
      "childrenChanged /parent",
    ]);
    other.call(ask.setData("/kept", "x"));
    other.call(ask.create("/unborn"));
    other.call(ask.create("/kept/child"));
    expect(resumed.wire.takeEvents()).toEqual([
      "dataChanged /kept",
      "created /unborn",
      "childrenChanged /kept",
    ]);
  });

  test("what was seen already does not fire again", () => {
    const { server } = start();
    const client = server.connect();
    client.call(ask.create("/a"));
    const { zxid } = client.call(ask.setData("/a", "x"));

    const resumed = server.open();
    resumed.wire.connect({ session: client.wire.handshake! });
    resumed.call(ask.setWatches(zxid, { data: ["/a"], child: ["/a"] }));

    expect(resumed.wire.takeEvents()).toEqual([]);
  });
});
