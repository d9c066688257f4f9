import { LoopVolume } from "../injectors/loop-volume.ts";
import { runClusterRow, worstStalls } from "./cluster-row.ts";
import type { Row } from "./row.ts";

/** The programme's 64 MB are the ballast's doing: what is left of the volume is nothing. */
const MEGABYTES = 1_024;
const FULL_MS = 30_000;
const RECOVERED_MS_MAX = 10_000;
const REST_MS = 3_000;
/** Without a reserve the disk itself says that it is full, in the middle of a write. */
const SETTINGS = { "log.reserved.bytes": 0 };

export const FULL_DISK: Row = {
  id: "P-13",
  about: "the disk of one broker is full for 30 s",
  expected: "0 lost, no broker ends; in sync 10 s after there is room again",
  needs: ["loopVolumes"],
  length: { times: 10 },
  run: (request) => {
    const volumes = new Map<number, LoopVolume>();
    return runClusterRow(
      {
        settings: SETTINGS,
        ground: {
          layBrokers: ({ brokers }) => {
            for (const { brokerId, dataFolder: mountPoint } of brokers) {
              const name = `broker-${brokerId}`;
              volumes.set(brokerId, LoopVolume.create({ name, megabytes: MEGABYTES, mountPoint }));
            }
          },
          close: () => {
            for (const volume of volumes.values()) volume.close();
          },
        },
        play: async (play) => {
          const { record, seconds, targets, times, note, wait, whole } = play;
          const recovered: number[] = [];
          for (let round = 0; round < times; round++) {
            const target = await targets.find(round % 2 === 0 ? "leader" : "anybody");
            const { brokerId } = target.broker;
            note(`the disk of broker ${brokerId} is full`, target);
            volumes.get(brokerId)?.fill();
            await wait(seconds > 0 ? Math.min(FULL_MS, seconds * 1_000) : FULL_MS);
            volumes.get(brokerId)?.release();
            note(`the disk of broker ${brokerId} has room again`);
            recovered.push(await whole());
            await wait(REST_MS);
          }
          record.worst(recovered, {
            what: "in sync after there was room",
            unit: "ms",
            atMost: RECOVERED_MS_MAX,
          });
          const stalls = worstStalls(play, (what) => what.endsWith("is full"));
          record.worst(stalls, { what: "silent while the disk was full", unit: "ms" });
        },
      },
      request,
    );
  },
};
