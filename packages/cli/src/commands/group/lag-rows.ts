import type { GroupLag } from "@zoolog/client";
import type { Output } from "../../output/output.ts";
import { humanCount, humanDuration, plural } from "../../output/quantity.ts";
import { shellWord } from "../../output/shell-word.ts";
import type { Column } from "../../output/table.ts";
import { memberName } from "./member-name.ts";
import { missedIn, missedOf } from "./missed-records.ts";

/** One partition of a group, as the tables have it. */
type LagRow = GroupLag["topics"][number]["partitions"][number] & { readonly topic: string };

function partitionRows(lag: GroupLag): LagRow[] {
  return lag.topics.flatMap(({ partitions, topic }) =>
    partitions.map((partition) => ({ ...partition, topic })),
  );
}

const MEMBER_COLUMNS_MAX = 20;

const COLUMNS: readonly Column<LagRow>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  {
    title: "COMMITTED",
    value: (row) => (missedIn(row) > 0 ? `${row.committed} (deleted)` : row.committed),
    align: "right",
  },
  { title: "END", value: ({ highWatermark }) => highWatermark, align: "right" },
  {
    title: "LAG",
    value: ({ lag }) => (lag === undefined ? undefined : humanCount(lag)),
    align: "right",
  },
  { title: "BEHIND", value: ({ lagMs }) => behind(lagMs), align: "right" },
  { title: "MEMBER", value: (row) => memberName(row, MEMBER_COLUMNS_MAX) },
  { title: "START", value: ({ logStartOffset }) => logStartOffset, align: "right", wide: true },
  { title: "HOST", value: ({ clientHost }) => clientHost, wide: true },
  { title: "CLIENT", value: ({ clientId }) => clientId || undefined, wide: true },
  { title: "MEMBER ID", value: ({ memberId }) => memberId, wide: true },
  {
    title: "COMMITTED AT",
    value: ({ committedAt }) =>
      committedAt === undefined ? undefined : new Date(committedAt).toISOString(),
    wide: true,
  },
];

const GROUP_COLUMNS: readonly Column<GroupLag>[] = [
  { title: "GROUP", value: ({ group }) => group },
  { title: "STATE", value: ({ state }) => state },
  { title: "PARTITIONS", value: (lag) => partitionRows(lag).length, align: "right" },
  { title: "LAG", value: ({ lag }) => humanCount(lag), align: "right" },
  { title: "BEHIND", value: ({ lagMs }) => behind(lagMs), align: "right" },
  {
    title: "TOPICS",
    value: ({ topics }) => topics.map(({ topic }) => topic).join(","),
    wide: true,
  },
];

/** Shown where there are any: the lag counts from the log start. */
const MISSED_COLUMN: Column<GroupLag> = {
  title: "MISSED",
  value: (lag) => {
    const missed = missedOf(lag).reduce((sum, it) => sum + it.missed, 0);
    return missed === 0 ? undefined : humanCount(missed);
  },
  align: "right",
};

/** Shown where there are any: the sum leaves them out. */
const UNANSWERED_COLUMN: Column<GroupLag> = {
  title: "UNANSWERED",
  value: ({ unanswered }) => unanswered,
  align: "right",
};

/** Of one group: each partition, then the sum, and why offsets are missing where they are. */
export function lagLines(
  lag: GroupLag,
  output: Output,
  title: (text: string) => string = (text) => text,
): string[] {
  const rows = partitionRows(lag);
  const faults = rows.flatMap(({ error, partition, topic }) =>
    error === undefined ? [] : [`${topic}-${partition}: ${error.message}`],
  );
  if (rows.length === 0) return [`${lag.group} (${lag.state}): nothing committed or assigned`];
  return [
    ...output.table(rows, COLUMNS, title),
    "",
    totalLine(lag),
    ...faults,
    ...missedLines(lag),
  ];
}

/** Where the log begins beyond the committed offset, and the way on. */
function missedLines(lag: GroupLag): string[] {
  const missed = missedOf(lag);
  if (missed.length === 0) return [];
  return [
    ...missed.map(
      (it) =>
        `${it.topic}-${it.partition}: ${plural(it.missed, "record")} deleted before they were read: committed ${it.committed}, the log starts at ${it.logStartOffset}`,
    ),
    `to go on with what is left: zoolog group reset ${shellWord(lag.group)} --to-current --execute (or --to-start, --to-end)`,
  ];
}

/** Of several: a line each, the laziest first. */
export function lagsLines(
  lags: readonly GroupLag[],
  output: Output,
  title: (text: string) => string = (text) => text,
): string[] {
  const sorted = [...lags].sort((a, b) => b.lag - a.lag || (a.group < b.group ? -1 : 1));
  const isWhole = lags.every(({ unanswered }) => unanswered === 0);
  const columns = [
    ...GROUP_COLUMNS,
    ...(lags.every((lag) => missedOf(lag).length === 0) ? [] : [MISSED_COLUMN]),
    ...(isWhole ? [] : [UNANSWERED_COLUMN]),
  ];
  return output.table(sorted, columns, title);
}

function totalLine({ group, lag, lagMs, state, unanswered }: GroupLag): string {
  const time = lagMs === undefined || lag === 0 ? "" : `, ${behind(lagMs)} behind`;
  const missing =
    unanswered === 0 ? "" : `; without ${plural(unanswered, "partition")} that did not answer`;
  return `${group} (${state}): lag ${humanCount(lag)}${time}${missing}`;
}

/** Nothing to catch up with is no time at all. */
export function behind(lagMs: number | undefined): string | undefined {
  if (lagMs === undefined) return undefined;
  return lagMs === 0 ? "0" : humanDuration(lagMs);
}
