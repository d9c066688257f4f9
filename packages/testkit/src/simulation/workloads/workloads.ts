import type { SimulationOptions } from "../run/simulation-options.ts";
import { mayLose } from "../scenarios/scenarios.ts";
import { adminReads } from "./admin-reads.ts";
import { configChanges } from "./config-changes.ts";
import { FollowingReaders } from "./following-readers.ts";
import { forgedFetches } from "./forged-fetches.ts";
import { GroupMembers } from "./group-members.ts";
import { leaderElections } from "./leader-elections.ts";
import { partitionAdditions } from "./partition-additions.ts";
import { Producers, type ProducersOptions } from "./producers.ts";
import { recordDeletions } from "./record-deletions.ts";
import { recreatedTopic } from "./recreated-topic.ts";
import { staleCommits } from "./stale-commits.ts";
import type { Workload, WorkloadParts } from "./workload.ts";
import { WORKLOAD_NAMES, type WorkloadName } from "./workload-names.ts";
import { GROUP, type TopicName, topicsOf } from "./world-plan.ts";

type Make = (options: SimulationOptions, parts: WorkloadParts) => readonly Workload[];

/**
 * What clients do, by name; each seed has some of them. Topics: `t` is written and read by all, `u`
 * by groups as well, `kept` loses its oldest records, `plain` promises little, `again` comes and goes.
 */
const WORKLOADS: Readonly<Record<WorkloadName, Make>> = {
  /** Idempotent producers: by keys, by partitions, in batches, several under way. */
  idempotentProduce: (options, parts) => [
    new Producers({ ...writing(options), topics: namesOf(options, ["t", "u", "kept"]) }, parts),
  ],
  /** Some of all producers die now and then. */
  producerCrashes: () => [],
  /** Without idempotence, acknowledged by the leader alone: losses and duplicates are counted. */
  plainProduce: (options, parts) => [
    new Producers(
      { ...writing(options), name: "plain", producers: 1, topics: ["plain"], acks: "leader" },
      parts,
    ),
  ],
  read: (options, parts) => [
    new FollowingReaders(
      { readers: options.readers, topics: namesOf(options, ["t", "kept", "again"]) },
      parts,
    ),
  ],
  group: (options, parts) => [
    new GroupMembers(
      {
        group: GROUP,
        members: options.members,
        topics: namesOf(options, ["t", "u"]),
        isRestless: options.workloads.includes("memberChurn"),
        outlivesLosses: mayLose(options),
      },
      parts,
    ),
  ],
  /** Members of the group join, leave, die, stand still and change what they subscribe to. */
  memberChurn: () => [],
  topicRecreation: (options, parts) => [
    recreatedTopic({ name: "again", replicationFactor: 3 }, parts),
    new Producers(
      { ...writing(options), name: "recreated", producers: 1, topics: ["again"] },
      parts,
    ),
  ],
  partitionAddition: (_, parts) => [partitionAdditions("t", parts)],
  retention: (_, parts) => [recordDeletions("kept", parts)],
  configChange: ({ settings }, parts) => [
    configChanges({ topic: "t", isFlushFixed: "log.flush" in settings }, parts),
  ],
  adminReads: (_, parts) => [adminReads({ topic: "t", group: GROUP }, parts)],
  leaderElection: (_, parts) => [leaderElections(parts)],
  /** Somebody who is no broker says to be one. */
  forgedFetches: (_, parts) => [forgedFetches("t", parts)],
  /** Members of the group commit in the name of an epoch that is over. */
  staleCommits: (_, parts) => [staleCommits({ topic: "t", group: GROUP }, parts)],
};

export function makeWorkloads(
  options: SimulationOptions,
  parts: WorkloadParts,
): readonly Workload[] {
  const wanted = WORKLOAD_NAMES.filter((name) => options.workloads.includes(name));
  return wanted.flatMap((name) => WORKLOADS[name](options, parts));
}

function writing(options: SimulationOptions): Omit<ProducersOptions, "topics"> {
  return {
    name: "producer",
    producers: options.producers,
    meanPauseMs: options.meanPauseMs,
    acks: "all",
    crashes: options.workloads.includes("producerCrashes") ? 0.02 : 0,
    impatientMs: 3_000,
  };
}

/** Of these topics, those that there are. */
function namesOf(options: SimulationOptions, wanted: readonly TopicName[]): TopicName[] {
  const names = topicsOf(options).map(({ name }) => name);
  if (options.workloads.includes("topicRecreation")) names.push("again");
  return wanted.filter((name) => names.includes(name));
}
