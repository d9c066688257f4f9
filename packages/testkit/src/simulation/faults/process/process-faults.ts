import type { PowerCutOptions } from "../../../file-system/simulated-disk.ts";
import { heads, lasting, oneOf, shuffled, wholeBelow } from "../../chance.ts";
import type { SimulatedHost } from "../../world/simulated-host.ts";
import type { FaultContext } from "../fault-context.ts";
import { namesOf, runningHost } from "../targets.ts";

/** Until a broker is started again: often within its old session, sometimes long after it, ms. */
const DOWN_MS = { least: 10, most: 12_000 };

/** kill -9: the machine runs on, and with it the page cache. */
export async function kill(context: FaultContext): Promise<void> {
  const host = runningHost(context, (one) => context.budget.mayStop([one]));
  if (host === undefined) return;
  context.begin(`kill -9 ${host.name}`, [host.name]);
  await down(context, [host], (one) => one.crash("process"));
}

/**
 * kill -9 of all brokers, together or nearly so; each comes back when it does. Whose copy has become the
 * last sound one meanwhile is left alone, here and where one is stopped after the other.
 */
export async function killAll(context: FaultContext): Promise<void> {
  const { budget, world, random, wait } = context;
  const hosts = shuffled(world.hosts, random).filter(({ process }) => process !== undefined);
  if (hosts.length === 0 || !budget.mayStop(hosts)) return;
  const apartMs = heads(random) ? 0 : 500 * random.next();
  context.begin(`kill -9 all, ${Math.round(apartMs)} ms apart`, namesOf(hosts));
  const ends = hosts.map(async (host, index) => {
    await wait(apartMs * index);
    if (!budget.mayStop([host])) return;
    await down(context, [host], (one) => one.crash("process"));
  });
  await Promise.all(ends);
}

/** What was not synced is kept, torn or lost by chance, sector by sector and name by name. */
export async function powerCut(context: FaultContext): Promise<void> {
  const host = runningHost(context, (one) => context.budget.mayCutPower([one]));
  if (host === undefined) return;
  context.begin(`power cut of ${host.name}`, [host.name]);
  await down(context, [host], (one) => cutPower(context, one));
}

/** A whole site: all hosts at one moment. */
export async function powerCutOfAll(context: FaultContext): Promise<void> {
  const { world, budget } = context;
  if (!budget.mayCutPower(world.hosts)) return;
  context.begin("power cut of all", namesOf(world.hosts));
  await down(context, world.hosts, (one) => cutPower(context, one));
}

/** SIGSTOP: a part of a session, about a session, or much longer. */
export async function pause(context: FaultContext): Promise<void> {
  const host = runningHost(context, (one) => context.budget.mayStop([one]));
  const process = host?.process;
  if (process === undefined) return;
  const ms = lasting(context.random, 100, 60_000);
  context.begin(`pause ${process.name} for ${Math.round(ms)} ms`, [process.name]);
  const isOver = context.disturbances.begin([process.name]);
  process.pause();
  await context.wait(ms);
  process.resume();
  isOver();
}

/** In order, as an operator does it. */
export async function shutDown(context: FaultContext): Promise<void> {
  const host = runningHost(
    context,
    (one) => one.broker !== undefined && context.budget.mayStop([one]),
  );
  if (host === undefined) return;
  context.begin(`shut down ${host.name}`, [host.name]);
  await inOrder(context, host);
}

/** An upgrade: one after the other, each as soon as the one before runs, without waiting for more. */
export async function rollingRestart(context: FaultContext): Promise<void> {
  const hosts = shuffled(context.world.hosts, context.random);
  if (!context.budget.mayStop(hosts)) return;
  context.begin("rolling restart", namesOf(hosts));
  for (const host of hosts) {
    if (host.broker !== undefined && context.budget.mayStop([host])) await inOrder(context, host);
    await context.wait(2_000 * context.random.next());
  }
}

async function inOrder(context: FaultContext, host: SimulatedHost): Promise<void> {
  const { supervisor, disturbances, note, wait, random } = context;
  const release = supervisor.holdDown(host);
  const isOver = disturbances.begin([host.name]);
  // An operator's patience, and what a service manager does when it ends.
  const patience = wait(15_000).then(() => "late" as const);
  if ((await Promise.race([host.shutDown(), patience])) === "late" && host.process !== undefined) {
    note(`${host.name} is slow to end: kill -9`);
    host.crash("process");
  }
  await wait(2_000 * random.next());
  release();
  isOver();
}

async function down(
  context: FaultContext,
  hosts: readonly SimulatedHost[],
  strike: (host: SimulatedHost) => void,
): Promise<void> {
  const { supervisor, disturbances, random, wait, note } = context;
  const isOver = disturbances.begin(namesOf(hosts));
  const back = hosts.map(async (host) => {
    const release = supervisor.holdDown(host);
    strike(host);
    const isAtOnce = wholeBelow(random, 4) === 0;
    await wait(isAtOnce ? 0 : lasting(random, DOWN_MS.least, DOWN_MS.most));
    note(`${host.name} may start`);
    release();
  });
  await Promise.all(back);
  isOver();
}

function cutPower({ random, budget }: FaultContext, host: SimulatedHost): void {
  budget.noteLostPower(host);
  // Nothing unsynced, everything but in what order, or a part of it.
  const kept: PowerCutOptions = oneOf(
    [{ keepUnsynced: 0 }, { keepUnsynced: 1 }, { keepUnsynced: random.next() }],
    random,
  );
  host.crash("power", kept);
}
