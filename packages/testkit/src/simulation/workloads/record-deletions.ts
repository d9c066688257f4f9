import { wholeBelow } from "../chance.ts";
import { ERRAND_MS, Errands, type ErrandTools } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

/** Records at the beginning of a topic's partitions are deleted for good. */
export function recordDeletions(topic: string, parts: WorkloadParts): Workload {
  return new Errands(
    { name: "trimmer", meanRestMs: 1_500 },
    { parts, errand: (tools) => deleteRecords(topic, tools) },
  );
}

async function deleteRecords(topic: string, tools: ErrandTools): Promise<void> {
  const { chance, client, history, topics, world } = tools;
  const life = topics.lasts(topic);
  if (life === undefined) return;
  const limits = { timeoutMs: ERRAND_MS };
  const partition = wholeBelow(chance, life.partitions);
  const ends = await client.admin.listOffsets(topic, "latest", {
    ...limits,
    partitions: [partition],
  });
  const end = ends.get(partition)?.offset ?? 0;
  // Sometimes more than there is.
  const before = chance.next() < 0.2 ? "highWatermark" : Math.floor(1.1 * end * chance.next());
  const { deletedBelow } = world;
  const key = `${topic}-${partition}`;
  const known = deletedBelow.get(key) ?? 0;
  deletedBelow.set(
    key,
    before === "highWatermark" ? Number.POSITIVE_INFINITY : Math.max(known, before),
  );
  const lows = await client.admin.deleteRecords(topic, new Map([[partition, before]]), limits);
  const low = lows.get(partition);
  if (low === undefined) return;
  deletedBelow.set(key, Math.max(known, low));
  history.trimmed.push({ topicId: life.topicId, partition, before: low });
}
