import type { SimulationOptions } from "@zoolog/testkit";
import { GROUP_MUTATIONS } from "../../chaos/groups/group-mutations.ts";
import { MUTATIONS } from "../../chaos/mutations.ts";
import type { Canary } from "./canary.ts";

/** Records are on the disk before they are acknowledged. */
const SYNCED = { "log.flush": "fsync" };

/** Leaders come and go under a dense load, and leave behind what nobody else has. */
const RELAYS: Partial<SimulationOptions> = {
  ...{ seconds: 8, brokers: 3, partitions: 3, producers: 3, readers: 1, members: 1 },
  ...{ meanPauseMs: 30, meanRestMs: 500, faults: ["kill", "pause", "latency", "clog"] },
  workloads: ["idempotentProduce", "read", "leaderElection"],
  // Who was cut off leaves the ISR soon, so that the others go on.
  settings: { "replica.lag.time.max.ms": "1500", "replica.fetch.wait.max.ms": "50" },
};

/** Replicas join again and again, on disks that take now one and now another longest. */
const JOINS: Partial<SimulationOptions> = {
  ...RELAYS,
  ...{ seconds: 5, partitions: 1, meanRestMs: 300, faultsAtOnce: 2, faults: ["kill", "clog"] },
  settings: { ...RELAYS.settings, "replica.lag.time.max.ms": "500" },
  diskTimes: { other: [0, 0.02], write: [0, 12] },
};

/** Brokers lose what was not synced, and are back before anybody has missed them. */
const BOUNCES: Partial<SimulationOptions> = {
  ...RELAYS,
  faults: ["powerCut", "kill"],
  settings: { ...RELAYS.settings, "log.flush": "os", "zookeeper.session.timeout.ms": "10000" },
};

/** The mistakes that systems of this kind have made; each has to be noticed. */
const KNOWN_MISTAKES: readonly Canary[] = [
  {
    name: "truncate-to-the-high-watermark",
    about: "a follower begins an epoch by cutting its log at its high watermark (before KIP-101)",
    code: [
      {
        file: "replication/dist/partition/role-changes.js",
        find: "// What a crash left in the page cache is acknowledged by the first fetch.",
        replace:
          "if (log.highWatermark < log.logEndOffset) await log.truncateTo(log.highWatermark);",
      },
    ],
  },
  {
    name: "one-look-for-divergence",
    about:
      "a follower cuts where the leader's epoch ends and asks no second time, although another epoch before it may differ, too (before KIP-279)",
    options: {
      ...RELAYS,
      ...{ partitions: 1, meanRestMs: 900, faultsAtOnce: 1, faults: ["relay"] },
      workloads: ["idempotentProduce", "read"],
    },
    code: [
      {
        file: "replication/dist/follower/truncation-point.js",
        find: ": end.endOffset;",
        replace: ": leader.endOffset;",
      },
      {
        file: "replication/dist/follower/following.js",
        find: "await log.truncateTo(to);",
        replace: "await log.truncateTo(to);\n        this.hasLooked = true;",
      },
      {
        file: "replication/dist/follower/following.js",
        find: "return lastFetchedEpoch === undefined ? position",
        replace: "return lastFetchedEpoch === undefined || this.hasLooked ? position",
      },
      {
        file: "replication/dist/follower/following.js",
        find: "const isShorter = ",
        replace: "const isShorter = true || ",
      },
    ],
  },
  {
    name: "no-epochs-in-fetches",
    about: "a leader looks at neither epoch of a follower's fetch (before KIP-320)",
    options: RELAYS,
    code: [
      {
        file: "replication/dist/partition/leader-fence.js",
        find: "if (leaderEpoch === undefined || leaderEpoch === state.leaderEpoch)",
        replace: "if (true)",
      },
      {
        file: "replication/dist/leader/replica-fetch-verdict.js",
        find: "if (lastFetchedEpoch !== undefined) {",
        replace: "if (false) {",
      },
    ],
  },
  {
    name: "in-sync-before-the-start-of-the-epoch",
    about:
      "a replica joins the ISR at the high watermark of a new leader, which may be behind what was acknowledged (KAFKA-7128)",
    options: { ...RELAYS, faults: ["killAll", "kill", "clog"] },
    code: [
      {
        file: "replication/dist/leader/isr-rules.js",
        find: "return end >= view.highWatermark && end >= view.epochStartOffset;",
        replace: "return end >= view.highWatermark;",
      },
      {
        file: "replication/dist/leader/isr-rules.js",
        find: "if (endOffset === undefined || endOffset < view.epochStartOffset)",
        replace: "if (endOffset === undefined)",
      },
    ],
  },
  {
    name: "high-watermark-of-the-present-isr",
    about: "the high watermark does not wait for replicas whose joining is under way (KIP-497)",
    options: JOINS,
    code: [
      {
        file: "replication/dist/leader/leadership.js",
        find: "const counted = new Set(this.maximalIsr);",
        replace: "const counted = new Set(this.isr);",
      },
      {
        file: "replication/dist/leader/leadership.js",
        find: "if (this.#replicas.length > counted.size) {",
        replace: "if (false) {",
      },
    ],
  },
  {
    name: "acknowledged-before-it-is-synced",
    about: "with log.flush=fsync an append is acknowledged as soon as it is written",
    scenario: "S-06",
    options: { settings: SYNCED },
    code: [
      {
        file: "log/dist/append/log-writer.js",
        find: "if (!this.#state.acknowledgesSynced) {",
        replace: "if (true) {",
      },
    ],
  },
  {
    name: "names-are-not-synced",
    about: "folders are never synced, so that a power cut takes files along that were",
    scenario: "S-06",
    options: { settings: { ...SYNCED, "log.segment.bytes": "4096" } },
    code: [
      {
        file: "log/dist/volume/data-volume.js",
        find: "await this.fileSystem.syncDirectory(folder);",
        replace: "",
      },
    ],
  },
  {
    name: "damage-below-the-recovery-point-is-cut",
    about: "a start takes damage in synced records for a torn end, and cuts it off",
    scenario: "S-07",
    code: [
      {
        file: "log/dist/startup/log-loader.js",
        find: 'if (shutdown === "inOrder" || !isUnsynced) {',
        replace: "if (false) {",
      },
      {
        file: "log/dist/startup/log-loader.js",
        find: "this.#claims.checkEnd(logEndOffset);",
        replace: "",
      },
    ],
  },
  {
    name: "version-0-is-any-version",
    about:
      "what expects version 0 is written, or checked, without a condition; blocks of producer ids that are given twice for it do no harm, a coordinator that has a successor passes its fence",
    code: [
      {
        file: "zookeeper/dist/client/session/request-codec.js",
        find: "return version === undefined ? ANY_VERSION : int32(version",
        replace: "return !version ? ANY_VERSION : int32(version",
      },
    ],
  },
  {
    name: "controllers-write-without-a-fence",
    about: "writes of a controller do not compare the controller's epoch (KAFKA-6082)",
    code: [
      {
        file: "coordination/dist/fenced-multi.js",
        find: "const answer = this.#client.multi([this.#check, ...operations]);",
        replace: "const answer = this.#client.multi(operations);",
      },
      {
        file: "coordination/dist/fenced-multi.js",
        find: "results: results.slice(1) };",
        replace: "results };",
      },
    ],
  },
  {
    name: "lost-connections-taken-for-success",
    about:
      "what became of a write is not read after a lost connection, it is taken for done; writing it again, the mistake of others, does no harm where every write is compared or looked up",
    scenario: "S-09",
    code: [
      {
        file: "coordination/dist/fenced-multi.js",
        find: 'return { outcome: "lookNow" };',
        replace: 'return { outcome: "applied", results: [] };',
      },
    ],
  },
  {
    name: "bounces-are-not-seen",
    about: "a broker that registered anew between two looks counts as never away",
    options: BOUNCES,
    code: [
      {
        file: "controller/dist/leaders/leader-election.js",
        find: "return registered !== undefined && registered.brokerEpoch !== recordedEpoch(situation, member);",
        replace: "return false;",
      },
    ],
  },
  {
    name: "leads-what-a-former-life-was-given",
    about: "a broker that was started anew goes on as leader before the controller has seen that",
    options: BOUNCES,
    code: [
      {
        file: "broker/dist/runtimes/image/metadata-runtime.js",
        find: "return givenTo === undefined || givenTo !== brokerEpoch();",
        replace: "return false;",
      },
    ],
  },
  {
    name: "commits-of-any-generation",
    about: "a coordinator takes offsets from whoever sends them, member or not, of any epoch",
    scenario: "S-15",
    code: [
      {
        file: "group-coordinator/dist/commit-offsets.js",
        find: "const refusal = commitRefusal(group, event);",
        replace: "const refusal = undefined;",
      },
    ],
  },
  {
    name: "high-watermark-before-truncation",
    about:
      "a follower takes over the leader's high watermark before it has cut what the leader does not have (KAFKA-14704)",
    options: RELAYS,
    code: [
      {
        file: "replication/dist/follower/following.js",
        find: "if (answer.divergingEpoch !== undefined)",
        replace:
          "const early = Math.min(answer.highWatermark, this.log.logEndOffset);\n        if (early > this.log.highWatermark) this.#commit(early);\n        if (answer.divergingEpoch !== undefined)",
      },
    ],
  },
  {
    name: "failed-syncs-are-tried-again",
    about: "a sync that failed is tried once more, and its success believed (fsyncgate)",
    options: { ...RELAYS, faults: ["ioError"], meanRestMs: 300, settings: SYNCED },
    code: [
      {
        file: "log/dist/volume/data-volume.js",
        find: "            await file.datasync();",
        replace: "            await file.datasync().catch(() => file.datasync());",
      },
    ],
  },
  {
    name: "short-writes-count-as-whole",
    about: "how many bytes a write has taken is not looked at",
    scenario: "S-08",
    code: [
      {
        file: "base/dist/file-writes.js",
        find: "remaining -= written;",
        replace: "remaining -= remaining;",
      },
    ],
  },
  {
    name: "who-fetches-is-what-it-says",
    about:
      "a follower's fetch counts for whom it names: our fetch names nobody, so it is the credential that is not checked",
    options: { workloads: ["idempotentProduce", "forgedFetches"] },
    code: [
      {
        file: "broker/dist/broker-credential.js",
        find: "if (!isProved || !isInRange)",
        replace: "if (!isInRange)",
      },
    ],
  },
];

/** Those that also processes under real faults have to show; real time is none in a world. */
const OF_CHAOS: readonly Canary[] = [
  ...MUTATIONS.map(({ code, name }) => ({ code, name, options: RELAYS })),
  ...GROUP_MUTATIONS.filter(({ code }) =>
    code.every(({ replace }) => !replace.includes("setTimeout")),
  ).map(({ code, name }) => ({ code, name, scenario: "S-15" })),
].map((one) => ({ ...one, about: `of \`npm run chaos\`: ${one.name.replaceAll("-", " ")}` }));

export const CANARIES: readonly Canary[] = [...KNOWN_MISTAKES, ...OF_CHAOS];

/** @throws RangeError for a name that is none. */
export function canariesNamed(names: readonly string[]): readonly Canary[] {
  if (names.length === 0) return CANARIES;
  return names.map((name) => {
    const canary = CANARIES.find((one) => one.name === name);
    if (canary !== undefined) return canary;
    throw new RangeError(
      `there is no canary ${name}; there are ${CANARIES.map((one) => one.name).join(", ")}`,
    );
  });
}
