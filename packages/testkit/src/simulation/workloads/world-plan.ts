import type { SimulationOptions } from "../run/simulation-options.ts";
import type { TopicPromise } from "../world/world-topics.ts";

export const GROUP = "g";

export type TopicName = "t" | "u" | "kept" | "plain" | "again";

/** A topic that stands from the beginning of a world to its end. */
export type LastingTopic = {
  readonly name: TopicName;
  readonly partitions: number;
  readonly promise: TopicPromise;
  readonly isTrimmed: boolean;
  readonly configs: Readonly<Record<string, string>>;
};

const PLAIN = { isTrimmed: false, promise: "all", configs: {} } as const;

/** The topics that the workloads of a world need. */
export function topicsOf({ partitions, workloads }: SimulationOptions): readonly LastingTopic[] {
  const topics: LastingTopic[] = [{ ...PLAIN, name: "t", partitions }];
  if (workloads.includes("memberChurn")) topics.push({ ...PLAIN, name: "u", partitions: 2 });
  if (workloads.includes("plainProduce")) {
    const configs = { "min.insync.replicas": "1" };
    topics.push({ ...PLAIN, name: "plain", partitions: 2, promise: "counted", configs });
  }
  if (workloads.includes("retention")) {
    const configs = { "retention.bytes": "4096", "segment.bytes": "1024" };
    topics.push({ ...PLAIN, name: "kept", partitions: 2, isTrimmed: true, configs });
  }
  return topics;
}
