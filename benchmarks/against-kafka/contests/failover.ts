import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { javaCommandLine } from "../../../test/kafka/java-process.ts";
import type { Contest, ContestConditions } from "../contest.ts";
import type { RunningSide } from "../side.ts";
import { createTopic } from "../topics.ts";

const PARTITIONS = 100;
/** Leads all of them; the broker that started first, broker 1, is the controller where one is. */
const VICTIM = 3;
const PROGRAM = "benchmarks/against-kafka/clients/Takeover.java";
const RUN_MS_MAX = 180_000;

/** kill -9 of the broker that leads 100 partitions, with the timeouts that both have by default. */
export const failover: Contest = {
  name: "failover of 100 partitions RF 3",
  brokers: "its own",
  rounds: 3,
  disciplines: [{ name: "kill -9 until each took a record", unit: "ms", better: "less", bar: 0.2 }],
  measure: async (make, conditions) => {
    const side = await make.start(3);
    try {
      const assignment = Array.from({ length: PARTITIONS }, (_, partition) =>
        partition % 2 === 0 ? [VICTIM, 1, 2] : [VICTIM, 2, 1],
      );
      const topic = await createTopic(side, conditions.client, { assignment });
      return [await takeoverMs(side, conditions, topic)];
    } finally {
      await side.close();
    }
  },
};

async function takeoverMs(
  side: RunningSide,
  { client }: ContestConditions,
  topic: string,
): Promise<number> {
  const args = [side.bootstrap, topic, `${PARTITIONS}`];
  const command = { classpath: client.classpath, main: PROGRAM, args, jvm: ["-Xmx512m"] };
  const [program = "java", ...words] = javaCommandLine(command);
  const child = spawn(program, words, { stdio: ["pipe", "pipe", "ignore"], timeout: RUN_MS_MAX });
  const killed: { at?: number } = {};
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "ready") {
      killed.at = performance.now();
      await side.kill(VICTIM);
      child.stdin.end("\n");
    } else if (killed.at !== undefined) {
      return performance.now() - killed.at;
    }
  }
  throw new Error("the producer ended before every partition took a record");
}
