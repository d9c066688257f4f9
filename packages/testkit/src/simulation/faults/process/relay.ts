import { between, shuffled, wholeBelow } from "../../chance.ts";
import type { FaultContext } from "../fault-context.ts";
import { namesOf } from "../targets.ts";

/** For how long a leader takes records that not everybody hears of, ms. */
const ALONE_MS = { least: 10, most: 500 };

/** In which the next leader is found where the port of the one before refuses, ms. */
const ELECTION_MS_MAX = 3_000;
const LOOK_MS = 2;

/**
 * Leaders of one partition die one after the other (KIP-279), each a moment after some of the others
 * have ceased to hear of it: it leaves behind what only a part of the replicas has, in an epoch that
 * not all of them know.
 */
export async function relay(context: FaultContext): Promise<void> {
  const { world, view, random, wait, budget, clogs, disturbances, note, supervisor } = context;
  const [partition] = shuffled([...view.partitions.keys()], random);
  if (partition === undefined || !budget.mayStop(world.hosts)) return;
  const legs = 2 + wholeBelow(random, 2);
  context.begin(`a relay of ${legs} leaders of ${partition}`, namesOf(world.hosts));
  const isOver = disturbances.begin(namesOf(world.hosts));
  const releases: (() => void)[] = [];
  let former: number | undefined;
  for (let leg = 0; leg < legs; leg++) {
    const leader = await nextLeader(context, partition, former);
    if (leader === undefined || !budget.mayEnd(leader)) break;
    const others = shuffled(namesOf(world.hosts), random).filter((name) => name !== leader.name);
    const deaf = others.slice(0, 1 + wholeBelow(random, others.length));
    const ways = deaf.map((name) => ({
      from: clogs.clog(leader.name, name),
      to: clogs.clog(name, leader.name),
    }));
    await wait(between(random, ALONE_MS.least, ALONE_MS.most));
    for (const { from } of ways) from("isLost");
    releases.push(supervisor.holdDown(leader));
    leader.crash("process");
    // Who still asked it hears that it is dead: the next one is found at once.
    for (const { to } of ways) to("arrives");
    note(`${leader.name} has led ${partition}: kill -9`);
    former = leader.brokerId;
  }
  for (const release of shuffled(releases, random)) {
    await wait(between(random, 0, ALONE_MS.most));
    release();
  }
  isOver();
}

/** Whoever leads and is not the one before, if there is one in time. */
async function nextLeader(
  { view, wait, world }: FaultContext,
  partition: string,
  former: number | undefined,
) {
  for (let waitedMs = 0; waitedMs < ELECTION_MS_MAX; waitedMs += LOOK_MS) {
    const leader = view.partitions.get(partition)?.leader;
    const host = world.hosts.find(({ brokerId }) => brokerId === leader && leader !== former);
    if (host?.broker !== undefined && host.process?.isPaused === false) return host;
    await wait(LOOK_MS);
  }
  return undefined;
}
