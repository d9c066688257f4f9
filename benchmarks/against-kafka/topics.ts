import type { KafkaRelease } from "../../test/kafka/kafka-release.ts";
import { runKafkaTool } from "../../test/kafka/kafka-tools.ts";
import type { RunningSide } from "./side.ts";

let created = 0;

/** A topic of a new name; each run has its own, so that nothing is left of the one before. */
export async function createTopic(
  side: RunningSide,
  client: KafkaRelease,
  shape:
    | { readonly partitions: number; readonly replicas: number }
    /** Brokers of each partition, the leader first. */
    | { readonly assignment: readonly (readonly number[])[] },
): Promise<string> {
  const topic = `contest-${process.pid}-${++created}`;
  const words =
    "assignment" in shape
      ? ["--replica-assignment", shape.assignment.map((ids) => ids.join(":")).join()]
      : ["--partitions", `${shape.partitions}`, "--replication-factor", `${shape.replicas}`];
  await runTopics(side, client, ["--create", "--topic", topic, ...words]);
  return topic;
}

export async function deleteTopic(
  side: RunningSide,
  client: KafkaRelease,
  topic: string,
): Promise<void> {
  await runTopics(side, client, ["--delete", "--topic", topic]);
}

async function runTopics(
  { bootstrap }: RunningSide,
  client: KafkaRelease,
  args: readonly string[],
): Promise<void> {
  const words = ["--bootstrap-server", bootstrap, ...args];
  const { exitCode, stdout, stderr } = await runKafkaTool(client, "topics", words);
  if (exitCode !== 0) throw new Error(`kafka-topics ${args[0]}: ${stdout}${stderr}`);
}
