import type { TopicPartition } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { malformed, topicTooLarge } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import { MULTI_BYTES_MAX } from "../limits.ts";
import { chunked, operationBytes } from "../multi-chunks.ts";
import { configPath, partitionPath, partitionsPath, statePath, topicPath } from "../paths.ts";
import type { PartitionState } from "../port/cluster-snapshot.ts";
import type { NewTopicZnodes, PartitionStateWrite } from "../port/controller-writer.ts";
import { encodeConfig } from "../znodes/config-znode.ts";
import { encodePartitionState } from "../znodes/partition-state-znode.ts";
import { decodeTopic, encodeSpareTopicId, encodeTopic } from "../znodes/topic-znode.ts";
import { writePartitionStates } from "./partition-writes.ts";

export type TopicCreation = {
  readonly outcome: "created" | "exists";
  /** Partitions whose state somebody else wrote meanwhile. */
  readonly overtaken: readonly TopicPartition[];
};

/**
 * The first multi holds config, topic and as many partitions as fit; after it the topic exists. The
 * other partitions follow. Whoever is controller when that is interrupted finds them without state
 * and writes it.
 */
export async function createTopic(
  multi: FencedMulti,
  topic: NewTopicZnodes,
): Promise<TopicCreation> {
  const head = headOperations(topic);
  const headBytes = head.reduce((sum, operation) => sum + operationBytes(operation), 0);
  if (headBytes > MULTI_BYTES_MAX) throw topicTooLarge(topic.name, headBytes, MULTI_BYTES_MAX);

  const [first = [], ...others] = chunked<"head" | number>(
    ["head", ...topic.partitions.keys()],
    (item) => (item === "head" ? head : partitionOperations(topic, item)),
  );
  const partitions = first.filter((item) => item !== "head");
  const outcome = await createHead(multi, topic, [
    ...head,
    ...partitions.flatMap((partition) => partitionOperations(topic, partition)),
  ]);
  if (outcome === "exists") return { outcome, overtaken: [] };

  const rest = others.flat().filter((item) => item !== "head");
  const written = await writePartitionStates(
    multi,
    rest.flatMap((partition) => stateWrite(topic, partition)),
  );
  return { outcome, overtaken: written.filter((result) => result.outcome === "conflict") };
}

const CONFIG_OPERATION = 0;
const EMPTY = new Uint8Array(0);

function headOperations(topic: NewTopicZnodes): readonly Operation[] {
  const { name, topicId } = topic;
  const assignment = topic.partitions.map(({ replicas }) => replicas);
  return [
    { type: "create", path: configPath("topic", name), data: encodeConfig(topic.configs) },
    { type: "create", path: topicPath(name), data: encodeTopic({ topicId, assignment }) },
    { type: "create", path: partitionsPath(name), data: encodeSpareTopicId(topicId) },
  ];
}

async function createHead(
  multi: FencedMulti,
  topic: NewTopicZnodes,
  operations: readonly Operation[],
): Promise<"created" | "exists"> {
  const path = topicPath(topic.name);
  let attempt = operations;
  for (;;) {
    const outcome = await multi.run(attempt);
    if (outcome.outcome === "applied") return "created";
    const there = await multi.read((client) => ifThere(client.getData(path)));
    if (there !== undefined) return isOurs(topic, there.data) ? "created" : "exists";
    if (outcome.outcome === "lookNow") continue;
    if (outcome.index !== CONFIG_OPERATION) {
      throw malformed(path, `cannot be created (${outcome.code}): something beside it is amiss`);
    }
    // Config that was set for the name before, or left behind by a former topic: replaced.
    attempt = outcome.code === "NODE_EXISTS" ? replacingConfig(operations) : operations;
  }
}

function replacingConfig([config, ...others]: readonly Operation[]): readonly Operation[] {
  if (config?.type !== "create") return others;
  return [{ type: "setData", path: config.path, data: config.data }, ...others];
}

/** The topic id was drawn for this creation: nobody else can have written it. */
function isOurs(topic: NewTopicZnodes, data: Uint8Array): boolean {
  try {
    return decodeTopic(topic.name, data).topicId === topic.topicId;
  } catch {
    return false;
  }
}

function partitionOperations(topic: NewTopicZnodes, partition: number): readonly Operation[] {
  const state = topic.partitions[partition]?.state;
  return state === undefined ? [] : firstOperations(topic.name, partition, state);
}

/** What makes a partition that was never there. */
export function firstOperations(
  topic: string,
  partition: number,
  state: PartitionState,
): readonly Operation[] {
  return [
    { type: "create", path: partitionPath(topic, partition), data: EMPTY },
    { type: "create", path: statePath(topic, partition), data: encodePartitionState(state) },
  ];
}

function stateWrite(topic: NewTopicZnodes, partition: number): readonly PartitionStateWrite[] {
  const state = topic.partitions[partition]?.state;
  if (state === undefined) return [];
  return [{ topic: topic.name, partition, expectedPartitionEpoch: undefined, state }];
}
