import { ControlGroup } from "../injectors/control-group.ts";
import { runClusterRow, UNAVAILABLE_MS_MAX, untilTimeIsOver, worstStalls } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const FROZEN_MS = { min: 500, max: 20_000 };
const REST_MS = 2_000;
const WHO = ["leader", "controller"] as const;

export const FREEZE: Row = {
  id: "P-03",
  about: "leader or controller stands still for 0.5 to 20 s, by the freezer of control groups",
  expected: "0 lost; 0 writes of a controller after its successor was elected",
  needs: ["freezer"],
  length: { seconds: 600 },
  run: (request) =>
    runClusterRow(
      {
        play: async (play) => {
          const { random, record, targets, note, wait, whole } = play;
          await untilTimeIsOver(play, async (index) => {
            const target = await targets.find(WHO[index % WHO.length] ?? "leader");
            // The first ones are shorter and longer than a session; the others are drawn.
            const drawn = FROZEN_MS.min + random.next() * (FROZEN_MS.max - FROZEN_MS.min);
            const ms = [1_000, 6_000][index] ?? drawn;
            note(`freeze broker ${target.broker.brokerId} for ${Math.round(ms)} ms`, target);
            const freezer = ControlGroup.freeze([target.broker.pid], "frozen");
            await wait(ms);
            freezer.close();
            await whole();
            await wait(REST_MS);
          });
          const stalls = worstStalls(play, (what) => what.startsWith("freeze"));
          const atMost = UNAVAILABLE_MS_MAX;
          record.worst(stalls, { what: "silent after a freeze", unit: "ms", atMost });
        },
      },
      request,
    ),
};
