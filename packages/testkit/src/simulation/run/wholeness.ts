import type { Client } from "@zoolog/client";
import { NotedSends } from "../workloads/noted-sends.ts";
import type { WorkloadParts } from "../workloads/workload.ts";
import { OBSERVER } from "../world/known-topics.ts";
import type { World } from "../world/world.ts";
import type { TopicLife } from "../world/world-topics.ts";

const LOOK_MS = 100;
/** A follower may still wait for an answer that was lost, for as long as `ANSWER_TIMEOUT_MS`. */
const PROBE_MS = 45_000;
const OPERATOR_MS = 1_000;

/**
 * Resolves when all brokers serve and know who leads each partition of these topics, and each has a
 * full ISR.
 */
export async function whole(
  admin: Client,
  { lives, world }: { readonly lives: () => readonly TopicLife[]; readonly world: World },
): Promise<void> {
  for (;;) {
    const isUp = world.hosts.every(({ broker }) => broker !== undefined);
    const found = isUp ? await Promise.all(lives().map((life) => isWhole(admin, life))) : [false];
    if (found.every((one) => one) && (await areKnown(world, lives()))) return;
    await world.wait(LOOK_MS);
  }
}

/** A broker whose controller has answered into nowhere may know less than the others for a while. */
async function areKnown(world: World, lives: readonly TopicLife[]): Promise<boolean> {
  const request = { topics: lives.map(({ name }) => name), allowAutoTopicCreation: false };
  const answers = await Promise.all(
    world.hosts.map(({ broker }) => broker?.api.metadata(request, OBSERVER)),
  ).catch(() => [undefined]);
  return answers.every((answer) =>
    lives.every(({ partitions, topicId }) =>
      answer?.topics.some(
        (topic) =>
          "partitions" in topic &&
          topic.topicId === topicId &&
          topic.partitions.length >= partitions &&
          topic.partitions.every(({ leader }) => leader !== undefined),
      ),
    ),
  );
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

/**
 * An operator who accepts that records are lost: elects whoever is left, where nobody can be elected
 * without loss. Ends with `isDone`.
 */
export async function acceptLosses(
  { admin }: Client,
  { isDone, world }: { readonly isDone: () => boolean; readonly world: World },
): Promise<void> {
  for (;;) {
    await world.wait(OPERATOR_MS);
    if (isDone()) return;
    await admin.electLeaders("unclean", { timeoutMs: OPERATOR_MS }).catch(() => {});
  }
}

/** A new record in each partition is acknowledged. */
export async function probe(
  client: Client,
  { lives, parts }: { readonly lives: readonly TopicLife[]; readonly parts: WorkloadParts },
): Promise<void> {
  const producer = client.producer({ deliveryTimeoutMs: PROBE_MS });
  const sends = new NotedSends(parts);
  const failures = await Promise.all(
    lives.flatMap(({ name, partitions }) =>
      Array.from({ length: partitions }, (_, partition) => {
        const to = { topic: name, partition, key: undefined, paddingBytes: 0 };
        return sends.send(producer, to);
      }),
    ),
  );
  await producer.close();
  const failure = failures.find((one) => one !== undefined);
  if (failure !== undefined) throw new RangeError(failure);
}
