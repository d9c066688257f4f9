import { anyPicture } from "../picture.ts";
import { runClusterRow, TOPIC } from "./cluster-row.ts";
import { LinkedBrokers } from "./linked.ts";
import type { Row } from "./row.ts";

/** A round trip is twice this. */
const DELAY_MS = 50;
const BYTES_PER_SECOND = 3_000_000 / 8;
const LOOK_MS = 250;
const FLAPS_PER_MINUTE_MAX = 1;

export const SLOW_NETWORK: Row = {
  id: "P-10",
  about: "round trips of 100 ms and 3 Mbit/s to each broker",
  expected: "0 lost; replicas stay in sync: at most one change per minute",
  needs: [],
  length: { seconds: 300 },
  run: (request) => {
    const links = new LinkedBrokers();
    return runClusterRow(
      {
        ground: links,
        play: async ({ cluster, record, seconds, wait }) => {
          const { brokers } = cluster;
          for (const broker of brokers) {
            links.linkTo(broker).shape({ delayMs: DELAY_MS, bytesPerSecond: BYTES_PER_SECOND });
          }
          let flaps = 0;
          let before = "";
          const endsAt = performance.now() + seconds * 1_000;
          while (performance.now() < endsAt) {
            const picture = await anyPicture(brokers, TOPIC);
            const isrs = picture.map(({ isr }) => [...isr].sort().join()).join(" ");
            if (before !== "" && isrs !== "" && isrs !== before) flaps += 1;
            if (isrs !== "") before = isrs;
            await wait(LOOK_MS);
          }
          for (const broker of brokers) {
            links.linkTo(broker).shape({ delayMs: 0, bytesPerSecond: Number.POSITIVE_INFINITY });
          }
          const value = (flaps * 60) / seconds;
          record.figure({
            what: "changes of in-sync replicas",
            value,
            unit: "per minute",
            atMost: FLAPS_PER_MINUTE_MAX,
          });
        },
      },
      request,
    );
  },
};
