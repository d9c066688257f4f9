/** Sessions that act at the same time: what each sees of its own is the same with both servers. */
import { seededRandom, WirePeer, wireRequests } from "@zoolog/testkit";
import { BACKENDS, EMBEDDED_SERVER, REAL_ZOOKEEPER, type RunningBackend } from "./backends.ts";
import { difference } from "./comparison.ts";
import { isZxid, type Observation } from "./observation.ts";
import { RandomSteps } from "./random-steps.ts";
import type { Call, Step } from "./step.ts";
import { World } from "./world.ts";
import { ZxidOrder } from "./zxid-order.ts";

const SESSIONS = 6;
const STEPS_PER_SESSION = Math.ceil(Number(process.env["ZOOKEEPER_STEPS"] ?? 8_500) / 40);

/** The step, moved below a root of the session's own; sessions then cannot touch each other. */
function below(root: string, call: Call): Call {
  if (call.op === "multi" || call.op === "multiRead") {
    return { ...call, parts: call.parts.map((part) => below(root, part)) };
  }
  if (!("path" in call)) return call;
  return { ...call, path: call.path === "/" ? root : `${root}${call.path}` };
}

/** Zxids of sessions that act at once come in any order. */
function withoutZxids(observation: Observation): Observation {
  if (isZxid(observation)) return null;
  if (Array.isArray(observation)) return observation.map(withoutZxids);
  if (typeof observation !== "object" || observation === null) return observation;
  return Object.fromEntries(
    Object.entries(observation).map(([field, value]) => [field, withoutZxids(value)]),
  );
}

test("sessions below roots of their own see the same, however they interleave", async () => {
  const servers = await Promise.all([REAL_ZOOKEEPER.start(), EMBEDDED_SERVER.start()]);
  const seed = Number(process.env["FC_SEED"] ?? Date.now() % 1_000_000_007);
  const worlds = servers.map((server) => new World(server));

  const told = await Promise.all(
    worlds.map(async (world) => {
      const names = Array.from({ length: SESSIONS }, (_, i) => `s${i}`);
      for (const session of names) {
        await world.perform({ do: "open", session, kind: "wire" });
        await world.perform({
          do: "call",
          session,
          calls: [{ op: "create", path: `/${session}` }],
        });
      }
      return Promise.all(names.map((session, i) => story(world, session, seed + i)));
    }),
  );

  const found = difference(withoutZxids(told[0]!), withoutZxids(told[1]!), new ZxidOrder());
  await Promise.all(worlds.map((world) => world.dispose()));
  await Promise.all(servers.map((server) => server.close()));
  if (found !== undefined) throw new Error(`FC_SEED=${seed}: the servers differ at ${found}`);
}, 300_000);

async function story(world: World, session: string, seed: number): Promise<Observation> {
  const steps = new RandomSteps(seededRandom(seed));
  const seen: Observation[] = [];
  while (seen.length < STEPS_PER_SESSION) {
    const step: Step = steps.next();
    if (step.do !== "call" || !step.session.startsWith("w")) continue;
    const calls = step.calls.map((call) => below(`/${session}`, call));
    seen.push(await world.perform({ do: "call", session, calls }));
  }
  return seen;
}

describe.each(BACKENDS)("$name", (backend) => {
  let server: RunningBackend;
  beforeAll(async () => {
    server = await backend.start();
  });
  afterAll(() => server.close());

  test("of writers that compare and set at once, one wins each version", async () => {
    const peers = await Promise.all(
      Array.from({ length: 8 }, () => WirePeer.open({ port: server.port })),
    );
    await peers[0]!.call(wireRequests.create("/counter", { data: "" }));
    const won: number[] = [];

    await Promise.all(
      peers.map(async (peer) => {
        for (let version = 0; version < 60; version++) {
          const reply = await peer.call(wireRequests.setData("/counter", "x", version));
          if (reply?.error === 0) won.push(version);
        }
      }),
    );

    const versions = Array.from({ length: 60 }, (_, version) => version);
    expect([...won].sort((a, b) => a - b)).toEqual(versions.slice(0, won.length));
    expect(new Set(won).size).toBe(won.length);
    await Promise.all(peers.map((peer) => peer.call(wireRequests.closeSession())));
  });

  test("sequential names of many writers at once have no gap and no twin", async () => {
    const peers = await Promise.all(
      Array.from({ length: 6 }, () => WirePeer.open({ port: server.port })),
    );
    await peers[0]!.call(wireRequests.create("/line"));

    const replies = await Promise.all(
      peers.flatMap((peer) =>
        Array.from({ length: 40 }, () => peer.call(wireRequests.create("/line/n-", { flags: 2 }))),
      ),
    );

    const names = replies.map((reply) => reply?.body.string());
    const expected = Array.from({ length: 240 }, (_, i) => `/line/n-${`${i}`.padStart(10, "0")}`);
    expect(names.sort()).toEqual(expected);
    await Promise.all(peers.map((peer) => peer.call(wireRequests.closeSession())));
  });
});
