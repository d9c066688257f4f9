import { between, heads, lasting, oneOf, shuffled, wholeBelow } from "../../chance.ts";
import type { FaultContext } from "../fault-context.ts";
import { namesOf, runningHost } from "../targets.ts";

/** Directions that are closed, each for itself. */
type Way = readonly [from: string, to: string];

const MS = { least: 50, most: 30_000 };

/** No way between two brokers, both ways or one. */
export async function clog(context: FaultContext): Promise<void> {
  const [one, other] = shuffled(namesOf(context.world.hosts), context.random);
  if (one === undefined || other === undefined || !isAllowed(context, [one, other])) return;
  const isOneWay = heads(context.random);
  const ways: Way[] = [[one, other]];
  if (!isOneWay) ways.push([other, one]);
  await closed(context, `clog ${one} ${isOneWay ? "to" : "and"} ${other}`, ways);
}

/** One broker alone: from the others, from ZooKeeper, from clients, or from all of them. */
export async function isolate(context: FaultContext): Promise<void> {
  const { world, random } = context;
  const host = runningHost(context, ({ name }) => isAllowed(context, [name]));
  if (host === undefined) return;
  const others = namesOf(world.hosts).filter((name) => name !== host.name);
  const servers = namesOf(world.zookeeper.servers);
  const clients = clientNames(context);
  const from = oneOf(
    [
      { what: "everybody", names: [...others, ...servers, ...clients] },
      { what: "the other brokers", names: others },
      { what: "ZooKeeper", names: servers },
      { what: "clients", names: clients },
    ],
    random,
  );
  const direction = oneOf(["in", "out", "both", "both"], random);
  const out = direction === "in" ? [] : from.names.map((name): Way => [host.name, name]);
  const into = direction === "out" ? [] : from.names.map((name): Way => [name, host.name]);
  const what = `cut ${host.name} off from ${from.what} (${direction})`;
  await closed(context, what, [...out, ...into]);
}

/** Everybody, brokers and servers and clients, on one of two sides; now and then only one way is closed. */
export async function split(context: FaultContext): Promise<void> {
  const { random, world } = context;
  const brokers = shuffled(namesOf(world.hosts), random);
  if (!isAllowed(context, brokers)) return;
  const others = [...namesOf(world.zookeeper.servers), ...clientNames(context)];
  const fewer = brokers.slice(0, 1 + wholeBelow(random, brokers.length - 1));
  const here = [...fewer, ...others.filter(() => random.next() < 0.3)];
  const there = [...brokers, ...others].filter((name) => !here.includes(name));
  const isOneWay = random.next() < 0.25;
  const ways = here.flatMap((a) => there.map((b): Way => [a, b]));
  const back = isOneWay ? [] : ways.map(([a, b]): Way => [b, a]);
  const what = `${here.join(" ")} ${isOneWay ? "cannot reach" : "and the rest do not reach"}`;
  await closed(context, `${what} each other`, [...ways, ...back]);
}

/** Each broker reaches a majority, and no two of them the same one. */
export async function ring(context: FaultContext): Promise<void> {
  const brokers = shuffled(namesOf(context.world.hosts), context.random);
  if (!isAllowed(context, brokers)) return;
  // Neighbours on each side, so that they are a majority together with the one between them.
  const reach = Math.ceil(Math.floor(brokers.length / 2) / 2);
  const ways = brokers.flatMap((from, at) =>
    brokers.flatMap((to, place): Way[] => {
      const apart = Math.abs(at - place);
      return Math.min(apart, brokers.length - apart) > reach ? [[from, to]] : [];
    }),
  );
  // Of three nobody is farther than a neighbour: there one of them is between the two others.
  const [first, , third] = brokers;
  if (ways.length === 0 && first !== undefined && third !== undefined) {
    ways.push([first, third], [third, first]);
  }
  await closed(context, `a ring of ${brokers.join(" ")}`, ways);
}

/** Some are cut off one after the other, and come back in another order. */
export async function swizzle(context: FaultContext): Promise<void> {
  const { world, random, wait, disturbances, clogs } = context;
  const everybody = [...namesOf(world.hosts), ...namesOf(world.zookeeper.servers)];
  const struck = shuffled(everybody, random).slice(0, 1 + wholeBelow(random, everybody.length));
  if (!isAllowed(context, struck)) return;
  context.begin(`swizzle ${struck.join(" ")}`, struck);
  const isOver = disturbances.begin(struck);
  const closed: (() => void)[] = [];
  for (const name of struck) {
    const others = [...everybody, ...clientNames(context)].filter((other) => other !== name);
    const free = others.flatMap((other) => [clogs.clog(name, other), clogs.clog(other, name)]);
    const held = heads(random) ? "arrives" : "isLost";
    closed.push(() => {
      for (const one of free) one(held);
    });
    await wait(between(random, 0, 3_000));
  }
  for (const free of shuffled(closed, random)) {
    await wait(between(random, 0, 3_000));
    free();
  }
  isOver();
}

/** Connections that look alive and lead nowhere, to any kind of host: what is sent is never heard of. */
export async function halfOpen(context: FaultContext): Promise<void> {
  const { world, random } = context;
  const host = runningHost(context, ({ name }) => isAllowed(context, [name]));
  if (host === undefined) return;
  const all = [
    ...namesOf(world.hosts),
    ...namesOf(world.zookeeper.servers),
    ...clientNames(context),
  ].filter((name) => name !== host.name);
  const peers = shuffled(all, random).slice(0, 1 + wholeBelow(random, 3));
  const ways = peers.flatMap((name): Way[] => [
    [host.name, name],
    [name, host.name],
  ]);
  await closed(context, `half-open: ${host.name} with ${peers.join(" ")}`, ways, "isLost");
}

async function closed(
  context: FaultContext,
  what: string,
  ways: readonly Way[],
  fate?: "arrives" | "isLost",
): Promise<void> {
  const { random, wait, disturbances, clogs } = context;
  const ms = lasting(random, MS.least, MS.most);
  const held = fate ?? (heads(random) ? "arrives" : "isLost");
  const names = [...new Set(ways.flat())];
  context.begin(`${what} for ${Math.round(ms)} ms`, names);
  const isOver = disturbances.begin(names);
  const free = ways.map(([from, to]) => clogs.clog(from, to));
  await wait(ms);
  for (const one of free) one(held);
  isOver();
}

function clientNames({ world }: FaultContext): string[] {
  return namesOf(world.livingClients);
}

function isAllowed({ budget, world }: FaultContext, names: readonly string[]): boolean {
  return budget.mayStop(world.hosts.filter(({ name }) => names.includes(name)));
}
