import { between, heads, lasting, shuffled } from "../../chance.ts";
import type { FaultContext } from "../fault-context.ts";
import { runningHost } from "../targets.ts";

const HOUR_MS = 3_600_000;
const DRIFT_MAX = 0.05;

/** A wall clock is set, up to an hour forth or back; now and then it is set right again. */
export async function jump(context: FaultContext): Promise<void> {
  const { random, wait, note } = context;
  const process = runningHost(context)?.process;
  if (process === undefined) return;
  const ms = Math.round(between(random, -HOUR_MS, HOUR_MS));
  context.begin(`wall clock of ${process.name} jumps ${ms} ms`, [process.name]);
  process.jumpWallClock(ms);
  await wait(lasting(random, 100, 10_000));
  if (heads(random)) return;
  note(`wall clock of ${process.name} is right again`);
  process.jumpWallClock(-ms);
}

/** Monotonic clocks run too fast or too slow: of a broker, and maybe of ZooKeeper's servers. */
export async function drift(context: FaultContext): Promise<void> {
  const { world, random, wait } = context;
  const broker = runningHost(context)?.process;
  const servers = heads(random) ? [] : world.zookeeper.servers.map(({ process }) => process);
  const processes = [broker, ...shuffled(servers, random)].filter((one) => one !== undefined);
  if (processes.length === 0) return;
  const rates = processes.map((process) => {
    const rate = between(random, 1 - DRIFT_MAX, 1 + DRIFT_MAX);
    process.drift(rate);
    return `${process.name} at ${rate.toFixed(3)}`;
  });
  context.begin(
    `clocks drift: ${rates.join(", ")}`,
    processes.map(({ name }) => name),
  );
  await wait(lasting(random, 1_000, 60_000));
  for (const process of processes) process.drift(1);
}
