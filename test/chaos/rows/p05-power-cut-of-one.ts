import { runClusterRow } from "./cluster-row.ts";
import { PoweredMachines } from "./powered.ts";
import type { Row } from "./row.ts";

const REST_MS = 2_000;
const RECOVERY_MS_MAX = 15_000;
const WHO = ["leader", "controller", "anybody"] as const;

export const POWER_CUT_OF_ONE: Row = {
  id: "P-05",
  about: "power cut of one broker: what nobody synced is gone, and its boot id is another",
  expected: "0 lost with log.flush=fsync; recovery in seconds",
  needs: ["loopVolumes", "bootIds"],
  length: { times: 40 },
  run: (request) => {
    const machines = new PoweredMachines({ servers: false });
    return runClusterRow(
      {
        ground: machines,
        play: async ({ cluster, random, record, targets, times, note, wait, whole }) => {
          const [ready, recovered, lost]: [number[], number[], number[]] = [[], [], []];
          for (let cut = 0; cut < times; cut++) {
            const target = await targets.find(WHO[cut % WHO.length] ?? "anybody");
            const { broker } = target;
            note(`power cut of broker ${broker.brokerId}`, target);
            await broker.kill();
            lost.push(machines.cutPower(broker).lostBytes);
            const startedAt = performance.now();
            broker.start();
            await cluster.until("the broker is back", () => broker.isReady());
            ready.push(performance.now() - startedAt);
            await whole();
            recovered.push(performance.now() - startedAt);
            await wait(REST_MS * (0.5 + random.next()));
          }
          record.worst(ready, { what: "ready after the power is back", unit: "ms" });
          const atMost = RECOVERY_MS_MAX;
          record.worst(recovered, { what: "in sync after the power is back", unit: "ms", atMost });
          record.worst(lost, { what: "segments' bytes that a cut took", unit: "bytes" });
        },
      },
      request,
    );
  },
};
