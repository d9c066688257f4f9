import type { Random } from "@zoolog/base";
import type { SimulatedHost } from "../world/simulated-host.ts";
import type { World } from "../world/world.ts";

export type FaultContext = {
  readonly world: World;
  readonly random: Random;
  readonly wait: (ms: number) => Promise<void>;
  readonly note: (what: string) => void;
};

/** One fault from its beginning to the end of its cause. */
export type Fault = (context: FaultContext) => Promise<void>;

export const FAULTS = {
  async kill(context) {
    const host = running(context);
    if (host === undefined) return;
    context.note(`kill -9 ${host.name}`);
    host.crash("process");
    await restart(host, context);
  },
  async powerCut(context) {
    const host = running(context);
    if (host === undefined) return;
    context.note(`power cut ${host.name}`);
    host.crash("power");
    await restart(host, context);
  },
  /** SIGSTOP, for a part of a session or for longer than one. */
  async pause(context) {
    const { random, wait, note } = context;
    const process = running(context)?.process;
    if (process === undefined) return;
    const ms = random.next() < 0.5 ? 2_000 * random.next() : 20_000 * random.next();
    note(`pause ${process.name} ${Math.round(ms)} ms`);
    process.pause();
    await wait(ms);
    process.resume();
  },
  async shutDown(context) {
    const host = running(context);
    if (host === undefined) return;
    context.note(`shut down ${host.name}`);
    await host.shutDown();
    await restart(host, context);
  },
  /** No way between two brokers, both ways or one. */
  async clog({ world, random, wait, note }) {
    const [one, other] = twoOf(world.hosts, random);
    const isOneWay = random.next() < 0.5;
    const ms = 15_000 * random.next();
    note(`clog ${one.name} ${isOneWay ? "to" : "and"} ${other.name} ${Math.round(ms)} ms`);
    world.network.clog(one.name, other.name);
    if (!isOneWay) world.network.clog(other.name, one.name);
    await wait(ms);
    const becomes = random.next() < 0.5 ? "arrives" : "isLost";
    world.network.unclog(one.name, other.name, becomes);
    world.network.unclog(other.name, one.name, becomes);
  },
  /** Up to an hour, forth or back. */
  async jump(context) {
    const process = running(context)?.process;
    const ms = (context.random.next() - 0.5) * 7_200_000;
    context.note(`wall clock of ${process?.name ?? "nobody"} jumps ${Math.round(ms)} ms`);
    process?.jumpWallClock(ms);
    await context.wait(1_000);
  },
} satisfies Record<string, Fault>;

export type FaultName = keyof typeof FAULTS;

export const FAULT_NAMES = Object.keys(FAULTS) as readonly FaultName[];

function running({ world, random }: FaultContext): SimulatedHost | undefined {
  const hosts = world.hosts.filter(({ broker, process }) => broker && process?.isPaused === false);
  return hosts[Math.floor(random.next() * hosts.length)];
}

async function restart(host: SimulatedHost, { random, wait, note }: FaultContext): Promise<void> {
  await wait(6_000 * random.next());
  note(`start ${host.name}`);
  await host.start();
}

function twoOf<T>(all: readonly T[], random: Random): readonly [T, T] {
  const first = Math.floor(random.next() * all.length);
  const second = (first + 1 + Math.floor(random.next() * (all.length - 1))) % all.length;
  return [all[first] as T, all[second] as T];
}
