/** How the adapter connects, stays, reconnects, ends; against a server that the test plays. */
import { createServer } from "node:net";
import {
  type HostileConnection,
  type HostileZooKeeper,
  handshakeReply,
  WireReader,
  watchEventFrame,
} from "@zoolog/testkit";
import { connectZooKeeper, type SessionState, type WatchEvent } from "@zoolog/zookeeper";
import {
  AdapterFixture,
  DEPENDENCIES,
  eventually,
  outcomes,
  SESSION_TIMEOUT_MS,
  stateOf,
  text,
  WAIT_MS_MAX,
} from "./adapter-fixture.ts";

const OP = { create: 1, exists: 3, getData: 4, setData: 5, auth: 100, setWatches: 101 } as const;
const NO_NODE = -101;
const AUTH_FAILED = -115;
const SESSION_ID = 0x1234n;

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

async function connectedPair(options: { readonly timeoutMs?: number } = {}) {
  const server = await fixture.hostile();
  const connecting = fixture.connect(server.address);
  const connection = await server.accept();
  await connection.answerHandshake({ id: SESSION_ID, ...options });
  const client = await connecting;
  return { server, connection, client };
}

async function reconnected(server: HostileZooKeeper): Promise<HostileConnection> {
  const connection = await server.accept();
  await connection.answerHandshake({ id: SESSION_ID });
  return connection;
}

async function opCodes(connection: HostileConnection, count: number): Promise<number[]> {
  const codes: number[] = [];
  for (let i = 0; i < count; i++) codes.push((await connection.nextRequest()).opCode);
  return codes;
}

describe("a silent server", () => {
  test("that never answers the handshake is left for the next one, by every client", async () => {
    const silent = await fixture.hostile();
    const good = await fixture.hostile();
    const answering = (async () => {
      for (let i = 0; i < 6; i++) await (await good.accept()).answerHandshake();
    })();

    const clients = await Promise.all(
      Array.from({ length: 6 }, () => fixture.connect(`${silent.address},${good.address}`)),
    );
    await answering;

    expect(clients.map((client) => client.state)).toEqual(Array(6).fill("connected"));
  });

  test("ends a connect in bounded time, with a reason and a hint, leaving nothing open", async () => {
    const silent = await fixture.hostile();

    await expect(fixture.connect(silent.address, { connectTimeoutMs: 400 })).rejects.toMatchObject({
      code: "CONNECT_TIMEOUT",
      retriable: true,
      message: expect.stringContaining(silent.address),
      hint: expect.stringContaining("client port"),
    });
    await eventually("the end of the connection", () =>
      silent.openConnections === 0 ? true : undefined,
    );
  });

  test("that was connected is given up; its calls end; the session goes on elsewhere", async () => {
    const servers = [await fixture.hostile(), await fixture.hostile()];
    const connecting = fixture.connect(servers.map(({ address }) => address).join(","));
    const first = await Promise.any(servers.map((server) => server.accept()));
    await first.answerHandshake({ id: SESSION_ID });
    const client = await connecting;

    first.isAlive = false;
    const calls = outcomes([client.getData("/a"), client.getData("/b")]);
    const states: SessionState[] = [];
    client.onStateChange((state) => states.push(state));
    const other = servers.find((server) => server.accepted === 0) ?? servers[1]!;
    const handshake = await (await other.accept()).answerHandshake({ id: SESSION_ID });
    await stateOf(client, "connected");

    expect(await calls).toEqual(["CONNECTION_LOSS", "CONNECTION_LOSS"]);
    expect(handshake.sessionId).toBe(SESSION_ID);
    expect(states).toEqual(["suspended", "connected"]);
  });
});

test("a refused connect names the reason of the last attempt", async () => {
  const closed = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => closed.once("listening", resolve));
  const { port } = closed.address() as { port: number };
  await new Promise((resolve) => closed.close(resolve));

  await expect(
    fixture.connect(`127.0.0.1:${port}`, { connectTimeoutMs: 300 }),
  ).rejects.toMatchObject({
    code: "CONNECT_TIMEOUT",
    message: expect.stringContaining("ECONNREFUSED"),
  });
});

test("a connect ends when its signal aborts, with the signal's reason", async () => {
  const silent = await fixture.hostile();
  const abort = new AbortController();
  const connecting = fixture.connect(silent.address, { signal: abort.signal });
  await silent.accept();

  abort.abort(new Error("changed my mind"));

  await expect(connecting).rejects.toThrow("changed my mind");
});

test("an aborted signal ends a connect before it begins", async () => {
  const server = await fixture.hostile();

  await expect(
    fixture.connect(server.address, { signal: AbortSignal.abort(new Error("too late")) }),
  ).rejects.toThrow("too late");
});

test("a server that accepts and hangs up is called with pauses, not in a tight loop", async () => {
  const server = await fixture.hostile();
  const delays: number[] = [];
  const { scheduler } = DEPENDENCIES;
  const after: typeof scheduler.after = (delayMs, task) => {
    delays.push(delayMs);
    return scheduler.after(delayMs, task);
  };
  const connecting = connectZooKeeper(
    {
      connectString: server.address,
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
      connectTimeoutMs: WAIT_MS_MAX,
    },
    { ...DEPENDENCIES, scheduler: { ...scheduler, after } },
  );
  for (let i = 0; i < 6; i++) {
    const connection = await server.accept();
    await connection.answerHandshake({ id: SESSION_ID });
    connection.end();
    await connection.ended;
  }
  const client = await connecting;
  await client.close();

  // Attempts and the connect as a whole have longer timers than any pause.
  const pauses = delays.filter((delayMs) => delayMs < 1_000);
  expect(pauses[0]).toBe(0);
  expect(pauses.slice(1).every((pauseMs) => pauseMs > 0)).toBe(true);
  expect(pauses.length).toBeGreaterThanOrEqual(6);
});

test("calls while there is no connection are refused at once and never sent later", async () => {
  const { server, connection, client } = await connectedPair();
  connection.destroy();
  await stateOf(client, "suspended");

  const refused = outcomes([
    client.setData("/a", text("late")),
    client.create("/b", text("late")),
    client.multi([{ type: "remove", path: "/c" }]),
    client.barrier(),
  ]);
  expect(await refused).toEqual(Array(4).fill("CONNECTION_LOSS"));
  const next = await reconnected(server);
  await stateOf(client, "connected");
  const call = outcomes([client.exists("/d")]);

  expect(await opCodes(next, 1)).toEqual([OP.exists]);
  next.destroy();
  expect(await call).toEqual(["CONNECTION_LOSS"]);
});

test("calls that did not fit into the socket end with it and are never sent later", async () => {
  const { server, connection, client } = await connectedPair();
  connection.stopReading();
  const calls = outcomes(
    Array.from({ length: 40 }, (_, i) => client.setData(`/a${i}`, Buffer.alloc(400_000))),
  );

  connection.destroy();
  expect(await calls).toEqual(Array(40).fill("CONNECTION_LOSS"));
  const next = await reconnected(server);
  await stateOf(client, "connected");
  const call = outcomes([client.exists("/d")]);

  expect(await opCodes(next, 1)).toEqual([OP.exists]);
  next.destroy();
  await call;
});

test("however many attempts failed, credentials and watches are sent once, first, in order", async () => {
  const { server, connection, client } = await connectedPair();
  const auth = client.addAuth("digest", text("user:password"));
  connection.reply(await connection.nextRequest());
  await auth;
  const watched = client.exists("/a", () => {});
  connection.reply(await connection.nextRequest(), { error: NO_NODE });
  expect(await watched).toBeUndefined();

  client.onStateChange((state) => {
    if (state === "connected") client.getData("/a").catch(() => {});
  });
  connection.destroy();
  for (let i = 0; i < 5; i++) {
    const refused = await server.accept();
    await refused.nextHandshake();
    refused.destroy();
  }
  const next = await reconnected(server);

  expect(await opCodes(next, 3)).toEqual([OP.auth, OP.setWatches, OP.getData]);
  await eventually("a ping", () => (next.pings > 0 ? true : undefined));
  expect(next.waitingRequests).toBe(0);
});

test("watches are set again relative to the last zxid seen", async () => {
  const { server, connection, client } = await connectedPair();
  const watched = client.exists("/a", () => {});
  connection.reply(await connection.nextRequest(), { error: NO_NODE, zxid: 77n });
  await watched;
  for (const zxid of [0n, -1n, 5n]) {
    const call = outcomes([client.exists("/b")]);
    connection.reply(await connection.nextRequest(), { error: NO_NODE, zxid });
    await call;
  }

  connection.destroy();
  const next = await server.accept();
  const handshake = await next.answerHandshake({ id: SESSION_ID });
  const setWatches = new WireReader((await next.nextRequest()).body);

  expect(handshake.lastZxid).toBe(77n);
  expect(setWatches.long()).toBe(77n);
  const lists = [0, 1, 2].map(() => setWatches.vector((reader) => reader.string()));
  expect(lists).toEqual([[], ["/a"], []]);
});

test("a credential given during the handshake is sent, once", async () => {
  const server = await fixture.hostile();
  const connecting = fixture.connect(server.address, {
    auth: [{ scheme: "digest", credential: text("a:1") }],
  });
  const connection = await server.accept();
  await connection.answerHandshake();
  const client = await connecting;
  connection.reply(await connection.nextRequest());

  connection.destroy();
  const next = await server.accept();
  await next.nextHandshake();
  const auth = client.addAuth("digest", text("b:2"));
  next.send(handshakeReply({ id: SESSION_ID, timeoutMs: SESSION_TIMEOUT_MS }));
  expect(await opCodes(next, 2)).toEqual([OP.auth, OP.auth]);
  next.reply({ xid: -4 });
  next.reply({ xid: -4 });

  await auth;
});

test("a refused credential is told by name and ends the client", async () => {
  const { connection, client } = await connectedPair();
  const auth = outcomes([client.addAuth("digest", text("user:wrong"))]);
  const read = outcomes([client.getData("/a")]);
  await connection.nextRequest();

  connection.reply({ xid: -4 }, { error: AUTH_FAILED });

  expect(await auth).toEqual(["AUTH_FAILED"]);
  expect(await read).toEqual(["CONNECTION_LOSS"]);
  expect(client.state).toBe("closed");
  expect(await outcomes([client.getData("/a"), client.addAuth("digest", text("x:y"))])).toEqual([
    "AUTH_FAILED",
    "AUTH_FAILED",
  ]);
  await connection.ended;
});

test("pings go on under a stream of watch events", async () => {
  const { connection, client } = await connectedPair({ timeoutMs: 1_000 });
  const stream = setInterval(() => connection.send(watchEventFrame(3, "/a")), 10);

  await eventually("eight pings", () => (connection.pings >= 8 ? true : undefined));
  clearInterval(stream);

  expect(client.state).toBe("connected");
});

describe("the lease", () => {
  test("counts from when the answered request was sent, and is over without answers", async () => {
    const { connection, client } = await connectedPair({ timeoutMs: 1_500 });
    connection.isAlive = false;
    const sentAt = performance.now();
    const read = outcomes([client.getData("/a")]);
    const request = await connection.nextRequest();
    await new Promise((resolve) => setTimeout(resolve, 300));

    connection.reply(request, { error: NO_NODE });
    await read;
    expect(client.leaseRemainingMs()).toBeLessThanOrEqual(1_500 - (performance.now() - sentAt) + 5);
    expect(client.leaseRemainingMs()).toBeGreaterThan(0);

    await stateOf(client, "suspended");
    await eventually("the end of the lease", () =>
      client.leaseRemainingMs() === 0 ? true : undefined,
    );
    expect(client.state).toBe("suspended");
  });

  test("is renewed by pings alone", async () => {
    const { connection, client } = await connectedPair({ timeoutMs: 3_000 });
    const granted = client.leaseRemainingMs();
    const startedAt = performance.now();

    // Longer than one lease lasts.
    await eventually("some pings", () =>
      connection.pings >= 4 && performance.now() - startedAt > granted ? true : undefined,
    );
    expect(client.leaseRemainingMs()).toBeGreaterThan(0);
  });
});

describe("a session that a server has expired", () => {
  test("is over for good; watches get a last hint; calls are told", async () => {
    const { server, connection, client } = await connectedPair();
    const events: WatchEvent[] = [];
    const watched = client.exists("/a", (event) => events.push(event));
    connection.reply(await connection.nextRequest(), { error: NO_NODE });
    await watched;

    connection.destroy();
    const next = await server.accept();
    await next.nextHandshake();
    next.send(handshakeReply({ id: 0n, timeoutMs: 0 }));
    await stateOf(client, "expired");
    await next.ended;

    expect(client.leaseRemainingMs()).toBe(0);
    expect(events).toEqual([{ kind: "sessionEnded", path: "/a" }]);
    expect(await outcomes([client.getData("/a"), client.barrier()])).toEqual([
      "SESSION_EXPIRED",
      "SESSION_EXPIRED",
    ]);
    await client.close();
    expect(client.state).toBe("expired");
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(server.accepted).toBe(2);
  });
});

test("a session that servers refuse while they serve others is given up, not tried for ever", async () => {
  const { server, connection, client } = await connectedPair({ timeoutMs: 300 });
  const given: bigint[] = [];
  connection.destroy();

  const playing = (async () => {
    for (;;) {
      const next = await server.accept();
      const { sessionId } = await next.nextHandshake();
      given.push(sessionId);
      if (sessionId === SESSION_ID) next.destroy();
      else next.send(handshakeReply({ id: 99n, timeoutMs: 300 }));
    }
  })();
  playing.catch(() => {});
  await stateOf(client, "expired");

  expect(given.filter((id) => id === SESSION_ID).length).toBeGreaterThanOrEqual(3);
  expect(given.filter((id) => id === 0n)).toHaveLength(1);
});

test("a session that servers refuse while they serve nobody is kept", async () => {
  const { server, connection, client } = await connectedPair({ timeoutMs: 300 });
  connection.destroy();

  // The second newcomer is the next question: the first one's answer has been drawn upon.
  let newcomers = 0;
  while (newcomers < 2) {
    const next = await server.accept();
    if ((await next.nextHandshake()).sessionId === 0n) newcomers += 1;
    next.destroy();
  }
  expect(client.leaseRemainingMs()).toBe(0);
  expect(client.state).toBe("suspended");
});

describe("close", () => {
  /** Bounded like the client promises, with room for a slow machine. */
  async function closedInTime(close: () => Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(() => resolve("late"), WAIT_MS_MAX / 3);
    });
    expect(await Promise.race([close().then(() => "closed"), late])).toBe("closed");
    clearTimeout(timer);
  }

  test("while connected ends the session and the calls under way", async () => {
    const { connection, client } = await connectedPair();
    const read = outcomes([client.getData("/a")]);
    await connection.nextRequest();

    await closedInTime(() => client.close());
    await connection.ended;

    expect(connection.closedSession).toBe(true);
    expect(await read).toEqual(["CONNECTION_LOSS"]);
    expect(await outcomes([client.getData("/a")])).toEqual(["CLIENT_CLOSED"]);
    expect([client.state, client.leaseRemainingMs()]).toEqual(["closed", 0]);
  });

  test("of a server that does not answer ends all the same", async () => {
    const { connection, client } = await connectedPair();
    connection.isAlive = false;

    await closedInTime(() => client.close());
    await connection.ended;
  });

  test("of a server that does not even read ends all the same", async () => {
    const { connection, client } = await connectedPair();
    connection.stopReading();
    const calls = outcomes(
      Array.from({ length: 40 }, (_, i) => client.setData(`/a${i}`, Buffer.alloc(400_000))),
    );

    await closedInTime(() => client.close());

    expect(await calls).toEqual(Array(40).fill("CONNECTION_LOSS"));
  });

  test("while suspended still ends the session when a server comes back in time", async () => {
    const { server, connection, client } = await connectedPair();
    connection.destroy();
    await stateOf(client, "suspended");

    const closing = closedInTime(() => client.close());
    const next = await reconnected(server);
    await closing;

    expect(client.state).toBe("closed");
    expect(next.closedSession).toBe(true);
  });

  test("while suspended ends without a server", async () => {
    const { server, connection, client } = await connectedPair();
    await server.close();
    connection.destroy();
    await stateOf(client, "suspended");

    await closedInTime(() => client.close());
  });

  test("during a handshake ends the session that the handshake brings", async () => {
    const { server, connection, client } = await connectedPair();
    connection.destroy();
    const next = await server.accept();
    await next.nextHandshake();

    const closing = closedInTime(() => client.close());
    next.send(handshakeReply({ id: SESSION_ID, timeoutMs: 2_000 }));
    await closing;

    expect(next.closedSession).toBe(true);
  });

  test("from within a state listener, in every state, is safe", async () => {
    for (const closeIn of ["suspended", "connected"] as const) {
      const { server, connection, client } = await connectedPair();
      client.onStateChange((state) => {
        if (state === closeIn) client.close().catch(() => {});
      });

      connection.destroy();
      await reconnected(server);
      await stateOf(client, "closed");
      await closedInTime(() => client.close());
    }
  });

  test("twice is once", async () => {
    const { connection, client } = await connectedPair();
    const states: SessionState[] = [];
    client.onStateChange((state) => states.push(state));

    await Promise.all([client.close(), client.close()]);
    await client.close();

    expect(states).toEqual(["closed"]);
    expect(connection.closedSession).toBe(true);
  });
});

describe("what is refused before it is sent", () => {
  test.each(["", "a", "/a/", "/a//b", "/a/../b", "/a\u0000"])("the path %j", async (path) => {
    const { connection, client } = await connectedPair();

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
    const { connection, client } = await connectedPair();
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
    const { client } = await connectedPair();

    expect(await outcomes([client.setData("/a", text(""), 2 ** 31)])).toEqual(["BAD_ARGUMENTS"]);
  });
});

test("an unreadable connect string is refused by name", async () => {
  await expect(
    connectZooKeeper(
      { connectString: "[::1]:2181", sessionTimeoutMs: 1, connectTimeoutMs: 1 },
      DEPENDENCIES,
    ),
  ).rejects.toMatchObject({ code: "INVALID_CONNECT_STRING" });
});

describe("a session that is refused when its lease is over", () => {
  /** A server that hangs up on whoever `welcomes` does not want; its new sessions are numbered. */
  async function refusing(welcomes: (handshake: { isNew: boolean; refused: number }) => boolean) {
    const server = await fixture.hostile();
    const opening = fixture.connect(server.address);
    const first = await server.accept();
    await first.answerHandshake({ id: 1n, timeoutMs: 300 });
    const client = await opening;
    first.destroy();
    const guests: HostileConnection[] = [];
    let refused = 0;
    const answer = async (connection: HostileConnection): Promise<void> => {
      const { sessionId } = await connection.nextHandshake();
      const isNew = sessionId === 0n;
      if (!welcomes({ isNew, refused })) {
        refused += isNew ? 0 : 1;
        connection.destroy();
        return;
      }
      // The guest keeps its connection however slow the machine is.
      const granted = isNew ? { id: 2n, timeoutMs: 30_000 } : { id: sessionId, timeoutMs: 300 };
      connection.send(handshakeReply(granted));
      if (isNew) guests.push(connection);
    };
    const serve = async (): Promise<void> => {
      for (;;) await answer(await server.accept());
    };
    // It waits for connections until the test is over.
    serve().catch(() => {});
    await stateOf(client, "suspended");
    return { client, guests };
  }

  test("is given up while the same server serves a new one", async () => {
    const { client, guests } = await refusing(({ isNew }) => isNew);

    await stateOf(client, "expired");

    await eventually("a goodbye", () => guests.every((one) => one.closedSession) || undefined);
    expect(guests).toHaveLength(1);
  });

  test("lives on when the quorum came back right before it asked whether others are served", async () => {
    let isBack = false;
    const { client } = await refusing(({ isNew, refused }) => {
      isBack ||= isNew && refused > 0;
      return isBack;
    });
    const states: SessionState[] = [];
    client.onStateChange((state) => states.push(state));

    await stateOf(client, "connected");

    expect(states).toEqual(["connected"]);
    expect(client.sessionId).toBe("0000000000000001");
  });

  test("proves nothing when the new one loses its connection meanwhile", async () => {
    let granted = 0;
    const { client, guests } = await refusing(({ isNew }) => {
      if (!isNew) {
        // The quorum is gone again for the one as for the other.
        for (const guest of guests) guest.destroy();
        return granted >= 3;
      }
      granted += 1;
      return true;
    });

    await stateOf(client, "connected");

    expect(client.sessionId).toBe("0000000000000001");
  });
});
