import { acrossScales, between, heads, lasting, oneOf, shuffled } from "../../chance.ts";
import type { SimulatedServer } from "../../zookeeper/simulated-server.ts";
import { ENSEMBLE } from "../disturbances.ts";
import type { FaultContext } from "../fault-context.ts";
import { namesOf } from "../targets.ts";

/** What writes are about; a fault aims at one kind, so that rare writes are struck, too. */
const WRITES: readonly { readonly what: string; readonly path: RegExp }[] = [
  { what: "any", path: /./ },
  { what: "a partition state", path: /^\/brokers\/topics\/.*\/state$/ },
  { what: "a registration", path: /^\/brokers\/(ids|folders)\// },
  { what: "a controller's election", path: /^\/controller$/ },
  { what: "a coordinator slot", path: /^\/coordinators\// },
  { what: "an offset", path: /^\/consumers\/.*\/offsets\// },
  { what: "a group", path: /^\/consumers\// },
  { what: "a topic", path: /^\/brokers\/topics\/[^/]+$/ },
  { what: "a setting", path: /^\/config\// },
  { what: "a block of producer ids", path: /^\/latest_producer_id_block$/ },
];

/** A connection is lost around a write: before it is applied, or after it, with the answer. */
export async function connectionLoss(context: FaultContext): Promise<void> {
  const { world, random, wait, note } = context;
  const site = oneOf(WRITES, random) ?? WRITES[0];
  if (site === undefined || !mayDisturbAll(context)) return;
  const when = heads(random) ? "beforeApply" : "afterApply";
  const times = heads(random) ? 1 : 3;
  context.begin(`connection loss ${when}, ${times} times at ${site.what}`);
  const isOver = context.disturbances.begin([ENSEMBLE]);
  const faults = Array.from({ length: times }, () =>
    world.zookeeper.failNext({
      when,
      matches: ({ paths }) => paths.some((path) => site.path.test(path)),
    }),
  );
  await wait(lasting(random, 200, 10_000));
  const left = faults.filter(({ isPending }) => isPending()).length;
  note(`connection lost ${times - left} times`);
  for (const fault of faults) fault.remove();
  isOver();
}

/** The session of a broker that lives, and often controls, is over. */
export async function expireSession(context: FaultContext): Promise<void> {
  const { world, view, random, wait } = context;
  const controller = world.hosts.filter(({ brokerId }) => brokerId === view.controller);
  const [host] = heads(random) ? controller : shuffled(world.hosts, random);
  const owner = world.zookeeper.tree?.get(`/brokers/ids/${host?.brokerId}`)?.owner;
  if (host === undefined || owner === undefined || !context.budget.mayStop([host])) return;
  context.begin(`expire the session of ${host.name}`, [host.name]);
  const isOver = context.disturbances.begin([host.name]);
  world.zookeeper.expire(owner.toString(16).padStart(16, "0"));
  await wait(between(random, 0, 2_000));
  isOver();
}

/** A server dies or loses power, or is started anew at once; often it is the leader. */
export async function stopServer(context: FaultContext): Promise<void> {
  const server = drawServer(context);
  if (server === undefined || !mayDisturbAll(context)) return;
  const kind = heads(context.random) ? "process" : "power";
  context.begin(`stop ${server.name} (${kind})`, [server.name]);
  const isOver = context.disturbances.begin([server.name]);
  server.stop(kind);
  await context.wait(lasting(context.random, 10, 20_000));
  server.start();
  isOver();
}

export async function pauseServer(context: FaultContext): Promise<void> {
  const server = drawServer(context);
  const process = server?.process;
  if (process === undefined || process.isPaused || !mayDisturbAll(context)) return;
  const ms = lasting(context.random, 100, 30_000);
  context.begin(`pause ${process.name} for ${Math.round(ms)} ms`, [process.name]);
  const isOver = context.disturbances.begin([process.name]);
  process.pause();
  await context.wait(ms);
  process.resume();
  isOver();
}

/** No more than half of the servers are left: nothing can be written, sessions stand still. */
export async function loseQuorum(context: FaultContext): Promise<void> {
  const { world, random, wait, disturbances } = context;
  if (!mayDisturbAll(context)) return;
  const { zookeeper } = world;
  const ms = lasting(random, 200, 40_000);
  context.begin(`no quorum for ${Math.round(ms)} ms`, namesOf(zookeeper.servers));
  const isOver = disturbances.begin(namesOf(zookeeper.servers));
  zookeeper.loseQuorum(heads(random) ? "process" : "power");
  await wait(ms);
  for (const server of shuffled(zookeeper.servers, random)) {
    server.start();
    await wait(1_000 * random.next());
  }
  isOver();
}

/** Its clients read what was, and hear of changes late. */
export async function staleServer(context: FaultContext): Promise<void> {
  const server = drawServer(context);
  if (server === undefined || !mayDisturbAll(context)) return;
  const { random } = context;
  const lateMs = acrossScales(random, 20, 10_000);
  context.begin(`${server.name} applies ${Math.round(lateMs)} ms late`, [server.name]);
  const isOver = context.disturbances.begin([server.name]);
  server.applyDelayMs = lateMs;
  await context.wait(lasting(random, 500, 20_000));
  server.applyDelayMs = 0;
  isOver();
}

function drawServer({ world, random }: FaultContext): SimulatedServer | undefined {
  const { leader, servers } = world.zookeeper;
  return heads(random) && leader !== undefined ? leader : oneOf(servers, random);
}

/** Any broker may lose its session by it. */
function mayDisturbAll({ budget, world }: FaultContext): boolean {
  return budget.mayStop(world.hosts);
}
