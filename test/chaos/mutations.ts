import type { FaultName } from "./faults.ts";
import type { CodeMutation } from "./mutated-build.ts";
import type { ChaosOptions } from "./options.ts";

/**
 * A deliberate mistake in the brokers, with the load and the faults under which it does harm. A clean
 * run counts for something because each of these is found.
 */
export type Mutation = {
  readonly name: string;
  readonly code: readonly CodeMutation[];
  readonly faults: readonly FaultName[];
  readonly options?: Partial<ChaosOptions>;
};

const SLOW_FETCHES = {
  "replica.fetch.max.bytes": "2048",
  "replica.fetch.response.max.bytes": "2048",
};

export const MUTATIONS: readonly Mutation[] = [
  {
    name: "acknowledge-before-the-isr-has-it",
    faults: ["kill"],
    code: [
      {
        file: "replication/dist/partition/leader-appends.js",
        find: 'if (options.requiredAcks !== "all")',
        replace: 'if (options.requiredAcks !== "nobody")',
      },
    ],
  },
  {
    name: "high-watermark-of-the-leader-alone",
    faults: ["kill"],
    code: [
      {
        file: "replication/dist/high-watermark.js",
        find: "for (const end of input.followerEndOffsets) {",
        replace: "for (const end of []) {",
      },
    ],
  },
  {
    name: "consumers-read-what-is-not-committed",
    faults: ["kill"],
    code: [
      {
        file: "replication/dist/partition/partition.js",
        find: "return this.#readAsLeader(request, (log) => log.highWatermark);",
        replace: "return this.#readAsLeader(request, (log) => log.logEndOffset);",
      },
    ],
  },
  {
    name: "no-check-of-sequences",
    faults: ["kill"],
    code: [
      {
        file: "log/dist/producers/producer-entry.js",
        find: "if (entry === undefined || producerId === undefined || epoch === undefined)",
        replace: "if (true)",
      },
    ],
  },
  {
    name: "followers-forget-producers",
    faults: ["kill"],
    code: [
      {
        file: "log/dist/append/log-writer.js",
        find: "producers.stage(batch, run.producers, now);",
        replace: 'if (append.origin === "leader") producers.stage(batch, run.producers, now);',
      },
    ],
  },
  {
    name: "leaders-from-outside-the-isr",
    faults: ["earlyRelay"],
    options: { settings: SLOW_FETCHES },
    code: [
      {
        file: "controller/dist/leaders/leader-election.js",
        find: "replicas.filter((r) => isr.includes(r) && mayLead(situation, r))",
        replace: "replicas.filter((r) => mayLead(situation, r))",
      },
      {
        file: "controller/dist/leaders/leader-election.js",
        find: 'return { leader: successor, isr, election: "clean" };',
        replace: 'return { leader: successor, isr: [successor], election: "clean" };',
      },
    ],
  },
  {
    name: "in-sync-at-the-first-fetch",
    faults: ["relay"],
    // A replica that was away has to fetch for seconds.
    options: { settings: SLOW_FETCHES },
    code: [
      {
        file: "replication/dist/leader/isr-rules.js",
        find: "return end >= view.highWatermark && end >= view.epochStartOffset;",
        replace: "return true;",
      },
    ],
  },
  {
    name: "no-look-for-divergence",
    faults: ["kill", "relay"],
    code: [
      {
        file: "replication/dist/leader/replica-fetch-verdict.js",
        find: "if (divergingEpoch !== undefined)",
        replace: "if (false)",
      },
    ],
  },
];
