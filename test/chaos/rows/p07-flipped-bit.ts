import { join } from "node:path";
import { serde, topic } from "@zoolog/client";
import type { ChaosBroker } from "../chaos-broker.ts";
import { flipBit, segmentsOf } from "../injectors/damaged-segment.ts";
import { makeLead, type Play, runClusterRow, TOPIC } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const PARTITION = 0;
/** Small, so that there are closed ones soon. */
const SETTINGS = { "log.segment.bytes": 65_536, "log.flush.offset.checkpoint.interval.ms": 1_000 };
const CLOSED_SEGMENTS_MIN = 2;
const REPAIRED_MS_MAX = 60_000;
const READ_MS_MAX = 60_000;
const REST_MS = 2_000;

export const FLIPPED_BIT: Row = {
  id: "P-07",
  about: "a bit of a closed segment of one replica flips; that replica is made the leader and read",
  expected: "nothing false is read; it does not lead; it is repaired from another one in 60 s",
  needs: [],
  length: { times: 20 },
  run: (request) =>
    runClusterRow(
      {
        settings: SETTINGS,
        play: async (play) => {
          const [led, repaired]: [number[], number[]] = [[], []];
          for (let round = 0; round < play.times; round++) {
            const { broker } = await play.targets.find("anybody");
            const took = await damageAndRead(play, broker);
            led.push(took.ledMs);
            repaired.push(took.repairedMs);
            await play.wait(REST_MS);
          }
          play.record.worst(led, {
            what: "led with the damage until that was read (nobody looks before)",
            unit: "ms",
            atMost: 0,
          });
          play.record.worst(repaired, {
            what: "repaired after the damage was read",
            unit: "ms",
            atMost: REPAIRED_MS_MAX,
          });
        },
      },
      request,
    ),
};

type Took = { readonly ledMs: number; readonly repairedMs: number };

async function damageAndRead(play: Play, broker: ChaosBroker): Promise<Took> {
  const { cluster, admin, note, targets, record } = play;
  const folder = join(broker.dataFolder, `${TOPIC}-${PARTITION}`);
  await cluster.until("there are closed segments", () =>
    Promise.resolve(segmentsOf(folder).length > CLOSED_SEGMENTS_MIN),
  );
  await broker.kill();
  const [oldest = ""] = segmentsOf(folder);
  note(`a bit flips in ${oldest}`);
  flipBit(oldest);
  broker.start();
  await cluster.until("the broker is back", () => broker.isReady());
  await play.whole();
  const leadsFrom = performance.now();
  await makeLead(play, broker);
  const startedAt = performance.now();
  const records = topic(TOPIC, { value: serde.string() });
  const signal = AbortSignal.timeout(READ_MS_MAX);
  // The checker has seen every value: what is read here is compared by the final reading.
  const from = { [PARTITION]: 0 };
  let read = 0;
  try {
    for await (const batch of admin.reader(records, { from, signal }).batches()) {
      read += [...batch].length;
    }
  } catch (error) {
    record.remark(`a reader of the damaged replica ended with ${String(error).split("\n")[0]}`);
  }
  const leads = (await targets.of(broker)).led.includes(PARTITION);
  if (leads)
    record.violation(`broker ${broker.brokerId} leads with a damaged segment that was read`);
  record.remark(`${read} records read across the damage`);
  await play.whole();
  return { ledMs: startedAt - leadsFrom, repairedMs: performance.now() - startedAt };
}
