import { wholeBelow } from "../chance.ts";
import { whenKnown } from "../world/known-topics.ts";
import type { TopicLife } from "../world/world-topics.ts";
import { ERRAND_MS, Errands, type ErrandTools } from "./errands.ts";
import type { Workload, WorkloadParts } from "./workload.ts";

const STAY_MS = { least: 200, more: 3_000 };
const PARTITIONS_MAX = 3;

/**
 * A topic that is deleted and made anew under the same name, again and again. The last life stays:
 * what was acknowledged in it is in its log, and nothing of those before.
 */
export function recreatedTopic(
  options: { readonly name: string; readonly replicationFactor: number },
  parts: WorkloadParts,
): Workload {
  return new Errands(
    { name: "recreator", meanRestMs: 150 },
    {
      parts,
      errand: async (tools) => {
        const life = await create(options, tools);
        await tools.world.wait(STAY_MS.least + STAY_MS.more * tools.chance.next());
        await remove(life, tools);
      },
      tidy: async (tools) => {
        const life = await create(options, tools);
        if (life.deletedAt === undefined) return;
        // Its deletion was asked for, and nobody knows whether it is still under way.
        await remove(life, tools);
        throw new RangeError(`${life.name} is deleted`);
      },
    },
  );
}

/** The life that is there, whoever asked for it: an answer may have been lost. */
async function create(
  { name, replicationFactor }: { readonly name: string; readonly replicationFactor: number },
  tools: ErrandTools,
): Promise<TopicLife> {
  const { chance, client, topics, world } = tools;
  const partitions = 1 + wholeBelow(chance, PARTITIONS_MAX);
  const limits = { timeoutMs: ERRAND_MS };
  const asked = { topic: name, partitions, replicationFactor };
  await client.admin.createTopic(asked, limits).catch(() => {});
  const found = await client.admin.describeTopic(name, limits);
  const { topicId } = found;
  const known = topics.byId(topicId);
  if (known !== undefined) return known;
  const life = topics.add({
    name,
    topicId,
    promise: "all",
    isLasting: false,
    isTrimmed: false,
    partitions: found.partitions.length,
    partitionsMax: found.partitions.length,
    knownAt: undefined,
    deletedAt: undefined,
  });
  void whenKnown(world, life);
  return life;
}

async function remove(life: TopicLife, { client, world }: ErrandTools): Promise<void> {
  // From now on it may be gone, whatever is answered.
  life.deletedAt ??= world.schedule.nowMs;
  const { name, topicId } = life;
  await client.admin.deleteTopic(name, { timeoutMs: ERRAND_MS, topicId });
}
