import { wireRequests as ask } from "@zoolog/testkit";
import { start } from "./server-core.fixture.ts";

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
