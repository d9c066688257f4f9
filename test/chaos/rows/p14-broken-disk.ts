import { join } from "node:path";
import { serde, topic } from "@zoolog/client";
import { encodeRecordBatch } from "@zoolog/protocol";
import { callBroker } from "@zoolog/testkit";
import type { ChaosBroker } from "../chaos-broker.ts";
import { segmentsOf } from "../injectors/damaged-segment.ts";
import { TracedFaults } from "../injectors/traced-faults.ts";
import { anyPicture, type PartitionPicture } from "../picture.ts";
import { makeLead, type Play, runClusterRow, TOPIC } from "./cluster-row.ts";
import type { Row } from "./row.ts";

const OFFLINE_MS_MAX = 1_000;
/** What was in the hands of the kernel when the first sync failed may still be acknowledged, ms. */
const ON_ITS_WAY_MS = 250;
/** Asked for acknowledgements directly, past every client that looks for leaders. */
const DIRECT_TOPIC = "asked-directly";
const READ_MS_MAX = 30_000;
const LOOK_MS = 20;
const REST_MS = 2_000;
const PARTITION = 0;
const SETTINGS = { "log.segment.bytes": 65_536, "log.flush.offset.checkpoint.interval.ms": 1_000 };
const CLOSED_SEGMENTS_MIN = 2;

/** Each in turn. */
const FAULTS = ["every sync fails", "one sync fails", "reads of a segment fail"] as const;

export const BROKEN_DISK: Row = {
  id: "P-14",
  about: `EIO at one broker, by turns: ${FAULTS.join(", ")}`,
  expected:
    "0 lost; the broker leads nothing 1 s after a failed sync; it acknowledges nothing then; what cannot be read is read elsewhere",
  needs: ["tracedFaults"],
  length: { times: 20 },
  run: (request) =>
    runClusterRow(
      {
        settings: SETTINGS,
        play: async (play) => {
          const offline: number[] = [];
          const { admin, partitions } = play;
          await admin.admin.createTopic({ topic: DIRECT_TOPIC, partitions, replicationFactor: 3 });
          for (let round = 0; round < play.times; round++) {
            const fault = FAULTS[round % FAULTS.length];
            const { broker } = await play.targets.find("leader");
            if (fault === "reads of a segment fail") await failReads(play, broker);
            else offline.push(await failSyncs(play, broker, fault === "one sync fails"));
            await play.whole();
            await play.wait(REST_MS);
          }
          play.record.worst(offline, {
            what: "leads nothing after the first error",
            unit: "ms",
            atMost: OFFLINE_MS_MAX,
          });
        },
      },
      request,
    ),
};

/** From the first error until the broker leads nothing, by what the others say, ms. */
async function failSyncs(play: Play, broker: ChaosBroker, once: boolean): Promise<number> {
  const { cluster, note, record, targets, wait } = play;
  const target = await targets.of(broker);
  note(`${once ? "one sync fails" : "every sync fails"} at broker ${broker.brokerId}`, target);
  const faults = await TracedFaults.attach(broker.pid, {
    calls: ["fsync", "fdatasync"],
    effect: once ? "error=EIO:when=5" : "error=EIO",
  });
  await cluster.until("the broker leads nothing", async () => {
    await wait(LOOK_MS);
    if (faults.firstHitAt === undefined) return false;
    return leadsNothing(await pictureOfOthers(play, broker), broker);
  });
  const failedAt = faults.firstHitAt ?? performance.now();
  const tookMs = performance.now() - failedAt;
  await wait(Math.max(0, ON_ITS_WAY_MS - tookMs));
  const acknowledged = await acknowledgedBy(broker, play.partitions);
  if (acknowledged > 0) record.violation(`${acknowledged} acknowledgements after a failed sync`);
  await faults.detach();
  await restart(play, broker);
  return tookMs;
}

/** Of one record for each partition, sent to this very broker. */
async function acknowledgedBy({ url }: ChaosBroker, partitions: number): Promise<number> {
  const records = encodeRecordBatch([{ timestamp: 1, value: "x" }]);
  const answer = await callBroker(url, "produce", {
    requiredAcks: "leader",
    timeoutMs: ON_ITS_WAY_MS,
    topics: [
      {
        topic: DIRECT_TOPIC,
        partitions: Array.from({ length: partitions }, (_, partition) => ({
          partition,
          records: Buffer.from(records).toString("base64"),
        })),
      },
    ],
  });
  const { topics } = answer.body as {
    readonly topics: readonly { readonly partitions: readonly { readonly error?: unknown }[] }[];
  };
  return topics.flatMap((one) => one.partitions).filter(({ error }) => error === undefined).length;
}

/** A reader of everything comes upon them; it is to get every record, from somebody else. */
async function failReads(play: Play, broker: ChaosBroker): Promise<void> {
  const { cluster, admin, note, record } = play;
  const folder = join(broker.dataFolder, `${TOPIC}-${PARTITION}`);
  await cluster.until("there are closed segments", () =>
    Promise.resolve(segmentsOf(folder).length > CLOSED_SEGMENTS_MIN),
  );
  // What it has in memory needs no reading.
  await restart(play, broker);
  await makeLead(play, broker);
  const [path = ""] = segmentsOf(folder);
  note(`reads of ${path} fail`);
  const faults = await TracedFaults.attach(broker.pid, {
    calls: ["pread64", "preadv", "read"],
    effect: "error=EIO",
    path,
  });
  const records = topic(TOPIC, { value: serde.string() });
  const signal = AbortSignal.timeout(READ_MS_MAX);
  let read = 0;
  try {
    for await (const batch of admin.reader(records, { from: { [PARTITION]: 0 }, signal }).batches())
      read += [...batch].length;
  } catch (error) {
    record.remark(`a reader ended with ${String(error).split("\n")[0]}`);
  }
  record.remark(`${read} records read across the error`);
  if (faults.firstHitAt === undefined) record.violation("no read of the segment failed");
  else if (!leadsPartition(await pictureOfOthers(play, broker), broker)) {
    record.remark("the replica that could not be read leads no more");
  } else record.violation("a replica that cannot be read still leads");
  await faults.detach();
  // A disk that cannot be read is the operator's affair: the replica stays offline until a restart.
  await restart(play, broker);
}

async function restart({ cluster, whole }: Play, broker: ChaosBroker): Promise<void> {
  await broker.kill();
  broker.start();
  await cluster.until("the broker is back", () => broker.isReady());
  await whole();
}

function pictureOfOthers(
  { cluster }: Play,
  broker: ChaosBroker,
): Promise<readonly PartitionPicture[]> {
  const others = cluster.brokers.filter((other) => other !== broker);
  return anyPicture(others, TOPIC);
}

function leadsNothing(picture: readonly PartitionPicture[], { brokerId }: ChaosBroker): boolean {
  return picture.length > 0 && picture.every(({ leader }) => leader !== brokerId);
}

function leadsPartition(picture: readonly PartitionPicture[], { brokerId }: ChaosBroker): boolean {
  return picture.some(({ partition, leader }) => partition === PARTITION && leader === brokerId);
}
