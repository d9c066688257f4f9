import { AdapterFixture, outcomes, text } from "./adapter-fixture.ts";

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

describe("what is refused before it is sent", () => {
  test.each(["", "a", "/a/", "/a//b", "/a/../b", "/a\u0000"])("the path %j", async (path) => {
    const { connection, client } = await fixture.connectedPair();

    const calls = await outcomes([
      client.create(path, text("")),
      client.exists(path, () => {}),
      client.getData(path),
      client.setData(path, text("")),
      client.remove(path),
      client.getChildren(path),
      client.getAcl(path),
      client.setAcl(path, []),
      client.multi([
        { type: "check", path: "/" },
        { type: "check", path },
      ]),
    ]);

    expect(calls).toEqual(Array(9).fill("INVALID_PATH"));
    await expect(
      client.multi([
        { type: "remove", path: "/" },
        { type: "check", path },
      ]),
    ).rejects.toMatchObject({ operationIndex: 1 });
    expect(connection.waitingRequests).toBe(0);
  });

  test("requests over 512 KiB, multis over 500 operations, more than a server takes at once", async () => {
    const { connection, client } = await fixture.connectedPair();
    const check = { type: "check", path: "/" } as const;

    const calls = await outcomes([
      client.setData("/a", Buffer.alloc(512 * 1024)),
      client.multi(Array.from({ length: 501 }, () => check)),
      client.multi([{ type: "setData", path: "/a", data: Buffer.alloc(512 * 1024) }]),
    ]);
    expect(calls).toEqual(Array(3).fill("REQUEST_TOO_LARGE"));
    expect(connection.waitingRequests).toBe(0);

    const many = outcomes(Array.from({ length: 5_001 }, () => client.exists("/a")));
    connection.destroy();
    expect((await many).filter((end) => end === "TOO_MANY_REQUESTS")).toHaveLength(1);
  });

  test("a version that is no int32", async () => {
    const { client } = await fixture.connectedPair();

    expect(await outcomes([client.setData("/a", text(""), 2 ** 31)])).toEqual(["BAD_ARGUMENTS"]);
  });
});
