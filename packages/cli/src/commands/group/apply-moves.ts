import type { GroupDescription, OffsetMove, OffsetResetPlan } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { humanCount, plural } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { groupIsActive, isActive, whoIs } from "./active-group.ts";

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
  wanted: {
    readonly plan: OffsetResetPlan;
    /** As it was found; nothing when there is none of this name yet. */
    readonly group: GroupDescription | undefined;
    readonly execute: boolean;
  },
): Promise<void> {
  const { execute, group, plan } = wanted;
  const { groupId, moves } = plan;
  if (execute && group !== undefined && isActive(group)) throw groupIsActive(group);
  if (execute) await plan.apply(context.limits);
  await context.output.rows(
    moves.map((move) => ({ ...move, group: groupId, executed: execute })),
    COLUMNS,
  );
  tell(context, wanted);
}

function tell(
  { colours, terminal }: CommandContext,
  { execute, group, plan }: Parameters<typeof applyMoves>[1],
): void {
  const { groupId, moves } = plan;
  const { lagAfter, partitions, readAgain, skipped } = summaryOf(moves);
  const beyond = moves.filter(({ asked }) => asked !== undefined).length;
  if (beyond > 0) {
    terminal.talk(`* ${plural(beyond, "partition")}: no such offset, the nearest end is taken`);
  }
  const what = `${plural(partitions, "partition")}: ${plural(skipped, "record")} skipped, ${humanCount(readAgain)} read again, lag ${humanCount(lagAfter)} after it`;
  if (execute) {
    terminal.talk(`group ${groupId} moved; ${what}`);
    if (group === undefined) terminal.talk("its type is classic until the first consumer joins");
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

function summaryOf(moves: readonly OffsetMove[]) {
  let skipped = 0;
  let readAgain = 0;
  let lagAfter = 0;
  for (const move of moves) {
    const difference = move.difference ?? 0;
    if (difference > 0) skipped += difference;
    else readAgain -= difference;
    lagAfter += move.lagAfter;
  }
  return { partitions: moves.length, skipped, readAgain, lagAfter };
}
