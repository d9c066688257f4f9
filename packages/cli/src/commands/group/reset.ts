import type { Client, OffsetPoint } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { boundsOf, resolvePoint } from "../../input/offset-point.ts";
import type { PartitionChoice } from "../../input/partition-choice.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { usageError } from "../../usage-error.ts";
import { groupIfThere } from "./active-group.ts";
import { applyMoves } from "./apply-moves.ts";
import { type OffsetMove, offsetMove } from "./offset-moves.ts";

/** Where to: a place of the partitions, or so many records on (or back) from where the group is. */
export type ResetTarget =
  | { readonly point: OffsetPoint }
  | { readonly shiftBy: number }
  /** Where it is: for a look, or to commit anew. */
  | { readonly current: true };

export type ResetOptions = {
  readonly target: ResetTarget;
  readonly topic?: readonly PartitionChoice[];
  readonly execute: boolean;
};

/** `zoolog group reset GROUP`: a plan, and with --execute the deed. */
export async function resetGroup(
  context: CommandContext,
  groupId: string,
  options: ResetOptions,
): Promise<void> {
  await context.withClient(async (client) => {
    const group = await groupIfThere(context, client, groupId);
    const committed =
      group === undefined ? [] : await client.admin.groups.offsets(groupId, context.limits);
    const choices = options.topic ?? topicsOf(committed);
    if (choices.length === 0) {
      throw usageError(
        `group ${groupId} has committed nothing, so which topics are meant is not known`,
        "Name them: --topic orders, or --topic orders:0,2.",
      );
    }
    const before = new Map(
      committed.map((entry) => [`${entry.topic}-${entry.partition}`, entry.offset]),
    );
    // By name: a partition that was named twice moves once.
    const moves = new Map<string, OffsetMove>();
    for (const choice of choices) {
      for (const move of await movesOf(context, client, choice, options.target, before)) {
        moves.set(`${move.topic}-${move.partition}`, move);
      }
    }
    const plan = { groupId, group, moves: [...moves.values()], execute: options.execute };
    await applyMoves(context, client, plan);
  });
}

/** All that the group has committed, topic by topic. */
function topicsOf(committed: readonly { readonly topic: string; readonly partition: number }[]) {
  const topics = new Map<string, number[]>();
  for (const { partition, topic } of committed) {
    topics.set(topic, [...(topics.get(topic) ?? []), partition]);
  }
  return [...topics].map(([topic, partitions]): PartitionChoice => ({ topic, partitions }));
}

async function movesOf(
  context: CommandContext,
  client: Client,
  { partitions, topic }: PartitionChoice,
  target: ResetTarget,
  committed: ReadonlyMap<string, number>,
): Promise<OffsetMove[]> {
  return await aboutTopic(context, client, topic, async () => {
    const bounds = await boundsOf(context, client, topic, partitions);
    const wanted =
      "point" in target
        ? await resolvePoint(context, client, topic, target.point, bounds)
        : undefined;
    return [...bounds].flatMap(([partition, ends]) => {
      const before = committed.get(`${topic}-${partition}`);
      if ("current" in target && before === undefined) return [];
      const offset = wanted?.get(partition);
      const by = "shiftBy" in target ? target.shiftBy : 0;
      const to =
        offset === undefined ? ({ to: "shift", by } as const) : ({ to: "offset", offset } as const);
      return [offsetMove({ topic, partition }, before, to, ends)];
    });
  });
}
