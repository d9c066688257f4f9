import { runClusterRow, UNAVAILABLE_MS_MAX, untilTimeIsOver, worstStalls } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const REST_MS = 5_000;
const AWAY_MS_MAX = 10_000;
const WHO = ["leader", "controller", "anybody"] as const;

export const KILL: Row = {
  id: "P-02",
  about: "kill -9 of leader, controller or anybody, started again after 0 to 10 s",
  expected: `0 lost; a partition is silent for at most ${UNAVAILABLE_MS_MAX} ms; a restart registers in as long`,
  needs: [],
  length: { seconds: 600 },
  run: (request) =>
    runClusterRow(
      {
        play: async (play) => {
          const { cluster, random, record, targets, note, wait, whole } = play;
          const registered: number[] = [];
          await untilTimeIsOver(play, async (index) => {
            const target = await targets.find(WHO[index % WHO.length] ?? "anybody");
            const { broker } = target;
            note(`kill -9 broker ${broker.brokerId}`, target);
            await broker.kill();
            await wait(index % 2 === 0 ? 0 : random.next() * AWAY_MS_MAX);
            const startedAt = performance.now();
            broker.start();
            await cluster.until("the broker is back", () => broker.isReady());
            registered.push(performance.now() - startedAt);
            await whole();
            await wait(REST_MS * (0.5 + random.next()));
          });
          const atMost = UNAVAILABLE_MS_MAX;
          const stalls = worstStalls(play, (what) => what.startsWith("kill"));
          record.worst(stalls, { what: "silent after a kill", unit: "ms", atMost });
          record.worst(registered, { what: "ready after a start", unit: "ms", atMost });
        },
      },
      request,
    ),
};
