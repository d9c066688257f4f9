import { wireRequests as ask, readWireStat } from "@zoolog/testkit";
import { codeOf, start, statOf } from "./server-core.fixture.ts";

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
