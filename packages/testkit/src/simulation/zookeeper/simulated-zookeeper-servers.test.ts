import { bytes, EnsembleWorld, textOf } from "./ensemble.fixture.ts";
import type { AppliedWrite } from "./ensemble-ports.ts";

async function busyWorld(seed: number): Promise<string> {
  const world = new EnsembleWorld(seed);
  const { zk } = await world.client("a");
  await world.outcome(zk.create("/a", bytes("0")));
  for (let i = 1; i <= 5; i++) await world.outcome(zk.setData("/a", bytes(`${i}`)));
  world.zookeeper.loseQuorum();
  await world.pass(500);
  world.zookeeper.heal();
  await world.until(() => zk.state === "connected");
  return world.trace.hash;
}

test("the same seed makes the same world, another seed another", async () => {
  const hash = await busyWorld(7);

  expect(await busyWorld(7)).toBe(hash);
  expect(await busyWorld(8)).not.toBe(hash);
});

test("a client reads its own writes, on whichever server it is", async () => {
  const world = new EnsembleWorld();
  for (const { name } of world.zookeeper.servers) {
    const { zk } = await world.client(`at ${name}`, [name]);
    await world.outcome(zk.create(`/${name}`, bytes("mine")));
    expect(await world.outcome(textOf(zk, `/${name}`))).toBe("mine");
  }
});

test("each follower acknowledges a write, and not that it is committed", async () => {
  const world = new EnsembleWorld();
  const leader = await world.leader();
  const { zk } = await world.client("a", [leader.name]);
  const isAck = ({ actor, kind }: { readonly actor: string; readonly kind: string }): boolean =>
    actor === leader.name && kind === "ack";
  const acks = (): number => world.trace.newest().filter(isAck).length;
  const before = acks();

  await world.outcome(zk.create("/a", bytes("")));
  await world.pass(20);

  expect(acks() - before).toBe(2);
});

test("a connection lost before a write leaves it undone, and the session goes on", async () => {
  const world = new EnsembleWorld();
  const { zk } = await world.client("a");
  const { sessionId } = zk;
  world.zookeeper.failNext({ when: "beforeApply", matches: ({ paths }) => paths[0] === "/b" });

  await world.outcome(zk.create("/a", bytes("")));
  await expect(world.outcome(zk.create("/b", bytes("")))).rejects.toMatchObject({
    code: "CONNECTION_LOSS",
  });
  await world.until(() => zk.state === "connected");

  expect(zk.sessionId).toBe(sessionId);
  expect(await world.outcome(zk.exists("/b"))).toBeUndefined();
  expect(world.zookeeper.pendingFaults).toBe(0);
});

test("a connection lost after a write leaves it done", async () => {
  const world = new EnsembleWorld();
  const { zk } = await world.client("a");
  world.zookeeper.failNext({ when: "afterApply", matches: ({ client }) => client === "a" });

  await expect(world.outcome(zk.create("/a", bytes("done")))).rejects.toMatchObject({
    code: "CONNECTION_LOSS",
  });
  await world.until(() => zk.state === "connected");

  expect(await world.outcome(textOf(zk, "/a"))).toBe("done");
});

test("a server that has lost answers of the leader does not keep its clients for long", async () => {
  const world = new EnsembleWorld();
  const [follower] = await world.followers();
  const leader = await world.leader();
  const { zk } = await world.client("a", [follower.name]);

  // What the server forwards of its pings is answered, and the answer lost.
  await world.pass(1_000);
  world.network.clog(leader.name, follower.name);
  await world.pass(2_500);
  world.network.unclog(leader.name, follower.name, "isLost");
  await world.pass(20_000);

  expect(zk.state).toBe("connected");
  expect(await world.outcome(zk.create("/next", bytes("")), 1_000)).toBe("/next");
});

test("a session that is ended by the servers is over for its client, and its ephemerals go", async () => {
  const world = new EnsembleWorld();
  const [{ zk }, other] = [await world.client("a"), await world.client("b")];
  await world.outcome(zk.create("/a", bytes(""), { mode: "ephemeral" }));
  await world.outcome(other.zk.barrier());
  const seen: string[] = [];
  await world.outcome(other.zk.exists("/a", ({ kind }) => seen.push(kind)));

  world.zookeeper.expire(zk.sessionId ?? "");
  await world.until(() => zk.state === "expired");

  await world.pass(100);
  expect(seen).toEqual(["deleted"]);
  expect(other.zk.state).toBe("connected");
});

test("a client of a follower that only reads, and so has no need to ping, keeps its session", async () => {
  const world = new EnsembleWorld();
  const leader = await world.leader();
  const follower = world.zookeeper.servers.find((server) => server !== leader);
  const { zk } = await world.client("a", [follower?.name ?? ""]);

  // Three sessions long.
  for (let read = 0; read < 90; read++) {
    await world.outcome(zk.exists("/"));
    await world.pass(200);
  }

  expect(zk.state).toBe("connected");
});

test.each(["process", "power"] as const)(
  "the ephemerals of a client without its %s stay until its session is over",
  async (kind) => {
    const world = new EnsembleWorld();
    const { zk, process } = await world.client("a");
    await world.outcome(zk.create("/a", bytes(""), { mode: "ephemeral" }));

    process.kill();
    world.zookeeper.cut(process, kind);
    await world.pass(4_000);
    expect(world.zookeeper.tree?.get("/a")).toBeDefined();
    await world.pass(6_000);

    expect(world.zookeeper.tree?.get("/a")).toBeUndefined();
  },
);

test.each(["process", "power"] as const)(
  "when the leader loses its %s another one leads with everything acknowledged",
  async (kind) => {
    const world = new EnsembleWorld();
    const { zk } = await world.client("a");
    const { sessionId } = zk;
    await world.outcome(zk.create("/a", bytes("kept")));
    const leader = await world.leader();

    leader.stop(kind);
    await world.until(() => ![undefined, leader].includes(world.zookeeper.leader));
    await world.until(() => zk.state === "connected");
    await world.outcome(zk.barrier());

    expect(await world.outcome(textOf(zk, "/a"))).toBe("kept");
    expect(zk.sessionId).toBe(sessionId);
    leader.start();
    await world.until(() => leader.role === "following" && leader.isServing);
    expect(leader.replica.tree.get("/a")).toBeDefined();
  },
);

test("without a quorum nobody is served, and no session ends", async () => {
  const world = new EnsembleWorld();
  const { zk } = await world.client("a");
  const { sessionId } = zk;
  await world.outcome(zk.create("/a", bytes(""), { mode: "ephemeral" }));

  world.zookeeper.loseQuorum();
  await world.pass(30_000);
  expect(zk.state).toBe("suspended");
  world.zookeeper.heal();
  await world.until(() => zk.state === "connected");

  expect(zk.sessionId).toBe(sessionId);
  expect((await world.outcome(zk.exists("/a")))?.ephemeralOwner).toBe(sessionId);
});

test("a slow follower answers with what was, and tells its watchers late, until a barrier", async () => {
  const world = new EnsembleWorld();
  const [slow, quick] = await world.followers();
  const writer = await world.client("writer", [quick.name]);
  const reader = await world.client("reader", [slow.name]);
  await world.outcome(writer.zk.create("/a", bytes("old")));
  await world.outcome(reader.zk.barrier());
  const seen: string[] = [];
  await world.outcome(reader.zk.getData("/a", ({ kind }) => seen.push(kind)));

  slow.applyDelayMs = 1_000;
  await world.outcome(writer.zk.setData("/a", bytes("new")));
  expect(await world.outcome(textOf(reader.zk, "/a"))).toBe("old");
  expect(seen).toEqual([]);
  await world.outcome(reader.zk.barrier());

  expect(seen).toEqual(["dataChanged"]);
  expect(await world.outcome(textOf(reader.zk, "/a"))).toBe("new");
});

test("a follower that is behind does not take a client that has seen more", async () => {
  const world = new EnsembleWorld();
  const [one, two] = await world.followers();
  const { zk } = await world.client("a", [one.name, two.name]);
  const home = world.zookeeper.serverOf("a");
  const slow = home === one ? two : one;
  slow.applyDelayMs = 3_000;
  await world.outcome(zk.create("/a", bytes("")));
  const createdAt = world.schedule.nowMs;

  home?.stop("process");
  await world.until(() => zk.state === "suspended");
  await world.until(() => zk.state === "connected");

  expect(world.schedule.nowMs - createdAt).toBeGreaterThan(2_900);
  expect(await world.outcome(zk.exists("/a"))).toBeDefined();
});

test("a client that is paused hears nothing before it goes on", async () => {
  const world = new EnsembleWorld();
  const { zk, process } = await world.client("a");
  let isAnswered = false;
  const writing = zk.create("/a", bytes("")).finally(() => {
    isAnswered = true;
  });

  process.pause();
  await world.pass(1_000);
  expect(world.zookeeper.tree?.get("/a")).toBeDefined();
  expect(isAnswered).toBe(false);
  process.resume();

  expect(await world.outcome(writing)).toBe("/a");
  expect(zk.state).toBe("connected");
});

test("a client that was paused for longer than its session is told so", async () => {
  const world = new EnsembleWorld();
  const { zk, process } = await world.client("a");

  process.pause();
  await world.pass(20_000);
  process.resume();

  await world.until(() => zk.state === "expired");
});

test("a client that no longer hears its server moves its session to another one", async () => {
  const world = new EnsembleWorld();
  await world.followers();
  const { zk } = await world.client("a");
  const { sessionId } = zk;
  const home = world.zookeeper.serverOf("a");

  world.network.clog(home?.name ?? "", "a");
  await world.until(() => zk.state === "suspended", 6_000);
  await world.until(() => zk.state === "connected", 6_000);

  expect(zk.sessionId).toBe(sessionId);
  expect(world.zookeeper.serverOf("a")).not.toBe(home);
});

test("a leader without followers commits nothing, and forgets what it could not", async () => {
  const world = new EnsembleWorld();
  const old = await world.leader();
  const { zk } = await world.client("a", [old.name]);
  await world.outcome(zk.create("/kept", bytes("")));
  world.cutOff(old.name);

  await expect(world.outcome(zk.create("/lost", bytes("")))).rejects.toMatchObject({
    code: "CONNECTION_LOSS",
  });
  await world.until(() => ![undefined, old].includes(world.zookeeper.leader));
  world.network.heal();
  await world.until(() => old.role === "following" && zk.state === "connected");

  expect(await world.outcome(zk.exists("/kept"))).toBeDefined();
  expect(await world.outcome(zk.exists("/lost"))).toBeUndefined();
});

test.each([0, 1] as const)(
  "a server that was cut off does not lead before one that has more, follower %i",
  async (which) => {
    const world = new EnsembleWorld();
    const behind = (await world.followers())[which];
    const leader = await world.leader();
    const { zk } = await world.client("a", [leader.name]);
    world.cutOff(behind.name);
    await world.until(() => behind.role === "looking");
    await world.outcome(zk.create("/a", bytes("")));

    world.comeBack(behind.name);
    leader.stop("power");
    const reader = await world.client("b");
    await world.outcome(reader.zk.barrier());

    expect(await world.outcome(reader.zk.exists("/a"))).toBeDefined();
  },
);

test("every transaction is told once, in order, over changes of the leader", async () => {
  const world = new EnsembleWorld(3);
  const writes: AppliedWrite[] = [];
  world.zookeeper.onWrite((write) => writes.push(write));
  const { zk } = await world.client("a");
  for (let i = 0; i < 3; i++) {
    await world.outcome(zk.create(`/${i}`, bytes("")));
    (await world.leader()).stop("power");
    await world.until(() => world.zookeeper.leader !== undefined);
    world.zookeeper.heal();
    await world.until(() => zk.state === "connected");
  }

  expect(writes.map(({ index }) => index)).toEqual(writes.map((_, index) => index));
  const zxids = writes.map(({ logged }) => logged.zxid);
  expect(zxids).toEqual([...zxids].sort((a, b) => a - b));
  const created = writes.flatMap(({ logged: { transaction } }) =>
    transaction.type === "create" ? [transaction.path] : [],
  );
  expect(created).toEqual(["/0", "/1", "/2"]);
});

test("a transaction is told with the session that asked for it, if one did", async () => {
  const world = new EnsembleWorld();
  const asked = new Map<string, string>();
  world.zookeeper.onWrite(({ logged: { transaction }, sessionId }) => {
    const what = transaction.type === "create" ? transaction.path : transaction.type;
    asked.set(what, sessionId?.toString(16).padStart(16, "0") ?? "nobody");
  });
  const a = await world.client("a");
  const b = await world.client("b");
  await world.outcome(
    Promise.all([a.zk.create("/of-a", bytes("")), b.zk.create("/of-b", bytes(""))]),
  );
  world.zookeeper.cut(a.process, "power");
  a.process.kill();
  await world.until(() => asked.has("closeSession"));

  expect(Object.fromEntries(asked)).toEqual({
    createSession: "nobody",
    "/of-a": a.zk.sessionId,
    "/of-b": b.zk.sessionId,
    closeSession: "nobody",
  });
});
