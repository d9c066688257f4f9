/**
 * What the facts of a cluster mean: pure, so that each rule can be read and tested alone. A finding
 * says what, why it matters and what to do, in the words of the commands that show and mend it.
 */
import type { GroupLag, GroupListing, TopicDescription } from "@zoolog/client";
import { humanBytes, humanDuration, plural } from "../../output/quantity.ts";
import type { Finding } from "./finding.ts";
import {
  coordinatorsMissing,
  laggingGroups,
  recordsMissed,
  stuckGroups,
} from "./group-findings.ts";
import { unresolvedKafkaHosts, withoutKafka } from "./kafka-findings.ts";
import {
  belowMinimumIsr,
  missingBrokers,
  named,
  offlinePartitions,
  partitionsOf,
  underReplicated,
} from "./partition-findings.ts";

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
  /** Names by which Kafka clients reach it; `undefined` while nobody says. */
  readonly kafkaListeners?: readonly string[] | undefined;
  /** Those of them whose host has no address here, with that host. */
  readonly unresolvedKafka?: readonly { readonly listener: string; readonly host: string }[];
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
  withoutKafka,
  unresolvedKafkaHosts,
  groupsWithoutCoordinator,
  stuckGroups,
  laggingGroups,
  recordsMissed,
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

function noController({ brokers, controllerId }: ClusterFacts): Finding[] {
  if (controllerId !== undefined || isOutage(brokers)) return [];
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

function groupsWithoutCoordinator(facts: ClusterFacts): Finding[] {
  return isOutage(facts.brokers) ? [] : coordinatorsMissing(facts);
}

/** Reasons of `/health/ready` that a session that is away explains. */
const OF_SESSIONS = /^(?:ZooKeeper does not answer|The broker is not registered in ZooKeeper)/;

function unreadyBrokers({ brokers }: ClusterFacts): Finding[] {
  return brokers.flatMap((broker) => {
    const { brokerId, ready, reasons } = broker;
    const told = isSessionAway(broker) ? reasons.filter((it) => !OF_SESSIONS.test(it)) : reasons;
    return told.map((reason): Finding => {
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
    });
  });
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

/** One finding for all: it is one outage, whoever tells of it. */
function sessionsAway({ brokers, unknown }: ClusterFacts): Finding[] {
  const away = brokers.filter(isSessionAway);
  if (away.length === 0) return [];
  const states = [...new Set(away.map(({ zookeeper }) => zookeeper))].join(", ");
  const whose = `${away.length === 1 ? "session of broker" : "sessions of brokers"} ${away.map(({ brokerId }) => brokerId).join(", ")}`;
  const unasked =
    isOutage(brokers) && unknown.length > 0 ? `; not looked at: ${unknown.join(", ")}` : "";
  return [
    {
      what: `the ZooKeeper ${whose} ${away.length === 1 ? "is" : "are"} ${states}`,
      severity: "critical",
      why: `nobody is elected there and groups cannot commit${unasked}`,
      todo: "Can its host reach every server of zookeeper.connect? zkServer.sh status there says whether they serve.",
    },
  ];
}

function isSessionAway({ zookeeper }: BrokerHealth): boolean {
  return zookeeper !== undefined && zookeeper !== "connected";
}

/** No broker that says so has a session: what needs ZooKeeper fails everywhere for that reason. */
function isOutage(brokers: readonly BrokerHealth[]): boolean {
  const told = brokers.filter(({ zookeeper }) => zookeeper !== undefined);
  return told.length > 0 && told.every(isSessionAway);
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

function notAsked({ brokers, unknown }: ClusterFacts): Finding[] {
  if (isOutage(brokers)) return [];
  return unknown.map((what) => ({
    what: `not looked at: ${what}`,
    severity: "warning",
    why: "what nobody answers cannot be judged",
    todo: "Look at the brokers first, then run this again.",
  }));
}
