import type { Client } from "@zoolog/client";
import { NotedSends } from "../workloads/noted-sends.ts";
import type { WorkloadParts } from "../workloads/workload.ts";
import type { World } from "../world/world.ts";
import type { TopicLife } from "../world/world-topics.ts";

const LOOK_MS = 100;
/** For a record in a cluster that is whole, ms. */
const PROBE_MS = 15_000;

/** Resolves when all brokers serve, and each partition of these topics is led and has a full ISR. */
export async function whole(
  admin: Client,
  { lives, world }: { readonly lives: () => readonly TopicLife[]; readonly world: World },
): Promise<void> {
  for (;;) {
    const isUp = world.hosts.every(({ broker }) => broker !== undefined);
    const found = isUp ? await Promise.all(lives().map((life) => isWhole(admin, life))) : [false];
    if (found.every((one) => one)) return;
    await world.wait(LOOK_MS);
  }
}

async function isWhole({ admin }: Client, { name, topicId }: TopicLife): Promise<boolean> {
  const found = await admin.describeTopic(name).catch(() => undefined);
  if (found?.topicId !== topicId) return false;
  return found.partitions.every(
    (partition) =>
      !("error" in partition) &&
      partition.leader !== undefined &&
      partition.isr.length === partition.replicas.length,
  );
}

/** A new record in each partition is acknowledged. */
export async function probe(
  client: Client,
  { lives, parts }: { readonly lives: readonly TopicLife[]; readonly parts: WorkloadParts },
): Promise<void> {
  const producer = client.producer({ deliveryTimeoutMs: PROBE_MS });
  const sends = new NotedSends(parts);
  const outcomes = lives.flatMap(({ name, partitions }) =>
    Array.from({ length: partitions }, async (_, partition) => {
      const to = { topic: name, partition, key: undefined, paddingBytes: 0 };
      const failure = await sends.send(producer, to);
      if (failure !== undefined) throw new RangeError(failure);
    }),
  );
  await Promise.all(outcomes);
}
