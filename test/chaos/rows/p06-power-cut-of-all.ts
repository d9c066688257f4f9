import { runClusterRow } from "./cluster-row.ts";
import { PoweredMachines } from "./powered.ts";
import type { Row } from "./row.ts";

const REST_MS = 3_000;
const RECOVERY_MS_MAX = 60_000;

export const POWER_CUT_OF_ALL: Row = {
  id: "P-06",
  about: "power cut of all brokers and ZooKeeper servers at once",
  expected: "0 lost with log.flush=fsync and ZooKeeper's forceSync",
  needs: ["loopVolumes", "bootIds"],
  length: { times: 20 },
  run: (request) => {
    const machines = new PoweredMachines({ servers: true });
    return runClusterRow(
      {
        ground: machines,
        play: async ({ cluster, random, record, times, note, wait, whole }) => {
          const { brokers, ensemble } = cluster;
          const servers = Array.from({ length: ensemble.size }, (_, server) => server);
          const [recovered, lost]: [number[], number[]] = [[], []];
          for (let cut = 0; cut < times; cut++) {
            note("power cut of everything");
            await Promise.all([
              ...brokers.map((broker) => broker.kill()),
              ...servers.map((server) => ensemble.kill(server)),
            ]);
            lost.push(
              brokers.reduce((sum, broker) => sum + machines.cutPower(broker).lostBytes, 0),
            );
            machines.cutPowerOfServers();
            const startedAt = performance.now();
            for (const server of servers) ensemble.start(server);
            for (const broker of brokers) broker.start();
            await ensemble.ready();
            await whole();
            recovered.push(performance.now() - startedAt);
            await wait(REST_MS * (0.5 + random.next()));
          }
          const atMost = RECOVERY_MS_MAX;
          record.worst(recovered, { what: "in sync after the power is back", unit: "ms", atMost });
          record.worst(lost, { what: "segments' bytes that a cut took", unit: "bytes" });
        },
      },
      request,
    );
  },
};
