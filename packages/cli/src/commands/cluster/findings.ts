/**
 * What the facts of a cluster mean: pure, so that each rule can be read and tested alone. A finding
 * says what, why it matters and what to do, in the words of the commands that show and mend it.
 */
import type { GroupLag, GroupListing, TopicDescription } from "@zoolog/client";
import { humanBytes, humanDuration, plural } from "../../output/quantity.ts";
import type { Finding } from "./finding.ts";
import { coordinatorsMissing, laggingGroups, stuckGroups } from "./group-findings.ts";

export type BrokerHealth = {
  readonly brokerId: number;
  readonly url: string;
  /** Why it did not answer. */
  readonly silent?: string | undefined;
  readonly ready?: boolean | undefined;
  /** As its `/health/ready` gives them. */
  readonly reasons: readonly string[];
  /** Its clock less ours, ms, to the second. */
  readonly clockOffsetMs?: number | undefined;
  readonly version?: string | undefined;
  readonly offlineReplicas?: number | undefined;
  readonly diskTotalBytes?: number | undefined;
  readonly diskFreeBytes?: number | undefined;
  /** With no more free than this it refuses appends. */
  readonly diskReservedBytes?: number | undefined;
  /** State of its session. */
  readonly zookeeper?: string | undefined;
};

export type ClusterFacts = {
  readonly controllerId: number | undefined;
  readonly brokers: readonly BrokerHealth[];
  readonly topics: readonly TopicDescription[];
  /** Groups that were asked for only to see whether anybody coordinates them. */
  readonly slotsProbed: number;
  readonly slotsWithoutCoordinator: number;
  readonly groups: readonly GroupListing[];
  /** Groups in the middle of a rebalance at both of two looks. */
  readonly stuckGroups: readonly GroupListing[];
  readonly lags: readonly GroupLag[];
  /** What could not be asked, and why. */
  readonly unknown: readonly string[];
};

export type FindingLimits = {
  /** A group further behind is worth a word, ms. */
  readonly lagMs: number;
};

/** Less than two segments of the default size: the next roll may be the last. */
const DISK_ROOM_BYTES_MIN = 2 * 1024 ** 3;
/** What is left should last until somebody has acted, also where disks are large and writes fast. */
const DISK_USED_MAX = 0.85;
/** Clocks that differ more make times of records and retention wrong; less may be the network. */
const CLOCK_DIFFERENCE_MS_MAX = 5_000;
/** Names in one line that people still read. */
const NAMED_MAX = 5;
const REPLICAS_WANTED = 2;

type Rule = (facts: ClusterFacts, limits: FindingLimits) => Finding[];

const RULES: readonly Rule[] = [
  noController,
  silentBrokers,
  missingBrokers,
  sessionsAway,
  unreadyBrokers,
  offlinePartitions,
  belowMinimumIsr,
  underReplicated,
  offlineReplicas,
  coordinatorsMissing,
  stuckGroups,
  laggingGroups,
  diskNearlyFull,
  clocksApart,
  versionsDiffer,
  leadersAway,
  singleReplicas,
  notAsked,
];

const ORDER: Readonly<Record<Finding["severity"], number>> = { critical: 0, warning: 1, note: 2 };

/** The worst first. */
export function findingsOf(facts: ClusterFacts, limits: FindingLimits): Finding[] {
  const findings = RULES.flatMap((rule) => rule(facts, limits));
  return findings.sort((a, b) => ORDER[a.severity] - ORDER[b.severity]);
}

export function isHealthy(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === "note");
}

function noController({ controllerId }: ClusterFacts): Finding[] {
  if (controllerId !== undefined) return [];
  return [
    {
      what: "no broker is the controller",
      severity: "critical",
      why: "nobody elects leaders, changes ISRs or creates topics until one is",
      todo: "Wait a few seconds; if it stays so, look whether ZooKeeper answers (zkCli.sh: get /controller) and at the brokers' logs.",
    },
  ];
}

function silentBrokers({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap(({ brokerId, silent, url }) =>
    silent === undefined
      ? []
      : [
          {
            what: `broker ${brokerId} is registered and does not answer at ${url}: ${silent}`,
            severity: "critical",
            why: "clients and the other brokers cannot reach what it leads",
            todo: "Is its process gone or frozen, or the advertised address wrong from here? Its log says which.",
          } as const,
        ],
  );
}

/** Brokers that have replicas and are not registered. */
function missingBrokers({ brokers, topics }: ClusterFacts): Finding[] {
  const live = new Set(brokers.map(({ brokerId }) => brokerId));
  const missing = new Map<number, number>();
  for (const { replicas } of topics.flatMap(({ partitions }) => partitions)) {
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

function unreadyBrokers({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap(({ brokerId, ready, reasons }) =>
    reasons.map((reason): Finding => {
      const isZooKeeper = /ZooKeeper/.test(reason);
      return {
        what: `broker ${brokerId}: ${reason}`,
        severity: ready === false ? "critical" : "warning",
        why: isZooKeeper
          ? "without ZooKeeper nobody is elected, and groups cannot commit"
          : ready === false
            ? "it says itself that it should be sent no clients"
            : "it serves, and says that something is wrong",
        todo: "docs/operating/running.md has a line on each of these reasons.",
      };
    }),
  );
}

type PartitionOf = { readonly topic: string } & TopicDescription["partitions"][number];

function partitionsOf(topics: readonly TopicDescription[]): PartitionOf[] {
  return topics.flatMap(({ partitions, topic }) => partitions.map((it) => ({ topic, ...it })));
}

function offlinePartitions({ topics }: ClusterFacts): Finding[] {
  return partitionsOf(topics)
    .filter(({ leader }) => leader === undefined)
    .slice(0, NAMED_MAX * 2)
    .map((it) => ({
      what: `${it.topic}-${it.partition} has no leader${it.offlineReason === undefined ? "" : `: ${it.offlineReason}`}`,
      severity: "critical",
      why: "nothing can be written to it or read from it",
      todo: wayBack(it),
    }));
}

function wayBack({ isr, partition, replicas, topic }: PartitionOf): string {
  const who = isr.length === 0 ? "one of its replicas" : `broker ${isr.join(" or ")}`;
  // An unclean election needs somebody to elect.
  const isOnlyCopy = isr.length > 0 && replicas.every((id) => isr.includes(id));
  return isOnlyCopy
    ? `Bring back ${who}: nobody else has a copy. If that is impossible its records are lost; delete the topic.`
    : `Bring back ${who}; if that is impossible: zoolog cluster elect-leaders --unclean --topic ${topic}:${partition} (acknowledged records are lost).`;
}

function minimumIsrOf({ configs }: TopicDescription): number {
  return Number(configs["min.insync.replicas"]?.value ?? 1);
}

function belowMinimumIsr({ topics }: ClusterFacts): Finding[] {
  const below = topics.flatMap((it) =>
    partitionsOf([it])
      .filter(({ isr, leader }) => leader !== undefined && isr.length < minimumIsrOf(it))
      .map((partition) => ({ ...partition, tooFew: partition.replicas.length < minimumIsrOf(it) })),
  );
  const finding = (some: readonly PartitionOf[], which: string, todo: string): Finding => ({
    what: `${plural(some.length, "partition")} ${which} min.insync.replicas: ${named(some.map(({ topic, partition }) => `${topic}-${partition}`))}`,
    severity: "critical",
    why: "acks=all is refused there (NOT_ENOUGH_REPLICAS)",
    todo,
  });
  const never = below.filter(({ tooFew }) => tooFew);
  const away = below.filter(({ tooFew }) => !tooFew);
  const [first] = never;
  const findings: Finding[] = [];
  if (away.length > 0) {
    const todo = `Bring broker ${absentOf(away)} back; producers go on by themselves then.`;
    findings.push(finding(away, "below", todo));
  }
  if (first !== undefined) {
    const todo = `No broker is missing: zoolog topic alter ${first.topic} -c min.insync.replicas=${first.replicas.length}.`;
    findings.push(finding(never, "with fewer replicas than", todo));
  }
  return findings;
}

/** Brokers that should be in sync and are not: `2, 3`. */
function absentOf(partitions: readonly PartitionOf[]): string {
  const absent = partitions.flatMap(({ isr, replicas }) =>
    replicas.filter((id) => !isr.includes(id)),
  );
  return [...new Set(absent)].sort((a, b) => a - b).join(", ");
}

function underReplicated({ topics }: ClusterFacts): Finding[] {
  const behind = partitionsOf(topics).filter(
    ({ isr, leader, replicas }) => leader !== undefined && isr.length < replicas.length,
  );
  if (behind.length === 0) return [];
  return [
    {
      what: `${plural(behind.length, "partition")} under-replicated: ${named(behind.map((it) => `${it.topic}-${it.partition}`))}; not in sync: broker ${absentOf(behind)}`,
      severity: "warning",
      why: "their newest records have fewer copies than asked for",
      todo: "Catching up after a restart passes by itself; else look at the disk and the log of those brokers.",
    },
  ];
}

function offlineReplicas({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap(({ brokerId, offlineReplicas: count = 0 }) =>
    count === 0
      ? []
      : [
          {
            what: `broker ${brokerId} does not serve ${plural(count, "replica")} that it has`,
            severity: "warning",
            why: "their logs failed: a disk, damage, or missing files",
            todo: "zoolog topic describe names the fault of each; its log has the whole story.",
          } as const,
        ],
  );
}

function diskNearlyFull({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap((broker): Finding[] => {
    const { brokerId, diskFreeBytes: free, diskReservedBytes: reserved = 0 } = broker;
    if (free === undefined) return [];
    const { diskTotalBytes: total } = broker;
    const used = total === undefined ? undefined : 1 - free / total;
    if (free - reserved >= DISK_ROOM_BYTES_MIN && (used ?? 0) < DISK_USED_MAX) return [];
    const share =
      total === undefined || used === undefined
        ? ""
        : ` of ${humanBytes(total)} (${Math.floor(used * 100)} % used)`;
    const kept = reserved > 0 ? `, ${humanBytes(reserved)} of it reserved` : "";
    return [
      {
        what: `the disk of broker ${brokerId} is nearly full: ${humanBytes(free)} free${share}${kept}`,
        severity: "warning",
        why: "a full disk refuses produce on every partition of that broker",
        todo: "Shorten retention (zoolog topic alter TOPIC -c retention.ms=…), trim (zoolog topic trim), or give it more disk.",
      },
    ];
  });
}

function sessionsAway({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap(({ brokerId, zookeeper }): Finding[] => {
    if (zookeeper === undefined || zookeeper === "connected") return [];
    return [
      {
        what: `the ZooKeeper session of broker ${brokerId} is ${zookeeper}`,
        severity: "critical",
        why: "it cannot be controller or coordinator, and will be taken for dead when its session ends",
        todo: "Can its host reach every server of zookeeper.connect? zkServer.sh status there says whether they serve.",
      },
    ];
  });
}

function clocksApart({ brokers }: ClusterFacts): Finding[] {
  const seen = brokers.flatMap(({ brokerId, clockOffsetMs }) =>
    clockOffsetMs === undefined ? [] : [{ brokerId, clockOffsetMs }],
  );
  const offsets = seen.map(({ clockOffsetMs }) => clockOffsetMs);
  const difference = Math.max(...offsets) - Math.min(...offsets);
  if (seen.length < 2 || difference <= CLOCK_DIFFERENCE_MS_MAX) return [];
  const clocks = seen.map((it) => `${it.brokerId}: ${(it.clockOffsetMs / 1_000).toFixed(0)} s`);
  return [
    {
      what: `clocks of brokers are ${humanDuration(difference)} apart (against ours: ${clocks.join(", ")})`,
      severity: "warning",
      why: "retention and reading by time go by timestamps; elections do not depend on clocks",
      todo: "Run NTP (chrony, systemd-timesyncd) on every host.",
    },
  ];
}

function versionsDiffer({ brokers }: ClusterFacts): Finding[] {
  const versions = new Set(brokers.flatMap(({ version }) => version ?? []));
  if (versions.size < 2) return [];
  return [
    {
      what: `brokers run different versions: ${[...versions].join(", ")}`,
      severity: "note",
      why: "in the middle of an upgrade that is as it should be",
      todo: "Finish the rolling restart.",
    },
  ];
}

function leadersAway({ brokers, topics }: ClusterFacts): Finding[] {
  const live = new Set(brokers.map(({ brokerId }) => brokerId));
  const away = partitionsOf(topics).filter(({ isr, leader, replicas }) => {
    const [preferred] = replicas;
    const couldLead = preferred !== undefined && live.has(preferred) && isr.includes(preferred);
    return leader !== undefined && couldLead && leader !== preferred;
  });
  if (away.length === 0) return [];
  return [
    {
      what: `${plural(away.length, "partition")} not led by the preferred replica`,
      severity: "note",
      why: "after a restart some brokers do more than their share",
      todo: "It passes within leader.imbalance.check.interval.ms; at once: zoolog cluster elect-leaders.",
    },
  ];
}

function singleReplicas({ brokers, topics }: ClusterFacts): Finding[] {
  if (brokers.length < REPLICAS_WANTED) return [];
  const single = topics
    .filter(({ partitions }) => partitions.some(({ replicas }) => replicas.length === 1))
    .map(({ topic }) => topic);
  if (single.length === 0) return [];
  return [
    {
      what: `${plural(single.length, "topic")} with one replica only: ${named(single)}`,
      severity: "note",
      why: "when that broker is gone, so are they",
      todo: "Create such topics with --replication-factor 3; default.replication.factor sets it for all.",
    },
  ];
}

function notAsked({ unknown }: ClusterFacts): Finding[] {
  return unknown.map((what) => ({
    what: `not looked at: ${what}`,
    severity: "warning",
    why: "what nobody answers cannot be judged",
    todo: "Look at the brokers first, then run this again.",
  }));
}

function named(names: readonly string[]): string {
  const more = names.length - NAMED_MAX;
  const shown = names.slice(0, NAMED_MAX).join(", ");
  return more > 0 ? `${shown} and ${more} more` : shown;
}
