import { runKafkaTool } from "../../../test/kafka/kafka-tools.ts";
import type { Contest, ContestConditions } from "../contest.ts";
import { withProcessorTime } from "../processor-time.ts";
import type { RunningSide } from "../side.ts";
import { createTopic, deleteTopic } from "../topics.ts";

const PARTITIONS = 6;

/** What `kafka-producer-perf-test` writes; settings of the producer not named are its defaults. */
export type ProducerLoad = {
  readonly topic: string;
  readonly records: number;
  readonly recordBytes: number;
  readonly acks: "1" | "all";
};

/** Answers megabytes (2^20) per second and the 99th percentile of the latency in ms. */
export async function runProducerPerfTest(
  { bootstrap }: RunningSide,
  { client }: ContestConditions,
  { topic, records, recordBytes, acks }: ProducerLoad,
): Promise<readonly [megabytesPerSecond: number, p99Ms: number]> {
  const { stdout, stderr } = await runKafkaTool(client, "producer-perf-test", [
    ...["--topic", topic, "--num-records", `${records}`, "--record-size", `${recordBytes}`],
    ...["--throughput", "-1", "--producer-props", `bootstrap.servers=${bootstrap}`],
    `acks=${acks}`,
  ]);
  const line = stdout.split("\n").findLast((one) => one.includes("99th")) ?? "";
  const rate = /\(([\d.]+) MB\/sec\)/.exec(line)?.[1];
  const p99 = /([\d.]+) ms 99th/.exec(line)?.[1];
  const sent = /^(\d+) records sent/.exec(line)?.[1];
  if (rate === undefined || p99 === undefined || Number(sent) !== records) {
    throw new Error(`kafka-producer-perf-test: ${line}\n${stderr.slice(0, 2_000)}`);
  }
  return [Number(rate), Number(p99)];
}

function produceContest(options: {
  readonly name: string;
  readonly brokers: 1 | 3;
  readonly records: number;
  readonly recordBytes: number;
  readonly acks: "1" | "all";
  readonly bar: number;
}): Contest {
  const { name, brokers, recordBytes, acks, bar } = options;
  return {
    name,
    brokers,
    rounds: 5,
    disciplines: [
      { name: "kafka-producer-perf-test", unit: "MB/s", better: "more", bar },
      { name: "its p99 at full speed", unit: "ms", better: "less" },
      { name: "processor time of the brokers", unit: "ms/MB", better: "less" },
    ],
    measure: async (side, conditions) => {
      const { client, share } = conditions;
      const topic = await createTopic(side, client, { partitions: PARTITIONS, replicas: brokers });
      const records = Math.round(options.records * share);
      const megabytes = (records * recordBytes) / 2 ** 20;
      try {
        const { result, msPerMegabyte } = await withProcessorTime(side, megabytes, () =>
          runProducerPerfTest(side, conditions, { topic, records, recordBytes, acks }),
        );
        return [...result, msPerMegabyte];
      } finally {
        await deleteTopic(side, client, topic);
      }
    },
  };
}

export const produceKibibyte = produceContest({
  name: "produce 1 KiB RF 1 acks=1",
  brokers: 1,
  records: 500_000,
  recordBytes: 1_024,
  acks: "1",
  bar: 0.8,
});

export const produceSmall = produceContest({
  name: "produce 100 B RF 1 acks=1",
  brokers: 1,
  records: 2_500_000,
  recordBytes: 100,
  acks: "1",
  bar: 0.8,
});

export const produceReplicated = produceContest({
  name: "produce 1 KiB RF 3 acks=all",
  brokers: 3,
  records: 200_000,
  recordBytes: 1_024,
  acks: "all",
  bar: 0.7,
});
