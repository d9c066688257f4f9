import { runClusterRow, worstStalls } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const REST_MS = 1_000;
const MOVE_MS_MAX = 500;

export const ROLLING_RESTART: Row = {
  id: "P-15",
  about: "all brokers are shut down in order and started again, one after the other, under load",
  expected: `0 lost, 0 errors at producers, a partition is silent for at most ${MOVE_MS_MAX} ms`,
  needs: [],
  length: { times: 10 },
  run: (request) =>
    runClusterRow(
      {
        play: async (play) => {
          const { cluster, record, targets, times, note, wait, whole } = play;
          for (let round = 0; round < times; round++) {
            for (const broker of cluster.brokers) {
              note(`SIGTERM broker ${broker.brokerId}`, await targets.of(broker));
              await broker.terminate();
              broker.start();
              await cluster.until("the broker is back", () => broker.isReady());
              await whole();
              await wait(REST_MS);
            }
          }
          const atMost = MOVE_MS_MAX;
          const stalls = worstStalls(play, (what) => what.startsWith("SIGTERM"));
          record.worst(stalls, { what: "silent during a shutdown", unit: "ms", atMost });
          const errors = play.load.entries.filter(
            (entry) => entry.f === "send" && entry.outcome !== "ok",
          );
          if (errors.length > 0) record.violation(`${errors.length} sends failed at producers`);
        },
      },
      request,
    ),
};
