import { wireRequests as ask } from "@zoolog/testkit";
import { codeOf, start } from "./server-core.fixture.ts";

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
