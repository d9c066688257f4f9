/** How the adapter comes to a first session, and what it tells when there is none. */
import { createServer } from "node:net";
import { type Logger, silentLogger } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import { connectZooKeeper, type SessionState } from "@zoolog/zookeeper";
import {
  AdapterFixture,
  DEPENDENCIES,
  eventually,
  outcomes,
  SESSION_ID,
  SESSION_TIMEOUT_MS,
  stateOf,
  WAIT_MS_MAX,
} from "./adapter-fixture.ts";

let fixture: AdapterFixture;
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(() => fixture.close());

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

test("a connect that takes longer says once what it waits for, and why", async () => {
  const silent = await fixture.hostile();
  const time = new ManualTime();
  const abort = new AbortController();
  const warnings: unknown[] = [];
  const warn: Logger["warn"] = (event, fields) => {
    if (event === "zookeeper awaited, no session yet") warnings.push(fields);
  };
  const options = { connectTimeoutMs: 15_000, signal: abort.signal };
  const logger = { ...silentLogger, warn };
  const { scheduler } = time;
  const connecting = fixture.connect(silent.address, options, { scheduler, logger });
  connecting.catch(() => {});

  time.advance(1_999);
  const before = [...warnings];
  time.advance(1);
  const fields = { connectString: silent.address, reason: "no answer", givenUpAfterMs: 15_000 };
  const after = [...warnings];
  abort.abort(new Error("seen"));
  await expect(connecting).rejects.toThrow("seen");

  expect(before).toEqual([]);
  expect(after).toEqual([fields]);
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

test("an unreadable connect string is refused by name", async () => {
  await expect(
    connectZooKeeper(
      { connectString: "[::1]:2181", sessionTimeoutMs: 1, connectTimeoutMs: 1 },
      DEPENDENCIES,
    ),
  ).rejects.toMatchObject({ code: "INVALID_CONNECT_STRING" });
});
