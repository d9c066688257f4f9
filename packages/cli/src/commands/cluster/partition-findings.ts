/** What the facts of partitions mean. */
import type { TopicDescription } from "@zoolog/client";
import { plural } from "../../output/quantity.ts";
import type { Finding } from "./finding.ts";

/** Of `ClusterFacts`, what these rules look at. */
type PartitionFacts = {
  readonly brokers: readonly { readonly brokerId: number }[];
  readonly topics: readonly TopicDescription[];
};

type PartitionOf = { readonly topic: string } & TopicDescription["partitions"][number];

/** Names in one line that people still read. */
const NAMED_MAX = 5;

export function partitionsOf(topics: readonly TopicDescription[]): PartitionOf[] {
  return topics.flatMap(({ partitions, topic }) => partitions.map((it) => ({ topic, ...it })));
}

/** Brokers that have replicas and are not registered. */
export function missingBrokers({ brokers, topics }: PartitionFacts): Finding[] {
  const live = liveIds(brokers);
  const missing = new Map<number, number>();
  for (const { replicas } of partitionsOf(topics)) {
    for (const id of replicas) if (!live.has(id)) missing.set(id, (missing.get(id) ?? 0) + 1);
  }
  return [...missing]
    .sort(([a], [b]) => a - b)
    .map(([id, replicas]) => ({
      what: `broker ${id} is missing; ${plural(replicas, "replica")} should be there`,
      severity: "warning",
      why: "each of its partitions has one copy less, and one more loss may stop acks=all",
      todo: `Start it; if its host is gone for good, start another one with broker.id ${id} and an empty folder.`,
    }));
}

export function offlinePartitions({ brokers, topics }: PartitionFacts): Finding[] {
  const live = liveIds(brokers);
  return partitionsOf(topics)
    .filter(({ leader }) => leader === undefined)
    .slice(0, NAMED_MAX * 2)
    .map((it) => ({
      what: `${nameOf(it)} has no leader${it.offlineReason === undefined ? "" : `: ${it.offlineReason}`}`,
      severity: "critical",
      why: "nothing can be written to it or read from it",
      todo: `${wayBack(it, live)} ${lastResort(it)}`,
    }));
}

/** What each member of the ISR lacks: its broker, the files of the replica, or the right folder. */
function wayBack(partition: PartitionOf, live: ReadonlySet<number>): string {
  const { isr, offlineReason = "", offlineReplicas } = partition;
  if (isr.length === 0) return "Bring back one of its replicas.";
  const away = isr.filter((id) => !live.has(id));
  const failed = isr.filter((id) => live.has(id) && offlineReplicas.includes(id));
  const doubted = isr.filter((id) => live.has(id) && !offlineReplicas.includes(id));
  const ways = [
    ...(away.length === 0 ? [] : [`start broker ${away.join(" or ")}`]),
    ...(failed.length === 0
      ? []
      : [
          `restore the files of ${nameOf(partition)} on broker ${failed.join(" or ")} (its log names them) and start it again`,
        ]),
    ...(doubted.length === 0
      ? []
      : /data folder/.test(offlineReason)
        ? [
            `stop broker ${doubted.join(" or ")}, mount the data folder that it ran on last, start it`,
          ]
        : [
            `broker ${doubted.join(" or ")} is there, but records may be missing from its log: restore them and start it again`,
          ]),
  ];
  const text = ways.join("; or ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** An unclean election needs somebody to elect: a replica whose broker and log are there. */
function lastResort({ offlineReplicas, partition, replicas, topic }: PartitionOf): string {
  const isElectable = replicas.some((id) => !offlineReplicas.includes(id));
  return isElectable
    ? `If that is impossible: zoolog cluster elect-leaders --unclean --topic ${topic}:${partition} (acknowledged records are lost).`
    : "No other copy can lead; if that is impossible its records are lost: delete the topic.";
}

/** As brokers count: a topic with fewer replicas than its minimum needs all of them (KIP-966). */
function minimumIsrOf({ configs }: TopicDescription, { replicas }: PartitionOf): number {
  return Math.min(Number(configs["min.insync.replicas"]?.value ?? 1), replicas.length);
}

export function belowMinimumIsr({ topics }: PartitionFacts): Finding[] {
  const below = topics.flatMap((it) =>
    partitionsOf([it]).filter(
      (partition) =>
        partition.leader !== undefined && partition.isr.length < minimumIsrOf(it, partition),
    ),
  );
  if (below.length === 0) return [];
  return [
    {
      what: `${plural(below.length, "partition")} below min.insync.replicas: ${named(below.map(nameOf))}`,
      severity: "critical",
      why: "acks=all is refused there (NOT_ENOUGH_REPLICAS)",
      todo: `Bring broker ${absentOf(below)} back; producers go on by themselves then.`,
    },
  ];
}

/** Those of a broker that is missing are told of with it: only its start brings them back. */
export function underReplicated({ brokers, topics }: PartitionFacts): Finding[] {
  const live = liveIds(brokers);
  const behind = partitionsOf(topics).filter(
    ({ isr, leader, replicas }) =>
      leader !== undefined && replicas.some((id) => live.has(id) && !isr.includes(id)),
  );
  if (behind.length === 0) return [];
  return [
    {
      what: `${plural(behind.length, "partition")} under-replicated: ${named(behind.map(nameOf))}; not in sync: broker ${absentOf(behind, live)}`,
      severity: "warning",
      why: "their newest records have fewer copies than asked for",
      todo: "Catching up after a restart passes by itself; else look at the disk and the log of those brokers.",
    },
  ];
}

/** Brokers that should be in sync and are not: `2, 3`. */
function absentOf(partitions: readonly PartitionOf[], among?: ReadonlySet<number>): string {
  const absent = partitions.flatMap(({ isr, replicas }) =>
    replicas.filter((id) => !isr.includes(id) && (among?.has(id) ?? true)),
  );
  return [...new Set(absent)].sort((a, b) => a - b).join(", ");
}

function nameOf({ partition, topic }: PartitionOf): string {
  return `${topic}-${partition}`;
}

function liveIds(brokers: PartitionFacts["brokers"]): ReadonlySet<number> {
  return new Set(brokers.map(({ brokerId }) => brokerId));
}

export function named(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  const shown = names.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
