import { World } from "../world/world.ts";
import { Budget, type Tolerance } from "./budget.ts";
import { ClusterView } from "./cluster-view.ts";
import { Disturbances } from "./disturbances.ts";

const PATIENCE_MS = 30_000;

/** Three brokers in sync for one topic, and calm. */
async function cluster(flush: Tolerance["flush"]) {
  const settings = { "min.insync.replicas": 2, "log.flush": flush };
  const world = new World({ seed: 1, settings });
  const view = new ClusterView(world);
  const disturbances = new Disturbances(world);
  const budget = new Budget({ flush, mayLose: false }, { world, view, disturbances });
  const { client } = world.client("admin");
  await world.outcome(Promise.all(world.hosts.map((host) => host.start())));
  await world.outcome(
    client.admin.createTopic({ topic: "t", partitions: 1, replicationFactor: 3 }),
  );
  const [first, second, third] = world.hosts;
  if (first === undefined || second === undefined || third === undefined) throw new RangeError();
  return { world, view, budget, disturbances, hosts: [first, second, third] as const };
}

async function pass(world: World, ms: number): Promise<void> {
  await world.schedule.run({ atMs: world.schedule.nowMs + ms });
}

test("the power of one host may be cut while another one has everything", async () => {
  const { budget, hosts } = await cluster("os");

  expect(hosts.map((host) => budget.mayCutPower([host]))).toEqual([true, true, true]);
  expect(budget.mayCutPower(hosts)).toBe(false);
});

test("the last sound copy is not taken before another one is made good", async () => {
  const { budget, hosts, world } = await cluster("os");
  const [first, second, third] = hosts;

  for (const host of [first, second]) {
    budget.noteLostPower(host);
    host.crash("power");
  }
  expect(budget.mayCutPower([third])).toBe(false);

  await world.outcome(Promise.all([first.start(), second.start()]));
  // The ISR names their former lives until it is written anew.
  const isMadeGood = () => budget.mayCutPower([third]);
  await world.schedule.run({ atMs: world.schedule.nowMs + PATIENCE_MS, isDone: isMadeGood });
  expect(isMadeGood()).toBe(true);
});

test("who is out of reach, or was a moment ago, counts for nothing", async () => {
  const { budget, disturbances, hosts, world } = await cluster("os");
  const [first, second, third] = hosts;
  const isOver = disturbances.begin([second.name, third.name]);

  expect(budget.mayCutPower([first])).toBe(false);
  isOver();
  expect(budget.mayCutPower([first])).toBe(false);
  await pass(world, PATIENCE_MS);
  expect(budget.mayCutPower([first])).toBe(true);
});

test("what is on disks before it is acknowledged survives any power cut", async () => {
  const { budget, hosts } = await cluster("fsync");

  expect(budget.mayCutPower(hosts)).toBe(true);
});

test("while a damaged copy is in the ISR, a sound one beside it is left alone", async () => {
  const { budget, hosts } = await cluster("os");
  const [first, second, third] = hosts;
  const [log = ""] = first.disk.paths().filter((path) => path.endsWith("/t-0/partition.metadata"));
  first.disk.flipBit(log, 0, 0);

  expect(budget.mayStop([second])).toBe(true);
  expect(budget.mayStop([second, third])).toBe(false);
  expect(budget.mayDamage(second, "t-0")).toBe(true);
  second.disk.flipBit(log, 0, 0);
  expect(budget.mayDamage(third, "t-0")).toBe(false);
  expect(budget.mayStop([third])).toBe(false);
});

test("a damaged copy that is yet to join the ISR counts as if it had", async () => {
  const { budget, disturbances, hosts, view, world } = await cluster("os");
  const [first, second, third] = hosts;
  first.crash("process");
  await world.schedule.run({
    atMs: world.schedule.nowMs + PATIENCE_MS,
    isDone: () => view.partitions.get("t-0")?.isr.length === 2,
  });

  expect(budget.mayDamage(first, "t-0")).toBe(true);
  const isOver = disturbances.begin([second.name, third.name]);
  expect(budget.mayDamage(first, "t-0")).toBe(false);
  isOver();
  await pass(world, PATIENCE_MS);
  const [log = ""] = first.disk.paths().filter((path) => path.endsWith("/t-0/partition.metadata"));
  first.disk.flipBit(log, 0, 0);
  expect(budget.mayStop([second])).toBe(true);
  expect(budget.mayStop([second, third])).toBe(false);
});

test("while a host without power is in the ISR, a sound one beside it is left alone", async () => {
  for (const flush of ["os", "fsync"] as const) {
    const { budget, hosts } = await cluster(flush);
    const [first, second, third] = hosts;
    budget.noteLostPower(first);
    first.crash("power");

    expect(budget.mayStop([second])).toBe(true);
    expect(budget.mayStop([second, third])).toBe(flush === "fsync");
  }
});

test("where a loss is expected, nothing is refused", async () => {
  const { world, view, disturbances } = await cluster("os");
  const budget = new Budget({ flush: "os", mayLose: true }, { world, view, disturbances });

  expect(budget.mayCutPower(world.hosts)).toBe(true);
});
