import type { Random } from "@zoolog/base";
import { bytes, EnsembleWorld } from "./ensemble.fixture.ts";

const SEEDS = Array.from({ length: 20 }, (_, index) => index + 1);

function disturb(world: EnsembleWorld, random: Random): void {
  const { servers } = world.zookeeper;
  const server = servers[Math.floor(random.next() * servers.length)];
  if (server === undefined) return;
  const kind = random.next() < 0.5 ? "process" : "power";
  const faults: readonly (() => void)[] = [
    () => server.stop(kind),
    () => server.start(),
    () => server.process?.pause(),
    () => server.process?.resume(),
    () => world.cutOff(server.name),
    () => world.network.clog(server.name, "writer"),
    () => world.network.heal(),
    () => world.zookeeper.failNext({ when: "beforeApply" }),
    () => world.zookeeper.failNext({ when: "afterApply" }),
    () => world.zookeeper.heal(),
    () => {
      server.applyDelayMs = 2_000 * random.next();
    },
  ];
  faults[Math.floor(random.next() * faults.length)]?.();
}

/** Creates one name after the other; answers what was acknowledged and what may have been done. */
async function write(world: EnsembleWorld, rounds: number) {
  const acknowledged: string[] = [];
  const unknown: string[] = [];
  let { zk } = await world.client("writer");
  const random = world.random.of("nemesis");
  for (let round = 0; round < rounds; round++) {
    if (random.next() < 0.3) disturb(world, random);
    if (zk.state === "expired") {
      const opened = await world.client("writer").catch(() => undefined);
      zk = opened?.zk ?? zk;
    } else if (zk.state !== "connected") {
      await world.pass(400);
    }
    if (zk.state !== "connected") continue;
    const name = `n${round}`;
    await world.outcome(zk.create(`/${name}`, bytes(""))).then(
      () => acknowledged.push(name),
      () => unknown.push(name),
    );
  }
  return { acknowledged, unknown };
}

async function run(seed: number) {
  const world = new EnsembleWorld(seed);
  const { acknowledged, unknown } = await write(world, 120);
  world.zookeeper.heal();
  world.network.heal();
  const leader = await world.leader();
  const { zk } = await world.client("reader");
  await world.outcome(zk.barrier());
  await world.pass(3_000);
  const { names } = await world.outcome(zk.getChildren("/"));
  const found = names.filter((name) => name.startsWith("n"));
  const replicas = world.zookeeper.servers.map(({ replica }) => [
    ...[replica.applied, replica.tree.znodeCount, replica.zxid === leader.replica.zxid],
  ]);
  return { acknowledged, unknown, found, replicas, hash: world.trace.hash };
}

test.each(SEEDS)("what is acknowledged survives all faults of servers, seed %i", async (seed) => {
  const { acknowledged, unknown, found, replicas } = await run(seed);

  expect(found).toEqual(expect.arrayContaining(acknowledged));
  expect([...acknowledged, ...unknown]).toEqual(expect.arrayContaining(found));
  expect(acknowledged.length).toBeGreaterThan(0);
  expect(new Set(replicas.map((replica) => JSON.stringify(replica))).size).toBe(1);
});

test("faults are the same for the same seed", async () => {
  expect((await run(5)).hash).toBe((await run(5)).hash);
});
