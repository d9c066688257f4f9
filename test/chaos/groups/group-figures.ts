import type { GroupEntry } from "@zoolog/testkit";
import type { GroupFaultContext } from "./group-faults.ts";
import { machineMs } from "./machine-clock.ts";

/** A time in which one thing happened and nothing else. */
export type Episode = { readonly what: string; readonly from: number; readonly until: number };

export type Figure = {
  readonly what: string;
  /** Longest time without a record of any partition, ms; members that went took theirs along. */
  readonly longestGapMs: number;
  /** The same of those partitions that one member had all the time. */
  readonly longestGapOfStayedMs: number;
  readonly stayed: number;
  /** Partitions that members were given meanwhile. */
  readonly moved: number;
};

/** What follows from an event shows in this time, when no session has to end for it. */
const EPISODE_MS = 6_000;

type Context = Omit<GroupFaultContext, "random" | "wait">;

/** Faults one by one, each with enough rest behind it to see what it did. */
export async function playEpisodes(context: Context): Promise<readonly Episode[]> {
  const { admin, cluster, crew, group, note, sessionTimeoutMs } = context;
  const episodes: Episode[] = [];
  const episode = async (what: string, ms: number, act: () => Promise<void>): Promise<void> => {
    note(what);
    const from = machineMs();
    await act();
    await new Promise((resolve) => setTimeout(resolve, ms));
    episodes.push({ what, from, until: machineMs() });
  };
  await episode("nothing happens", EPISODE_MS, async () => {});
  const coordinator = (await admin.admin.groups.coordinators([group])).get(group);
  const broker = cluster.brokers.find(({ brokerId }) => brokerId === coordinator);
  await episode("coordinator killed", EPISODE_MS, async () => {
    await broker?.kill();
  });
  broker?.start();
  await cluster.until("all brokers are ready", () => cluster.areReady());
  await episode("member joins", EPISODE_MS, async () => {
    crew.add();
  });
  await episode("member killed", sessionTimeoutMs + EPISODE_MS, async () => {
    await crew.members[0]?.kill();
  });
  await episode("member leaves", EPISODE_MS, async () => {
    await crew.members[0]?.leave();
  });
  crew.add();
  crew.add();
  return episodes;
}

export function figuresOf(
  episodes: readonly Episode[],
  entries: readonly GroupEntry[],
): readonly Figure[] {
  return episodes.map((episode) => figureOf(episode, entries));
}

type Seen = { last: number; gap: number; readonly members: Set<string> };

function figureOf({ from, until, what }: Episode, entries: readonly GroupEntry[]): Figure {
  const partitions = new Map<number, Seen>();
  const given = new Set<number>();
  for (const entry of entries.toSorted((a, b) => a.at - b.at)) {
    if (entry.at < from || entry.at > until) continue;
    if (entry.f === "assigned") for (const partition of entry.partitions) given.add(partition);
    if (entry.f !== "processed") continue;
    const seen = partitions.get(entry.partition) ?? { last: from, gap: 0, members: new Set() };
    partitions.set(entry.partition, seen);
    seen.gap = Math.max(seen.gap, entry.at - seen.last);
    seen.last = entry.at;
    seen.members.add(entry.member);
  }
  const all = [...partitions];
  const stayed = all.filter(([partition, { members }]) => {
    return members.size === 1 && !given.has(partition);
  });
  const longest = (seen: readonly (readonly [number, Seen])[]): number =>
    Math.max(0, ...seen.map(([, { gap, last }]) => Math.max(gap, until - last)));
  return {
    what,
    longestGapMs: longest(all),
    longestGapOfStayedMs: longest(stayed),
    stayed: stayed.length,
    moved: given.size,
  };
}
