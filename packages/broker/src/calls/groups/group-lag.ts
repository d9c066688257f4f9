import type { BrokerId, Clock, Logger } from "@zoolog/base";
import { errorMessage, type Scheduler, ZoologError } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type { ClusterImage } from "@zoolog/controller";
import type { CommittedOffset, GroupStore } from "@zoolog/coordination";
import type { GroupState } from "@zoolog/group-coordinator";
import type {
  DescribeOffsetsRequest,
  DescribeOffsetsResponse,
  GroupLagResponse,
  ItemError,
} from "@zoolog/protocol";
import { httpAddressOf, urlOf } from "../../broker-address.ts";
import type { GroupRuntime } from "../../runtimes/groups/group-runtime.ts";
import { within } from "../../within.ts";
import { ownersOf, stateName } from "./group-views.ts";
import { isOfThisTopic, partitionKey } from "./offset-calls.ts";

export type GroupLagParts = {
  readonly brokerId: BrokerId;
  readonly runtime: GroupRuntime;
  readonly store: Pick<GroupStore, "readOffsets">;
  readonly peers: PeerCalls;
  /** The answer of this broker's own leaders. */
  readonly describeOffsets: (request: DescribeOffsetsRequest) => Promise<DescribeOffsetsResponse>;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

type GroupLag = Exclude<GroupLagResponse["groups"][number], { readonly error: unknown }>;
type PartitionLag = GroupLag["topics"][number]["partitions"][number];

/**
 * Leaders answer from memory and one read of their logs. One that does not is named as the reason,
 * and the others are shown.
 */
const LEADER_TIMEOUT_MS = 3_000;

/** Partitions in one question to a leader: each may cost it a read. */
const PARTITIONS_PER_CALL_MAX = 1_000;

/** One partition of a group that is asked about. */
type Wanted = {
  readonly topic: string;
  readonly partition: number;
  readonly committed: CommittedOffset | undefined;
  readonly memberId: string | undefined;
};

/** The ends of a partition, as its leader says, or why they are missing. */
type Ends = DescribeOffsetsResponse["topics"][number]["partitions"][number];

/** How far one group is behind, from ZooKeeper and the leaders of its partitions. */
export async function groupLag(
  groupId: string,
  state: GroupState,
  parts: GroupLagParts,
): Promise<GroupLag> {
  const { image } = parts.runtime;
  const wanted = await wantedPartitions(groupId, state, parts);
  const ends = image === undefined ? new Map<string, Ends>() : await endsOf(wanted, image, parts);
  const now = parts.clock.now();
  const topics = new Map<string, PartitionLag[]>();
  for (const one of wanted) {
    const partitions = topics.get(one.topic) ?? [];
    partitions.push(partitionLag(one, ends.get(partitionKey(one)), { state, now }));
    topics.set(one.topic, partitions);
  }
  const all = [...topics.values()].flat();
  const ages = all.flatMap(({ lagMs }) => lagMs ?? []);
  return {
    group: groupId,
    state: stateName(state),
    topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })),
    lag: all.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
    ...(ages.length === 0 ? {} : { lagMs: ages.reduce((a, b) => Math.max(a, b)) }),
    unanswered: all.filter(({ error }) => error !== undefined).length,
  };
}

/** What the group has committed or reads right now, in the order of topics and partitions. */
async function wantedPartitions(
  groupId: string,
  state: GroupState,
  { store, runtime }: GroupLagParts,
): Promise<readonly Wanted[]> {
  const { image } = runtime;
  const { value } = await store.readOffsets(groupId, "all");
  const wanted = new Map<string, Wanted>();
  for (const stored of value) {
    if (!isOfThisTopic(stored, image)) continue;
    const { topic, partition, committed } = stored;
    wanted.set(partitionKey(stored), { topic, partition, committed, memberId: undefined });
  }
  for (const { memberId, topics } of ownersOf(state, runtime.context().topics)) {
    for (const { topic, partitions } of topics) {
      for (const partition of partitions) {
        const key = partitionKey({ topic, partition });
        const committed = wanted.get(key)?.committed;
        wanted.set(key, { topic, partition, committed, memberId });
      }
    }
  }
  const byPlace = (a: Wanted, b: Wanted): number =>
    a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
  return [...wanted.values()].sort(byPlace);
}

async function endsOf(
  wanted: readonly Wanted[],
  image: ClusterImage,
  parts: GroupLagParts,
): Promise<ReadonlyMap<string, Ends>> {
  const ends = new Map<string, Ends>();
  const byLeader = new Map<BrokerId, Wanted[]>();
  for (const one of wanted) {
    const leader = image.topics.get(one.topic)?.partitions[one.partition]?.leader;
    if (leader === undefined) {
      const error = { code: "LEADER_NOT_AVAILABLE", message: "the partition has no leader" };
      ends.set(partitionKey(one), { partition: one.partition, error });
      continue;
    }
    const ofLeader = byLeader.get(leader) ?? [];
    ofLeader.push(one);
    byLeader.set(leader, ofLeader);
  }
  const asking: Promise<void>[] = [];
  for (const [leader, ofLeader] of byLeader) {
    for (let from = 0; from < ofLeader.length; from += PARTITIONS_PER_CALL_MAX) {
      const some = ofLeader.slice(from, from + PARTITIONS_PER_CALL_MAX);
      asking.push(askLeader(leader, some, { image, ends, parts }));
    }
  }
  await Promise.all(asking);
  return ends;
}

async function askLeader(
  leader: BrokerId,
  wanted: readonly Wanted[],
  into: {
    readonly image: ClusterImage;
    readonly ends: Map<string, Ends>;
    readonly parts: GroupLagParts;
  },
): Promise<void> {
  const { image, ends, parts } = into;
  try {
    const { topics } = await describeAt(leader, requestOf(wanted), image, parts);
    for (const { topic, partitions } of topics) {
      for (const one of partitions) {
        ends.set(partitionKey({ topic, partition: one.partition }), one);
      }
    }
  } catch (error) {
    parts.logger.debug("leader did not tell its offsets", { leader, error: errorMessage(error) });
    const told = unanswered(leader, error);
    for (const one of wanted) {
      ends.set(partitionKey(one), { partition: one.partition, error: told });
    }
  }
}

function describeAt(
  leader: BrokerId,
  request: DescribeOffsetsRequest,
  image: ClusterImage,
  { brokerId, describeOffsets, peers, scheduler }: GroupLagParts,
): Promise<DescribeOffsetsResponse> {
  const timeoutMs = LEADER_TIMEOUT_MS;
  if (leader === brokerId) {
    const onTimeout = (): Error => new Error(`not answered within ${timeoutMs} ms`);
    return within(describeOffsets(request), { timeoutMs, scheduler, onTimeout });
  }
  const address = httpAddressOf(image.brokers.get(leader)?.endpoints ?? []);
  if (address === undefined) return Promise.reject(new Error("no address of it is known"));
  return peers.call(urlOf(address), "describe-offsets", request, { timeoutMs });
}

function requestOf(wanted: readonly Wanted[]): DescribeOffsetsRequest {
  const topics = new Map<
    string,
    DescribeOffsetsRequest["topics"][number]["partitions"][number][]
  >();
  for (const { topic, partition, committed } of wanted) {
    const partitions = topics.get(topic) ?? [];
    partitions.push(
      committed === undefined ? { partition } : { partition, offset: committed.offset },
    );
    topics.set(topic, partitions);
  }
  return { topics: [...topics].map(([topic, partitions]) => ({ topic, partitions })) };
}

function unanswered(leader: BrokerId, error: unknown): ItemError {
  const code = error instanceof ZoologError ? error.code : "BROKER_NOT_AVAILABLE";
  return { code, message: `broker ${leader}, which leads it: ${errorMessage(error)}` };
}

function partitionLag(
  { partition, committed, memberId }: Wanted,
  ends: Ends | undefined,
  { state, now }: { readonly state: GroupState; readonly now: number },
): PartitionLag {
  return {
    partition,
    ...(committed === undefined ? {} : committedFields(committed)),
    ...(memberId === undefined ? {} : memberFields(memberId, state)),
    ...endFields(committed, ends, now),
  };
}

function committedFields(committed: CommittedOffset): Partial<PartitionLag> {
  const { offset, leaderEpoch, committedAt, metadata } = committed;
  const shown = { committed: offset, committedAt, metadata };
  return leaderEpoch === undefined ? shown : { ...shown, committedLeaderEpoch: leaderEpoch };
}

function memberFields(memberId: string, state: GroupState): Partial<PartitionLag> {
  const member = state.members.get(memberId);
  if (member === undefined) return { memberId };
  const { groupInstanceId, clientId, clientHost } = member;
  const shown = { memberId, clientId, clientHost };
  return groupInstanceId === undefined ? shown : { ...shown, groupInstanceId };
}

/**
 * A group that stands before the log start has lost what lies between: it counts from what is there.
 * One past the end (the log was cut by an unclean election) is not behind.
 */
function endFields(
  committed: CommittedOffset | undefined,
  ends: Ends | undefined,
  now: number,
): Partial<PartitionLag> {
  if (ends === undefined) {
    const message = "the leader did not speak of this partition";
    return { error: { code: "LEADER_NOT_AVAILABLE", message } };
  }
  if ("error" in ends) return { error: ends.error };
  const { logStartOffset, highWatermark, timestamp } = ends;
  if (committed === undefined) return { logStartOffset, highWatermark };
  const from = Math.max(committed.offset, logStartOffset);
  const lag = Math.max(0, highWatermark - from);
  const lagMs = lag === 0 ? 0 : ageOf(timestamp, now);
  return { logStartOffset, highWatermark, lag, ...(lagMs === undefined ? {} : { lagMs }) };
}

/** Clocks of producers may run ahead of ours. */
function ageOf(timestamp: number | undefined, now: number): number | undefined {
  return timestamp === undefined ? undefined : Math.max(0, now - timestamp);
}
