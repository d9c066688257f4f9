import { NETWORK_FAULTS } from "../faults.ts";
import { Nemesis } from "../nemesis.ts";
import { isWhole } from "../picture.ts";
import { HEALED_MS_MAX, runClusterRow, TOPIC } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const REST_MS = 2_000;

export const NETWORK: Row = {
  id: "P-09",
  about: `faults of the network in turn: ${NETWORK_FAULTS.join(", ")}`,
  expected: `0 lost; every replica in sync ${HEALED_MS_MAX / 1_000} s after the network is whole`,
  needs: ["namespaces"],
  length: { seconds: 2_400 },
  run: (request) =>
    runClusterRow(
      {
        namespaces: true,
        play: async ({ cluster, random, record, seconds, wait }) => {
          for (const fault of NETWORK_FAULTS) {
            const nemesis = new Nemesis(
              { topic: TOPIC, faults: [fault], restMs: REST_MS },
              { cluster, random, isWhole: () => isWhole(cluster.brokers, TOPIC) },
            );
            nemesis.start();
            await wait((seconds / NETWORK_FAULTS.length) * 1_000);
            await nemesis.stop();
            record.worst(
              nemesis.recoveries.map(({ ms }) => ms),
              { what: `in sync after ${fault}`, unit: "ms", atMost: HEALED_MS_MAX },
            );
          }
        },
      },
      request,
    ),
};
