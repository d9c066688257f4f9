import { runClusterRow } from "./cluster-row.ts";
import { PoweredMachines } from "./powered.ts";
import type { Row } from "./row.ts";

const BROKERS = 5;
/** Longer than a session and the patience with followers that lag. */
const PAUSE_MS = 6_000;
const REST_MS = 3_000;
const SETTINGS = {
  "default.replication.factor": BROKERS,
  "min.insync.replicas": 3,
  "replica.lag.time.max.ms": 3_000,
};

export const LATE_PAIR: Row = {
  id: "P-08",
  about:
    "n1 and n2 stand still, n3 has a power cut and comes back, n1 and n2 go on, n4 and n5 stand still",
  expected: "0 lost, one leader in each epoch",
  needs: ["loopVolumes", "bootIds"],
  length: { times: 20 },
  run: (request) => {
    const machines = new PoweredMachines({ servers: false });
    return runClusterRow(
      {
        brokers: BROKERS,
        ground: machines,
        settings: SETTINGS,
        play: async ({ cluster, times, note, wait, whole }) => {
          for (let round = 0; round < times; round++) {
            const { brokers } = cluster;
            const n = [0, 1, 2, 3, 4].map((index) => brokers[(index + round) % BROKERS]);
            const [n1, n2, n3, n4, n5] = n;
            if (n3 === undefined) throw new RangeError("the script needs five brokers");
            const ids = n.map((broker) => broker?.brokerId).join(", ");
            note(`n1 to n5 are brokers ${ids}: n1 and n2 stand still`);
            for (const broker of [n1, n2]) broker?.pause();
            await wait(PAUSE_MS);
            await n3.kill();
            machines.cutPower(n3);
            n3.start();
            await cluster.until("n3 is back", () => n3.isReady());
            for (const broker of [n1, n2]) broker?.resume();
            for (const broker of [n4, n5]) broker?.pause();
            note("n1 and n2 go on, n4 and n5 stand still");
            await wait(PAUSE_MS);
            for (const broker of [n4, n5]) broker?.resume();
            await whole();
            await wait(REST_MS);
          }
        },
      },
      request,
    );
  },
};
