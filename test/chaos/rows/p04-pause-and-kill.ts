import { Nemesis } from "../nemesis.ts";
import { isWhole } from "../picture.ts";
import { runClusterRow, TOPIC } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const ROUNDS = 5;
const REST_MS = 4_000;

export const PAUSE_AND_KILL: Row = {
  id: "P-04",
  about: "pauses and kills mixed, in 5 rounds, whole in between",
  expected: "0 lost, 0 duplicates with idempotence",
  needs: [],
  length: { seconds: 1_500 },
  run: (request) =>
    runClusterRow(
      {
        play: async ({ cluster, random, record, seconds, wait, whole }) => {
          for (let round = 0; round < ROUNDS; round++) {
            const nemesis = new Nemesis(
              { topic: TOPIC, faults: ["pause", "kill"], restMs: REST_MS },
              { cluster, random, isWhole: () => isWhole(cluster.brokers, TOPIC) },
            );
            nemesis.start();
            await wait((seconds / ROUNDS) * 1_000);
            await nemesis.stop();
            await cluster.heal();
            await whole();
            const faults = [...nemesis.count].map(([name, count]) => `${name} × ${count}`);
            record.remark(`round ${round + 1}: ${faults.join(", ")}`);
          }
        },
      },
      request,
    ),
};
