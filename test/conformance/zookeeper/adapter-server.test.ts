/**
 * The adapter against servers that keep ZooKeeper's promises, over a network that does not: calls,
 * watches, ephemerals and sessions through cuts, half-open connections and expiry.
 */
import type { TcpProxy } from "@zoolog/testkit";
import type { SessionState, WatchEvent, ZooKeeperClient } from "@zoolog/zookeeper";
import {
  AdapterFixture,
  eventually,
  outcomes,
  SESSION_TIMEOUT_MS,
  stateOf,
  text,
} from "./adapter-fixture.ts";
import { BACKENDS, type RunningBackend } from "./backends.ts";

describe.each(BACKENDS)("$name", (backend) => {
  let server: RunningBackend;
  let fixture: AdapterFixture;
  let roots = 0;
  beforeAll(async () => {
    server = await backend.start();
  });
  afterAll(() => server.close());
  beforeEach(() => {
    fixture = new AdapterFixture();
  });
  afterEach(() => fixture.close());

  /** A client below a root of its own, straight to the server. */
  async function connect(root = freshRoot()): Promise<ZooKeeperClient> {
    return fixture.connect(`127.0.0.1:${server.port}${root}`);
  }

  function freshRoot(): string {
    roots += 1;
    return `/tests/root-${roots}`;
  }

  /** A client whose way to the server can be broken, and one that sees the same znodes. */
  async function connectThroughProxies(count: number) {
    const proxies = await Promise.all(
      Array.from({ length: count }, () => fixture.proxy(server.port)),
    );
    const root = freshRoot();
    const observer = await connect(root);
    const client = await fixture.connect(
      `${proxies.map((proxy) => proxy.address).join(",")}${root}`,
    );
    const attached = (): TcpProxy => proxies.find((proxy) => proxy.connections > 0)!;
    return { client, observer, proxies, attached };
  }

  describe("calls", () => {
    test("create, read, write, list and remove, with stats", async () => {
      const client = await connect();

      expect(await client.create("/a", text("one"))).toBe("/a");
      expect(await client.create("/a/b", text(""), { mode: "ephemeral" })).toBe("/a/b");
      expect(await client.create("/a/s-", text(""), { mode: "persistentSequential" })).toBe(
        "/a/s-0000000001",
      );
      const { data, stat } = await client.getData("/a");
      expect(Buffer.from(data).toString()).toBe("one");
      expect(stat).toMatchObject({ version: 0, cversion: 2, numChildren: 2, dataLength: 3 });
      expect((await client.setData("/a", text("two!"))).version).toBe(1);
      expect((await client.getChildren("/a")).names).toEqual(["b", "s-0000000001"]);
      expect((await client.exists("/a/b"))?.ephemeralOwner).toBe(client.sessionId);
      expect((await client.exists("/a"))?.ephemeralOwner).toBeUndefined();
      await client.remove("/a/b");
      expect(await client.exists("/a/b")).toBeUndefined();
    });

    test("failures have names, and paths as the caller knows them", async () => {
      const client = await connect();
      await client.create("/a", text(""));
      await client.create("/a/e", text(""), { mode: "ephemeral" });

      expect(
        await outcomes([
          client.getData("/none"),
          client.create("/a", text("")),
          client.remove("/a"),
          client.setData("/a", text(""), 7),
          client.create("/a/e/child", text("")),
          client.create("/b", text(""), { acl: [] }),
          client.getChildren("/none"),
        ]),
      ).toEqual([
        "NO_NODE",
        "NODE_EXISTS",
        "NOT_EMPTY",
        "BAD_VERSION",
        "NO_CHILDREN_FOR_EPHEMERALS",
        "INVALID_ACL",
        "NO_NODE",
      ]);
      await expect(client.getData("/none")).rejects.toMatchObject({
        path: "/none",
        retriable: false,
      });
    });

    test("version 0 means 0: alone and in every operation of a multi", async () => {
      const client = await connect();
      await client.create("/a", text("0"));
      await client.setData("/a", text("1"), 0);

      expect(
        await outcomes([
          client.setData("/a", text("2"), 0),
          client.remove("/a", 0),
          client.multi([{ type: "check", path: "/a", version: 0 }]),
          client.multi([{ type: "setData", path: "/a", data: text("2"), version: 0 }]),
          client.multi([{ type: "remove", path: "/a", version: 0 }]),
        ]),
      ).toEqual(Array(5).fill("BAD_VERSION"));
      expect(Buffer.from((await client.getData("/a")).data).toString()).toBe("1");
    });

    test("a multi is all or nothing, and names the operation that failed", async () => {
      const client = await connect();

      const results = await client.multi([
        { type: "create", path: "/a", data: text("") },
        { type: "create", path: "/a/s-", data: text(""), mode: "persistentSequential" },
        { type: "setData", path: "/a", data: text("x"), version: 0 },
        { type: "check", path: "/a", version: 1 },
        { type: "remove", path: "/a/s-0000000000" },
      ]);
      expect(results).toEqual([
        { type: "create", path: "/a" },
        { type: "create", path: "/a/s-0000000000" },
        { type: "setData", stat: expect.objectContaining({ version: 1, dataLength: 1 }) },
        { type: "check" },
        { type: "remove" },
      ]);

      await expect(
        client.multi([
          { type: "create", path: "/b", data: text("") },
          { type: "remove", path: "/none" },
          { type: "create", path: "/c", data: text("") },
        ]),
      ).rejects.toMatchObject({ code: "NO_NODE", operationIndex: 1, path: "/none" });
      expect(await client.exists("/b")).toBeUndefined();
    });

    test("what is just below the limits passes", async () => {
      const client = await connect();
      await client.create("/a", Buffer.alloc(512 * 1024 - 200));

      const creates = Array.from(
        { length: 500 },
        (_, i) => ({ type: "create", path: `/n${i}`, data: text("") }) as const,
      );
      expect(await client.multi(creates)).toHaveLength(500);
      expect((await client.getData("/a")).data).toHaveLength(512 * 1024 - 200);
    });

    test("a barrier is answered by the root of the chroot, as long as it is there", async () => {
      const root = freshRoot();
      const client = await connect(root);
      const whole = await connect("");

      await client.barrier();
      await whole.remove(root);

      await expect(client.barrier()).rejects.toMatchObject({ code: "NO_NODE" });
    });

    test("many calls at once are answered in order", async () => {
      const client = await connect();
      await client.create("/a", text(""));

      const stats = await Promise.all(
        Array.from({ length: 1_000 }, (_, i) => client.setData("/a", text(`${i}`), i)),
      );

      expect(stats.map((stat) => stat.version)).toEqual(
        Array.from({ length: 1_000 }, (_, i) => i + 1),
      );
    });
  });

  describe("the chroot", () => {
    test("is created with its parents when it is missing, also by several at once", async () => {
      const deep = `${freshRoot()}/east/1`;
      const connectString = `127.0.0.1:${server.port}${deep}`;

      const clients = await Promise.all([1, 2, 3].map(() => fixture.connect(connectString)));

      await clients[0]!.create("/a", text(""));
      expect((await clients[1]!.getChildren("/")).names).toEqual(["a"]);
      const whole = await connect("");
      expect(await whole.exists(`${deep}/a`)).toBeDefined();
    });

    test("is no part of the paths of answers and events", async () => {
      const client = await connect();
      const event = new Promise<WatchEvent>((resolve) => {
        client.exists("/a", resolve).catch(() => {});
      });
      const children = new Promise<WatchEvent>((resolve) => {
        client.getChildren("/", resolve).catch(() => {});
      });

      expect(await client.create("/a", text(""))).toBe("/a");

      expect(await event).toEqual({ kind: "created", path: "/a" });
      expect(await children).toEqual({ kind: "childrenChanged", path: "/" });
    });
  });

  describe("authentication", () => {
    test("opens what a digest protects, also right after a reconnect", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      await client.addAuth("digest", text("user:password"));
      await client.create("/secret", text("x"), {
        acl: [{ scheme: "auth", id: "", permissions: 31 }],
      });
      expect(await outcomes([observer.getData("/secret")])).toEqual(["NO_AUTH"]);

      const read = new Promise<string[]>((resolve) => {
        client.onStateChange((state) => {
          if (state === "connected") outcomes([client.getData("/secret")]).then(resolve, () => {});
        });
      });
      attached().drop();

      expect(await read).toEqual(["ok"]);
      expect((await client.getAcl("/secret")).acl).toMatchObject([
        { scheme: "digest", id: expect.stringMatching(/^user:/), permissions: 31 },
      ]);
      await client.setAcl("/secret", [{ scheme: "world", id: "anyone", permissions: 1 }], 0);
      expect(await outcomes([observer.getData("/secret")])).toEqual(["ok"]);
    });

    test("with a scheme that the server does not know is refused by name", async () => {
      const client = await connect();

      expect(await outcomes([client.addAuth("no-such-scheme", text("x"))])).toEqual([
        "AUTH_FAILED",
      ]);
      expect(client.state).toBe("closed");
    });
  });

  describe("a broken network", () => {
    test("a half-open connection is left for another server; session and ephemeral stay", async () => {
      const { client, observer, proxies, attached } = await connectThroughProxies(2);
      await client.create("/mine", text(""), { mode: "ephemeral" });
      const { sessionId } = client;
      const states: SessionState[] = [];
      client.onStateChange((state) => states.push(state));

      const frozen = attached();
      frozen.freeze();
      const call = outcomes([client.setData("/mine", text("x"))]);
      await stateOf(client, "suspended");
      await stateOf(client, "connected");

      expect(await call).toEqual(["CONNECTION_LOSS"]);
      expect(states).toEqual(["suspended", "connected"]);
      expect(client.sessionId).toBe(sessionId);
      expect(attached()).toBe(proxies.find((proxy) => proxy !== frozen));
      expect((await observer.exists("/mine"))?.ephemeralOwner).toBe(sessionId);
      await client.setData("/mine", text("y"));
    });

    test("a write that was refused during an outage is not applied after it", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      await client.create("/a", text("before"));
      const way = attached();
      way.cut();
      await stateOf(client, "suspended");

      expect(await outcomes([client.setData("/a", text("late")), client.remove("/a")])).toEqual([
        "CONNECTION_LOSS",
        "CONNECTION_LOSS",
      ]);
      way.heal();
      await stateOf(client, "connected");
      await client.barrier();
      await client.setData("/a", text("after"), 0);

      expect((await observer.getData("/a")).stat.version).toBe(1);
    });

    test("watches survive it, also of what changed meanwhile", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      for (const path of ["/changed", "/deleted", "/quiet"]) await client.create(path, text(""));
      const events: WatchEvent[] = [];
      const watch = (event: WatchEvent): void => void events.push(event);
      await client.getData("/changed", watch);
      await client.getData("/deleted", watch);
      await client.exists("/created", watch);
      await client.getData("/quiet", watch);
      await client.getChildren("/quiet", watch);

      const way = attached();
      way.cut();
      await stateOf(client, "suspended");
      await observer.setData("/changed", text("x"));
      await observer.remove("/deleted");
      await observer.create("/created", text(""));
      way.heal();
      await stateOf(client, "connected");
      await client.barrier();
      await observer.create("/quiet/child", text(""));
      await eventually("four events", () => (events.length >= 4 ? true : undefined));
      await client.barrier();

      expect(events.slice(0, 3).sort((a, b) => a.path.localeCompare(b.path))).toEqual([
        { kind: "dataChanged", path: "/changed" },
        { kind: "created", path: "/created" },
        { kind: "deleted", path: "/deleted" },
      ]);
      expect(events.slice(3)).toEqual([{ kind: "childrenChanged", path: "/quiet" }]);
    });

    test("more watches than fit into one request survive it", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      const longName = (i: number): string => `/${"x".repeat(500)}-${i}`;
      const count = 2_500;
      const events = new Set<string>();
      const watch = ({ path }: WatchEvent): void => void events.add(path);
      await Promise.all(Array.from({ length: count }, (_, i) => client.exists(longName(i), watch)));

      attached().drop();
      await stateOf(client, "suspended");
      await stateOf(client, "connected");
      await client.barrier();
      const last = [0, 1, count / 2, count - 1].map(longName);
      for (const path of last) await observer.create(path, text(""));
      await eventually("the events", () => (events.size >= last.length ? true : undefined));

      expect([...events].sort()).toEqual([...last].sort());
    });

    test("an outage longer than the session ends it: ephemerals gone, a new client works", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      await client.create("/mine", text(""), { mode: "ephemeral" });
      const events: WatchEvent[] = [];
      await client.exists("/mine", (event) => events.push(event));
      const gone = new Promise<WatchEvent>((resolve) => {
        observer.exists("/mine", resolve).catch(() => {});
      });

      const way = attached();
      way.cut();
      expect((await gone).kind).toBe("deleted");
      // Only told by a server; by its own clock it has known before that others may act.
      expect([client.state, client.leaseRemainingMs()]).toEqual(["suspended", 0]);
      way.heal();
      await stateOf(client, "expired");

      await eventually("the last hint", () => (events.length > 0 ? true : undefined));
      expect(events).toEqual([{ kind: "sessionEnded", path: "/mine" }]);
      expect(await outcomes([client.exists("/mine")])).toEqual(["SESSION_EXPIRED"]);
      const next = await connect();
      await next.create("/mine", text(""), { mode: "ephemeral" });
    });

    test("a busy watcher that sends nothing keeps its session", async () => {
      const { client, observer } = await connectThroughProxies(1);
      const paths = Array.from({ length: 100 }, (_, i) => `/n${i}`);
      await Promise.all(paths.map((path) => observer.create(path, text(""))));
      await Promise.all(paths.map((path) => client.getData(path, () => {})));
      await client.create("/mine", text(""), { mode: "ephemeral" });
      const { sessionId } = client;
      const states: SessionState[] = [];
      client.onStateChange((state) => states.push(state));

      for (const path of paths) {
        await observer.setData(path, text("x"));
        await new Promise((resolve) => setTimeout(resolve, (2.5 * SESSION_TIMEOUT_MS) / 100));
      }

      expect(states).toEqual([]);
      expect((await observer.exists("/mine"))?.ephemeralOwner).toBe(sessionId);
    });
  });

  describe("close", () => {
    test("ends the session at the server: ephemerals go at once", async () => {
      const root = freshRoot();
      const [client, observer] = [await connect(root), await connect(root)];
      await client.create("/mine", text(""), { mode: "ephemeral" });

      await client.close();

      expect(await observer.exists("/mine")).toBeUndefined();
    });

    test("while suspended ends the session too, when the way comes back in time", async () => {
      const { client, observer, attached } = await connectThroughProxies(1);
      await client.create("/mine", text(""), { mode: "ephemeral" });
      attached().drop();
      await stateOf(client, "suspended");

      await client.close();

      expect(await observer.exists("/mine")).toBeUndefined();
    });
  });
});
