import { callBroker } from "@zoolog/testkit";
import type { ChaosBroker } from "./chaos-broker.ts";

export type PartitionPicture = {
  readonly partition: number;
  readonly leader?: number;
  readonly leaderEpoch: number;
  readonly replicas: readonly number[];
  readonly isr: readonly number[];
};

type Described = {
  readonly topics: readonly { readonly partitions?: readonly PartitionPicture[] }[];
};

/** What one broker knows of a topic; nothing when it does not answer in time. */
export async function pictureOf(
  { url }: ChaosBroker,
  topic: string,
): Promise<readonly PartitionPicture[]> {
  try {
    const { body } = await callBroker(url, "describe-topics", { topics: [topic] });
    return (body as Described).topics[0]?.partitions ?? [];
  } catch {
    return [];
  }
}

/** What anybody knows who answers. */
export async function anyPicture(
  brokers: readonly ChaosBroker[],
  topic: string,
): Promise<readonly PartitionPicture[]> {
  for (const broker of brokers) {
    const picture = await pictureOf(broker, topic);
    if (picture.length > 0) return picture;
  }
  return [];
}

/**
 * Every partition is led and every replica in sync, and every broker says so: one that was cut off
 * still shows what was, and who may not be elected is in sync, too.
 */
export async function isWhole(brokers: readonly ChaosBroker[], topic: string): Promise<boolean> {
  const pictures = await Promise.all(brokers.map((broker) => pictureOf(broker, topic)));
  const inSync = pictures.map((picture) =>
    picture.length > 0 &&
    picture.every((one) => one.leader !== undefined && one.isr.length === one.replicas.length)
      ? picture.map(({ leader, leaderEpoch }) => `${leader} ${leaderEpoch}`).join()
      : undefined,
  );
  return inSync[0] !== undefined && inSync.every((leaders) => leaders === inSync[0]);
}
