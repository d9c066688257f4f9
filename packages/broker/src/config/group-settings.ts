import { integer, type Parsed, type Setting } from "./setting.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const ASSIGNORS = ["uniform", "range"] as const;

type Assignor = (typeof ASSIGNORS)[number];

/** Settings of consumer groups: a part of the broker's table. */
export const groupSettings = {
  groupInitialRebalanceDelayMs: integer({
    dynamic: "cluster",
    byDefault: 3 * SECOND,
    min: 0,
    max: 5 * MINUTE,
    about:
      "How long the first rebalance of a classic group waits for more members, so that those " +
      "started together are not rebalanced one by one. 0 where members come one at a time.",
  }),
  groupMinSessionTimeoutMs: integer({
    dynamic: "cluster",
    byDefault: 6 * SECOND,
    min: 1,
    max: 30 * MINUTE,
    about: "Shortest session timeout that a classic member may choose.",
  }),
  groupMaxSessionTimeoutMs: integer({
    dynamic: "cluster",
    byDefault: 30 * MINUTE,
    min: 1,
    max: 24 * HOUR,
    about: "Longest session timeout that a classic member may choose.",
  }),
  groupMaxSize: integer({
    dynamic: "cluster",
    byDefault: 1_000,
    min: 1,
    max: 10_000,
    about: "Members of one group; a rebalance asks all of them.",
  }),
  groupConsumerSessionTimeoutMs: integer({
    dynamic: "cluster",
    byDefault: 45 * SECOND,
    min: 1 * SECOND,
    max: 30 * MINUTE,
    about: "A member of a server-side group that is silent for so long has left.",
  }),
  groupConsumerHeartbeatIntervalMs: integer({
    dynamic: "cluster",
    byDefault: 5 * SECOND,
    min: 100,
    max: 1 * MINUTE,
    about:
      "How often members of server-side groups are told to heartbeat. Those that cannot wait for " +
      "news hear of a change of the assignment with the next one.",
  }),
  groupConsumerAssignors: assignors({
    dynamic: "cluster",
    isList: true,
    byDefault: ASSIGNORS,
    about:
      "Assignors of server-side groups; the first is that of groups that ask for none. `uniform` " +
      "balances and moves as little as can be, `range` keeps partitions of one number together.",
  }),
  offsetMetadataMaxBytes: integer({
    dynamic: "cluster",
    byDefault: 4_096,
    min: 0,
    max: 32_767,
    about: "Longest note beside a committed offset.",
  }),
  offsetsCommitTimeoutMs: integer({
    dynamic: "cluster",
    byDefault: 5 * SECOND,
    min: 100,
    max: 1 * MINUTE,
    about: "How long a commit may wait for ZooKeeper before the client is told to try again.",
  }),
  offsetsRetentionCheckIntervalMs: integer({
    byDefault: 10 * MINUTE,
    min: 1 * SECOND,
    max: 24 * HOUR,
    about:
      "How often offsets of topics that are gone, and groups without offsets and members, are looked " +
      "for and removed.",
  }),
  groupLagRefreshIntervalMs: integer({
    byDefault: 30 * SECOND,
    min: 1 * SECOND,
    max: 1 * HOUR,
    about: "How often the lag of groups is measured for the metrics.",
  }),
};

function assignors({
  byDefault,
  ...described
}: Pick<Setting<unknown>, "about" | "dynamic" | "isList"> & {
  readonly byDefault: readonly Assignor[];
}): Setting<readonly Assignor[]> {
  const takes = `${ASSIGNORS.map((name) => `\`${name}\``).join(" or ")}, or both with a comma`;
  const parse = (raw: unknown): Parsed<readonly Assignor[]> => {
    const names = typeof raw === "string" ? raw.split(",").map((name) => name.trim()) : [];
    const known = names.flatMap((name) => ASSIGNORS.find((one) => one === name) ?? []);
    const isFine = known.length > 0 && known.length === names.length;
    return isFine && new Set(known).size === known.length
      ? { value: known }
      : { fault: `takes ${ASSIGNORS.join(" or ")}, or both with a comma` };
  };
  return { takes, type: "list", ...described, byDefault: { value: byDefault }, parse };
}
