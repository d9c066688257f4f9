import { parseConnectString } from "./connect-string.ts";

test("hosts, ports and the chroot are read in the order written", () => {
  expect(parseConnectString("zk1:2181, zk2:2182,10.0.0.3/zoolog/east")).toEqual({
    servers: [
      { host: "zk1", port: 2181 },
      { host: "zk2", port: 2182 },
      { host: "10.0.0.3", port: 2181 },
    ],
    chroot: "/zoolog/east",
  });
});

test("a lone slash is no chroot", () => {
  expect(parseConnectString("zk/")).toEqual({
    servers: [{ host: "zk", port: 2181 }],
    chroot: undefined,
  });
});

test.each([
  ["", "no host name"],
  [",", "no host name"],
  ["zk:2181,", "no host name"],
  [":2181", "no host name"],
  ["http://zk:2181", "no path"],
  ["zk:0", "no port"],
  ["zk:", "no port"],
  ["zk:65536", "no port"],
  ["zk:2x", "no port"],
  ["zk:-1", "no port"],
  ["zk:999999", "no port"],
  ["::1", "IPv6"],
  ["[::1]:2181", "IPv6"],
  ["fe80::1:2181", "IPv6"],
  ["zk:2181/a/", "no path"],
  ["zk:2181/a//b", "no path"],
  ["zk:2181/../b", "no path"],
  ["zk1:2181/a,zk2:2181/a", "names servers"],
  ["zk1:2181/a,zk2:2181", "names servers"],
])("%j is refused by name: %s", (text, why) => {
  expect(() => parseConnectString(text)).toThrow(
    expect.objectContaining({
      code: "INVALID_CONNECT_STRING",
      message: expect.stringContaining(why),
      hint: expect.any(String),
    }),
  );
});
