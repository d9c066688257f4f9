import { ERRAND_MS, Errands, type ErrandTools } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

const PARTITIONS_MAX = 12;

/** A topic gets more partitions while it is written and read. */
export function partitionAdditions(topic: string, parts: WorkloadParts): Workload {
  return new Errands(
    { name: "partition-adder", meanRestMs: 2_500 },
    {
      parts,
      errand: (tools) => addPartition(topic, tools),
      // An answer that was lost may have been a yes.
      tidy: (tools) => lookAt(topic, tools),
    },
  );
}

async function addPartition(topic: string, tools: ErrandTools): Promise<void> {
  const life = tools.topics.lasts(topic);
  if (life === undefined || life.partitionsMax >= PARTITIONS_MAX) return;
  const count = life.partitions + 1;
  life.partitionsMax = Math.max(life.partitionsMax, count);
  await tools.client.admin.createPartitions(topic, count, { timeoutMs: ERRAND_MS });
  life.partitions = Math.max(life.partitions, count);
}

async function lookAt(topic: string, { client, topics }: ErrandTools): Promise<void> {
  const life = topics.lasts(topic);
  const { partitions } = await client.admin.describeTopic(topic, { timeoutMs: ERRAND_MS });
  if (life !== undefined) life.partitions = Math.max(life.partitions, partitions.length);
}
