import type { Client, GroupDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { humanCount, plural } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { groupIsActive, isActive, whoIs } from "./active-group.ts";
import { type OffsetMove, summaryOf } from "./offset-moves.ts";

const COLUMNS: readonly Column<OffsetMove>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "BEFORE", value: ({ before }) => before, align: "right" },
  {
    title: "AFTER",
    value: ({ after, asked }) => `${after}${asked === undefined ? "" : "*"}`,
    align: "right",
  },
  { title: "DIFFERENCE", value: ({ difference }) => signed(difference), align: "right" },
  { title: "LAG AFTER", value: ({ lagAfter }) => humanCount(lagAfter), align: "right" },
];

/**
 * Shows a plan and, when it is to be executed, writes it. A group with members is shown and refused.
 *
 * @throws ZoologError `NON_EMPTY_GROUP`
 */
export async function applyMoves(
  context: CommandContext,
  { admin }: Client,
  plan: {
    readonly groupId: string;
    readonly group: GroupDescription | undefined;
    readonly moves: readonly OffsetMove[];
    readonly execute: boolean;
    /** Notes of consumers, which an import brings along; by topic and partition. */
    readonly metadata?: ReadonlyMap<string, string>;
  },
): Promise<void> {
  const { execute, group, groupId, metadata, moves } = plan;
  if (execute && group !== undefined && isActive(group)) throw groupIsActive(group);
  if (execute) {
    const offsets = moves.map(({ after, partition, topic }) => {
      const note = metadata?.get(`${topic}-${partition}`);
      return { topic, partition, offset: after, ...(note === undefined ? {} : { metadata: note }) };
    });
    if (offsets.length > 0) await admin.groups.setOffsets(groupId, offsets, context.limits);
  }
  await context.output.rows(
    moves.map((move) => ({ ...move, group: groupId, executed: execute })),
    COLUMNS,
  );
  tell(context, plan);
}

function tell({ colours, terminal }: CommandContext, plan: Parameters<typeof applyMoves>[2]): void {
  const { execute, group, groupId, moves } = plan;
  const { lagAfter, partitions, readAgain, skipped } = summaryOf(moves);
  const beyond = moves.filter(({ asked }) => asked !== undefined).length;
  if (beyond > 0) {
    terminal.talk(`* ${plural(beyond, "partition")}: no such offset, the nearest end is taken`);
  }
  const what = `${plural(partitions, "partition")}: ${plural(skipped, "record")} skipped, ${humanCount(readAgain)} read again, lag ${humanCount(lagAfter)} after it`;
  if (execute) {
    terminal.talk(`group ${groupId} moved; ${what}`);
    return;
  }
  terminal.talk(what);
  if (group === undefined) terminal.talk(`group ${groupId} does not exist yet: it would be made`);
  else if (isActive(group)) {
    const warning = `the group is active (${whoIs(group)}): --execute is refused until its consumers end`;
    terminal.talk(`${colours.yellow("warning:")} ${warning}`);
  }
  terminal.talk(`${colours.bold("dry run:")} nothing was changed; add --execute to do it`);
}

function signed(difference: number | undefined): string | undefined {
  if (difference === undefined) return undefined;
  return difference > 0 ? `+${humanCount(difference)}` : humanCount(difference);
}
