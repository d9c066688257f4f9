/** What clients may do in a world: `workloads.ts` says how. */
export const WORKLOAD_NAMES = [
  "idempotentProduce",
  "producerCrashes",
  "plainProduce",
  "read",
  "group",
  "memberChurn",
  "topicRecreation",
  "partitionAddition",
  "retention",
  "configChange",
  "adminReads",
  "leaderElection",
  "forgedFetches",
  "staleCommits",
] as const;

export type WorkloadName = (typeof WORKLOAD_NAMES)[number];
