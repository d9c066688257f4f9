import { ZoologError } from "@zoolog/base";
import type { ResetTarget } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import type { PartitionChoice } from "../../input/partition-choice.ts";
import { aboutTopics } from "../../topic-meant.ts";
import { usageError } from "../../usage-error.ts";
import { groupIfThere } from "./active-group.ts";
import { applyMoves } from "./apply-moves.ts";
import { groupMeant } from "./group-meant.ts";

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
  const { execute, target, topic: topics } = options;
  await context.withClient(async (client) => {
    const group = await groupIfThere(context, client, groupId);
    const names = topics?.map(({ topic }) => topic) ?? [];
    const reset = { to: target, ...(topics === undefined ? {} : { topics }) };
    const plan = await aboutTopics(context, client, names, () =>
      client.admin.groups.planReset(groupId, reset, context.limits),
    );
    if (topics === undefined && plan.moves.length === 0) {
      if (group === undefined) {
        throw new ZoologError({
          code: "GROUP_ID_NOT_FOUND",
          message: `there is no group ${groupId}`,
          hint: `${await groupMeant(context, client, [groupId])} To make it, name topics: --topic orders.`,
        });
      }
      throw usageError(
        `group ${groupId} has committed nothing, so which topics are meant is not known`,
        "Name them: --topic orders, or --topic orders:0,2.",
      );
    }
    await applyMoves(context, { plan, group, execute });
  });
}
