import { runKafkaTool } from "../../../test/kafka/kafka-tools.ts";
import type { Contest, ContestConditions } from "../contest.ts";
import { withProcessorTime } from "../processor-time.ts";
import type { RunningSide } from "../side.ts";
import { createTopic } from "../topics.ts";
import { runProducerPerfTest } from "./produce.ts";

const RECORDS = 500_000;
const RECORD_BYTES = 1_024;
const PARTITIONS = 6;
/** The column of `kafka-consumer-perf-test` that leaves the wait for the group's first rebalance out. */
const FETCH_MEGABYTES_COLUMN = 8;
const MEGABYTES_COLUMN = 3;

/** Written once for each side; what is read comes from the page cache. */
const filledTopics = new WeakMap<RunningSide, string>();

/** A topic with {@link RECORDS} × share records of 1 KiB. */
export async function filledTopic(
  side: RunningSide,
  conditions: ContestConditions,
): Promise<{ readonly topic: string; readonly records: number; readonly megabytes: number }> {
  const records = Math.round(RECORDS * conditions.share);
  let topic = filledTopics.get(side);
  if (topic === undefined) {
    const shape = { partitions: PARTITIONS, replicas: 1 };
    topic = await createTopic(side, conditions.client, shape);
    const load = { topic, records, recordBytes: RECORD_BYTES, acks: "all" } as const;
    await runProducerPerfTest(side, conditions, load);
    filledTopics.set(side, topic);
  }
  return { topic, records, megabytes: (records * RECORD_BYTES) / 2 ** 20 };
}

export const consume: Contest = {
  name: "consume 1 KiB",
  brokers: 1,
  rounds: 5,
  disciplines: [
    { name: "kafka-consumer-perf-test, fetching", unit: "MB/s", better: "more", bar: 1 },
    { name: "with joining the group", unit: "MB/s", better: "more" },
    { name: "processor time of the broker", unit: "ms/MB", better: "less" },
  ],
  measure: async (side, conditions) => {
    const { topic, records, megabytes } = await filledTopic(side, conditions);
    const { result: run, msPerMegabyte } = await withProcessorTime(side, megabytes, () =>
      runKafkaTool(conditions.client, "consumer-perf-test", [
        ...["--bootstrap-server", side.bootstrap, "--topic", topic, "--messages", `${records}`],
        ...["--timeout", "60000"],
      ]),
    );
    const row = run.stdout.trim().split("\n").at(-1)?.split(", ") ?? [];
    const rates = [FETCH_MEGABYTES_COLUMN, MEGABYTES_COLUMN].map((column) => Number(row[column]));
    if (!rates.every((rate) => rate > 0)) {
      throw new Error(`kafka-consumer-perf-test: ${run.stdout}${run.stderr.slice(0, 2_000)}`);
    }
    return [...rates, msPerMegabyte];
  },
};
