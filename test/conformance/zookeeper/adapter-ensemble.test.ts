/** The adapter against a real ensemble of three whose servers freeze, die and lose their quorum. */
import { deferred, silentLogger } from "@zoolog/base";
import { fourLetterWord, startZooKeeperEnsemble, type ZooKeeperEnsemble } from "@zoolog/testkit";
import type { SessionState, ZooKeeperClient } from "@zoolog/zookeeper";
import { AdapterFixture, eventually, outcomes, stateOf, text } from "./adapter-fixture.ts";

let ensemble: ZooKeeperEnsemble;
let fixture: AdapterFixture;
beforeAll(async () => {
  ensemble = await startZooKeeperEnsemble({ servers: 3, tickTimeMs: 500 });
});
afterAll(() => ensemble.close());
beforeEach(() => {
  fixture = new AdapterFixture();
});
afterEach(async () => {
  await fixture.close();
  for (let server = 0; server < ensemble.size; server++) ensemble.resume(server);
  await ensemble.ready();
});

async function attachedTo(client: ZooKeeperClient): Promise<number> {
  return eventually("the client's server", async () => {
    for (let server = 0; server < ensemble.size; server++) {
      const connections = await fourLetterWord({ port: ensemble.port(server) }, "cons");
      if (connections.includes(`sid=0x${client.sessionId?.replace(/^0+/, "")}`)) return server;
    }
    return undefined;
  });
}

test("a frozen server is left for another; session and ephemeral stay, nothing is uncaught", async () => {
  const client = await fixture.connect(ensemble.connectString, { sessionTimeoutMs: 3_000 });
  await client.create("/frozen", text(""), { mode: "ephemeral" });
  const { sessionId } = client;
  const server = await attachedTo(client);
  const states: SessionState[] = [];
  client.onStateChange((state) => states.push(state));

  ensemble.pause(server);
  const calls = outcomes([client.setData("/frozen", text("x")), client.getData("/frozen")]);
  await stateOf(client, "suspended");
  await stateOf(client, "connected");
  await client.barrier();

  expect(await calls).toEqual(["CONNECTION_LOSS", "CONNECTION_LOSS"]);
  expect(states[0]).toBe("suspended");
  expect(states.at(-1)).toBe("connected");
  expect((await client.exists("/frozen"))?.ephemeralOwner).toBe(sessionId);
});

test("a killed leader costs a reconnect, not the session", async () => {
  const client = await fixture.connect(ensemble.connectString, { sessionTimeoutMs: 8_000 });
  await client.create("/killed", text(""), { mode: "ephemeral" });
  const { sessionId } = client;
  const leader = (await ensemble.leader())!;

  await ensemble.kill(leader);
  const answered = await eventually("an answered write", async () => {
    const [end] = await outcomes([client.setData("/killed", text("x"))]);
    return end === "ok" ? true : undefined;
  });
  expect(answered).toBe(true);
  expect((await client.exists("/killed"))?.ephemeralOwner).toBe(sessionId);
  await ensemble.restart(leader);
});

test("without a quorum calls end, the session is kept, and goes on when the quorum is back", async () => {
  const client = await fixture.connect(ensemble.connectString, { sessionTimeoutMs: 10_000 });
  await client.create("/quorum", text(""), { mode: "ephemeral" });
  const { sessionId } = client;
  const server = await attachedTo(client);
  const others = [0, 1, 2].filter((other) => other !== server);

  for (const other of others) await ensemble.kill(other);
  await stateOf(client, "suspended");
  expect(await outcomes([client.setData("/quorum", text("late"))])).toEqual(["CONNECTION_LOSS"]);
  for (const other of others) ensemble.start(other);
  await ensemble.ready();
  await stateOf(client, "connected");
  await client.barrier();

  expect(client.sessionId).toBe(sessionId);
  const { data, stat } = await client.getData("/quorum");
  expect([Buffer.from(data).toString(), stat.version]).toEqual(["", 0]);
});

test("sessions whose lease ran out without a quorum live on when it is back", async () => {
  let questions = 0;
  const debug = (message: string): void => {
    if (message === "zookeeper session not given up") questions += 1;
  };
  const logger = { ...silentLogger, debug };
  const clients = await Promise.all(
    Array.from({ length: 8 }, () =>
      fixture.connect(ensemble.connectString, { sessionTimeoutMs: 1_000 }, { logger }),
    ),
  );
  const before = clients.map(({ sessionId }) => sessionId);

  // One stays and hangs up on everybody, until sessions ask whether others are served.
  for (const server of [0, 1]) await ensemble.kill(server);
  await eventually("questions", () => (questions >= 2 * clients.length ? true : undefined));
  for (const server of [0, 1]) ensemble.start(server);
  await ensemble.ready();

  const states = clients.map(async (client) => {
    await eventually("an end", () => (client.state === "suspended" ? undefined : true));
    return [client.state, client.sessionId];
  });
  expect(await Promise.all(states)).toEqual(before.map((sessionId) => ["connected", sessionId]));
});

test("every server restarted one after the other: the session lives, watches too", async () => {
  const client = await fixture.connect(ensemble.connectString, { sessionTimeoutMs: 10_000 });
  const observer = await fixture.connect(ensemble.connectString, { sessionTimeoutMs: 10_000 });
  await client.create("/rolling", text(""));
  const { sessionId } = client;
  const changed = deferred<string>();
  await client.getData("/rolling", (event) => changed.resolve(event.kind));

  for (let server = 0; server < ensemble.size; server++) await ensemble.restart(server);
  await stateOf(client, "connected");
  await eventually("a write", async () => {
    const [end] = await outcomes([observer.setData("/rolling", text("x"))]);
    return end === "ok" ? true : undefined;
  });

  expect(await changed.promise).toBe("dataChanged");
  expect(client.sessionId).toBe(sessionId);
});
