import { assert, type BrokerId } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { isMalformed } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { chunked } from "../multi-chunks.ts";
import { topicPath } from "../paths.ts";
import type { NewPartitionZnodes, PartitionStateWrite } from "../port/controller-writer.ts";
import { decodeTopic, encodeTopic, type TopicZnode } from "../znodes/topic-znode.ts";
import { writePartitionStates } from "./partition-writes.ts";
import { firstOperations, type TopicCreation } from "./topic-creation.ts";

export type PartitionAddition = {
  readonly outcome: "added" | "changed" | "unreadable";
  readonly overtaken: TopicCreation["overtaken"];
};

/**
 * The first multi writes the topic znode, over exactly what it was, with as many partitions as fit;
 * after it the topic has them all. Whoever is controller when that is interrupted finds those that
 * are missing without a state, and writes it.
 */
export async function addPartitions(
  multi: FencedMulti,
  addition: NewPartitionZnodes,
): Promise<PartitionAddition> {
  const { topic, topicId, existing, partitions } = addition;
  const assignment = [...existing, ...partitions.map(({ replicas }) => replicas)];
  const path = topicPath(topic);
  const data = encodeTopic({ topicId, assignment });
  const write = (version: number): Operation => ({ type: "setData", path, data, version });
  const [first = [], ...others] = chunked<"topic" | number>(
    ["topic", ...partitions.keys()],
    (item) => (item === "topic" ? [write(0)] : operationsOf(addition, item)),
  );
  let together = first.filter((item) => item !== "topic");
  let rest = others.flat().filter((item) => item !== "topic");
  for (;;) {
    const found = await readTopic(multi, topic);
    if (found === "gone") return { outcome: "changed", overtaken: [] };
    if (found === "unreadable") return { outcome: "unreadable", overtaken: [] };
    const { znode, version } = found;
    // Ours already: the connection was lost after it. States that are there are found to be ours.
    const isOurs = znode.topicId === topicId && sameAssignment(znode.assignment, assignment);
    if (isOurs) {
      rest = [...together, ...rest];
      break;
    }
    if (znode.topicId !== topicId || !sameAssignment(znode.assignment, existing)) {
      return { outcome: "changed", overtaken: [] };
    }
    const operations = together.flatMap((partition) => operationsOf(addition, partition));
    const result = await multi.run([write(version), ...operations]);
    if (result.outcome === "applied") break;
    // Something stands where a partition belongs: each is looked at when the topic has been written.
    if (result.outcome === "refused" && result.index > 0) {
      rest = [...together, ...rest];
      together = [];
    }
  }
  const written = await writePartitionStates(
    multi,
    rest.map((item) => stateWrite(addition, item)),
  );
  const overtaken = written.filter((result) => result.outcome === "conflict");
  return { outcome: "added", overtaken };
}

async function readTopic(
  multi: FencedMulti,
  topic: string,
): Promise<{ readonly znode: TopicZnode; readonly version: number } | "gone" | "unreadable"> {
  const found = await multi.read((client) => ifThere(client.getData(topicPath(topic))));
  if (found === undefined) return "gone";
  try {
    return { znode: decodeTopic(topic, found.data), version: found.stat.version };
  } catch (error) {
    if (isMalformed(error)) return "unreadable";
    throw error;
  }
}

function sameAssignment(
  a: readonly (readonly BrokerId[])[],
  b: readonly (readonly BrokerId[])[],
): boolean {
  return a.length === b.length && a.every((replicas, i) => replicas.join() === b[i]?.join());
}

function operationsOf(addition: NewPartitionZnodes, item: number): readonly Operation[] {
  const { topic, partition, state } = stateWrite(addition, item);
  return firstOperations(topic, partition, state);
}

function stateWrite(addition: NewPartitionZnodes, item: number): PartitionStateWrite {
  const { topic, existing, partitions } = addition;
  const state = partitions[item]?.state;
  assert(state !== undefined, "each new partition has a state");
  return { topic, partition: existing.length + item, expectedPartitionEpoch: undefined, state };
}
