import { runKafkaTool } from "../../../test/kafka/kafka-tools.ts";
import type { Contest } from "../contest.ts";
import { createTopic, deleteTopic } from "../topics.ts";

const RATE = 5_000;
const SECONDS = 20;
/** Until the client's code is compiled. */
const WARM_UP_SECONDS = 10;
const PARTITIONS = 6;
/** Java compiles it in memory at each start. */
const PROGRAM = { main: "benchmarks/against-kafka/clients/EndToEnd.java" };

export const endToEnd: Contest = {
  name: "end to end at 5000/s 1 KiB RF 1",
  brokers: 1,
  rounds: 3,
  disciplines: [
    { name: "p50", unit: "ms", better: "less" },
    { name: "p99", unit: "ms", better: "less", bar: 1 },
  ],
  measure: async (side, { client, share }) => {
    const topic = await createTopic(side, client, { partitions: PARTITIONS, replicas: 1 });
    const seconds = Math.max(1, Math.round(SECONDS * share));
    const numbers = [PARTITIONS, RATE, seconds, WARM_UP_SECONDS].map(String);
    try {
      const run = await runKafkaTool(client, PROGRAM, [side.bootstrap, topic, ...numbers]);
      const figures = run.stdout.trim().split(" ").map(Number);
      if (run.exitCode !== 0 || figures.length !== 2) throw new Error(run.stderr.slice(0, 2_000));
      return figures;
    } finally {
      await deleteTopic(side, client, topic);
    }
  },
};
