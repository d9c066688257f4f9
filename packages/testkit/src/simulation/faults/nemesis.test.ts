import { World } from "../world/world.ts";
import type { FaultName } from "./fault.ts";
import { Nemesis } from "./nemesis.ts";

const SECOND_MS = 1_000;

async function notesOf(
  faults: readonly FaultName[],
  {
    skipped = [],
    seconds = 20,
  }: { readonly skipped?: readonly number[]; readonly seconds?: number },
) {
  const world = new World({ seed: 7, settings: { "min.insync.replicas": 2 } });
  const notes: string[] = [];
  const nemesis = new Nemesis(
    {
      ...{ faults, skipped, meanRestMs: SECOND_MS, atOnceMax: 99 },
      tolerance: { flush: "os", mayLose: false },
    },
    { world, note: (what) => notes.push(`${Math.round(world.schedule.nowMs)} ${what}`) },
  );
  await world.outcome(Promise.all(world.hosts.map((host) => host.start())));
  nemesis.start();
  await world.schedule.run({ atMs: world.schedule.nowMs + seconds * SECOND_MS });
  await world.outcome(nemesis.stop());
  return { world, notes, coverage: nemesis.coverage };
}

test("a fault that is left out leaves the others as they were", async () => {
  const all = await notesOf(["clog"], {});

  const { notes } = await notesOf(["clog"], { skipped: [1] });

  expect(all.notes.length).toBeGreaterThan(5);
  expect(notes).toEqual(all.notes.filter((note) => !note.includes(" #1 ")));
});

test("when it has stopped, nothing is left of any fault", async () => {
  const { world } = await notesOf(["isolate", "pause", "stopServer", "slowDisk", "killAll"], {});

  const isUp = () => world.hosts.every(({ broker }) => broker !== undefined);
  await world.schedule.run({ atMs: world.schedule.nowMs + 60 * SECOND_MS, isDone: isUp });

  expect(isUp()).toBe(true);
  expect(world.hosts.map(({ process }) => process?.isPaused)).toEqual([false, false, false]);
  expect(world.zookeeper.servers.every(({ isServing }) => isServing)).toBe(true);
  expect(world.hosts.flatMap(({ failures }) => failures)).toEqual([]);
});

test("what was struck in which state is told", async () => {
  const { coverage } = await notesOf(["kill"], {});

  expect(coverage).toContain("kill × target controls");
  expect(coverage).toContain("kill × ISRs full");
});
