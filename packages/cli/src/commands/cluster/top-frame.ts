/** One picture of `zoolog top`, made of two looks: what moved in between, and how fast. Pure. */
import type { ClusterDescription, GroupLag, TopicDescription } from "@zoolog/client";
import type { Colours } from "../../output/colour.ts";
import { humanBytes, humanCount } from "../../output/quantity.ts";
import { type Column, tableLines } from "../../output/table.ts";
import type { BrokerFacts } from "../broker/broker-facts.ts";
import { behind } from "../group/lag-rows.ts";

/** What the cluster is at one moment. */
export type Look = {
  /** Monotonic, ms. */
  readonly at: number;
  readonly cluster: ClusterDescription;
  readonly brokers: readonly BrokerFacts[];
  /** By broker: each knows its own replicas. */
  readonly replicas: ReadonlyMap<number, readonly TopicDescription[]>;
  readonly lags: readonly GroupLag[];
};

type TopTopic = {
  readonly topic: string;
  readonly partitions: number;
  readonly records: number;
  readonly sizeBytes: number;
  readonly recordsPerSecond: number;
};

type TopBroker = {
  readonly brokerId: number;
  readonly isController: boolean;
  readonly leaders: number | undefined;
  readonly replicas: number | undefined;
  readonly logBytes: number | undefined;
  readonly diskFreeBytes: number | undefined;
  /** Of the partitions that it leads. */
  readonly recordsPerSecond: number;
  readonly silent: string | undefined;
};

type TopGroup = {
  readonly group: string;
  readonly state: string;
  readonly lag: number;
  readonly lagMs: number | undefined;
  readonly lagPerSecond: number;
};

/** What `-o json` has, and what is drawn. */
export type TopPicture = {
  readonly clusterId: string;
  readonly recordsPerSecond: number;
  readonly offlinePartitions: number;
  readonly underReplicatedPartitions: number;
  readonly brokers: readonly TopBroker[];
  readonly topics: readonly TopTopic[];
  readonly groups: readonly TopGroup[];
};

export function topPicture(before: Look, now: Look): TopPicture {
  const seconds = Math.max(0.001, (now.at - before.at) / 1_000);
  const was = partitionsOf(before);
  const is = partitionsOf(now);
  const rates = new Map<string, number>();
  for (const [name, { end }] of is) {
    const former = was.get(name)?.end ?? end;
    rates.set(name, Math.max(0, end - former) / seconds);
  }
  const topics = topicsOf(is, rates);
  const leaderRates = new Map<number, number>();
  for (const [name, { leader }] of is) {
    if (leader === undefined) continue;
    leaderRates.set(leader, (leaderRates.get(leader) ?? 0) + (rates.get(name) ?? 0));
  }
  const lagsBefore = new Map(before.lags.map(({ group, lag }) => [group, lag]));
  return {
    clusterId: now.cluster.clusterId,
    recordsPerSecond: topics.reduce((sum, topic) => sum + topic.recordsPerSecond, 0),
    offlinePartitions: now.cluster.offlinePartitionCount,
    underReplicatedPartitions: now.cluster.underReplicatedPartitionCount,
    brokers: now.brokers.map((it) => ({
      brokerId: it.brokerId,
      isController: it.isController,
      leaders: it.leaders,
      replicas: it.replicas,
      logBytes: it.logBytes,
      diskFreeBytes: it.diskFreeBytes,
      recordsPerSecond: leaderRates.get(it.brokerId) ?? 0,
      silent: it.silent,
    })),
    topics: topics.sort(
      (a, b) => b.recordsPerSecond - a.recordsPerSecond || b.sizeBytes - a.sizeBytes,
    ),
    groups: now.lags
      .map(({ group, lag, lagMs, state }) => ({
        group,
        state,
        lag,
        lagMs,
        lagPerSecond: (lag - (lagsBefore.get(group) ?? lag)) / seconds,
      }))
      .sort((a, b) => b.lag - a.lag),
  };
}

type PartitionNow = {
  readonly topic: string;
  readonly leader: number | undefined;
  readonly start: number;
  readonly end: number;
  readonly sizeBytes: number;
};

/** Each partition as its leader has it; where that says nothing, as whoever is furthest. */
function partitionsOf({ replicas }: Look): Map<string, PartitionNow> {
  const found = new Map<string, PartitionNow & { readonly isLeaders: boolean }>();
  for (const [brokerId, topics] of replicas) {
    for (const { partitions, topic } of topics) {
      for (const entry of partitions) {
        const { highWatermark: end, leader, logStartOffset: start = 0, sizeBytes = 0 } = entry;
        if (end === undefined) continue;
        const name = `${topic}-${entry.partition}`;
        const known = found.get(name);
        const isLeaders = leader === brokerId;
        if (known !== undefined && (known.isLeaders || (!isLeaders && known.end >= end))) continue;
        found.set(name, { topic, leader, start, end, sizeBytes, isLeaders });
      }
    }
  }
  return found;
}

function topicsOf(
  partitions: ReadonlyMap<string, PartitionNow>,
  rates: ReadonlyMap<string, number>,
): TopTopic[] {
  const topics = new Map<string, TopTopic>();
  for (const [name, { end, sizeBytes, start, topic }] of partitions) {
    const sum = topics.get(topic);
    topics.set(topic, {
      topic,
      partitions: (sum?.partitions ?? 0) + 1,
      records: (sum?.records ?? 0) + end - start,
      sizeBytes: (sum?.sizeBytes ?? 0) + sizeBytes,
      recordsPerSecond: (sum?.recordsPerSecond ?? 0) + (rates.get(name) ?? 0),
    });
  }
  return [...topics.values()];
}

const BROKER_COLUMNS: readonly Column<TopBroker>[] = [
  { title: "BROKER", value: ({ brokerId }) => brokerId, align: "right" },
  { title: "ROLE", value: ({ isController }) => (isController ? "controller" : undefined) },
  { title: "RECORDS/S", value: (it) => humanCount(it.recordsPerSecond), align: "right" },
  { title: "LEADERS", value: ({ leaders }) => leaders, align: "right" },
  { title: "REPLICAS", value: ({ replicas }) => replicas, align: "right" },
  { title: "SIZE", value: ({ logBytes }) => bytes(logBytes), align: "right" },
  { title: "FREE", value: ({ diskFreeBytes }) => bytes(diskFreeBytes), align: "right" },
];

const TOPIC_COLUMNS: readonly Column<TopTopic>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "RECORDS/S", value: (it) => humanCount(it.recordsPerSecond), align: "right" },
  { title: "RECORDS", value: ({ records }) => humanCount(records), align: "right" },
  { title: "SIZE", value: ({ sizeBytes }) => bytes(sizeBytes), align: "right" },
  { title: "PARTITIONS", value: ({ partitions }) => partitions, align: "right" },
];

const GROUP_COLUMNS: readonly Column<TopGroup>[] = [
  { title: "GROUP", value: ({ group }) => group },
  { title: "STATE", value: ({ state }) => state },
  { title: "LAG", value: ({ lag }) => humanCount(lag), align: "right" },
  { title: "CHANGE/S", value: ({ lagPerSecond }) => change(lagPerSecond), align: "right" },
  { title: "BEHIND", value: ({ lagMs }) => behind(lagMs), align: "right" },
];

/** Titles, blank lines, and the line that says how to end it. */
const LINES_BESIDE_ROWS = 9;

/** The picture on so many lines: brokers all, then topics and groups by turns. */
export function topLines(picture: TopPicture, colours: Colours, rows: number): string[] {
  const { bold } = colours;
  const room = Math.max(2, rows - LINES_BESIDE_ROWS - picture.brokers.length);
  const groupRoom = Math.min(picture.groups.length, Math.max(1, Math.floor(room / 2)));
  const topicRoom = Math.max(1, room - groupRoom);
  return [
    headLine(picture, colours),
    "",
    ...tableLines(picture.brokers, BROKER_COLUMNS, bold),
    "",
    ...tableLines(picture.topics.slice(0, topicRoom), TOPIC_COLUMNS, bold),
    "",
    ...(picture.groups.length === 0
      ? ["no groups"]
      : tableLines(picture.groups.slice(0, groupRoom), GROUP_COLUMNS, bold)),
  ];
}

function headLine(picture: TopPicture, { green, red, yellow }: Colours): string {
  const { brokers, offlinePartitions, recordsPerSecond, underReplicatedPartitions } = picture;
  const health =
    offlinePartitions > 0
      ? red(`${offlinePartitions} partitions OFFLINE`)
      : underReplicatedPartitions > 0
        ? yellow(`${underReplicatedPartitions} partitions under-replicated`)
        : green("all partitions in sync");
  return `${brokers.length} brokers, ${humanCount(recordsPerSecond)} records/s, ${health}`;
}

function bytes(count: number | undefined): string | undefined {
  return count === undefined ? undefined : humanBytes(count);
}

function change(perSecond: number): string {
  const rounded = Math.round(perSecond);
  return rounded > 0 ? `+${humanCount(rounded)}` : humanCount(rounded);
}
