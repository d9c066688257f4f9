import type { CommandContext } from "../../context.ts";
import { csvLines } from "../../output/csv.ts";
import { plural } from "../../output/quantity.ts";
import { aboutGroups } from "./group-meant.ts";

/** `zoolog group export GROUP > FILE`: CSV, unless another form was asked for. */
export async function exportGroup(context: CommandContext, groupId: string): Promise<void> {
  await context.withClient(async (client) => {
    const { groups } = client.admin;
    // A group that does not exist is an error, and no empty file.
    await aboutGroups(context, client, [groupId], () => groups.describe(groupId, context.limits));
    const offsets = await groups.offsets(groupId, context.limits);
    const rows = [...offsets].sort(
      (a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.partition - b.partition,
    );
    await context.output.list(rows, () => csvLines(rows));
    context.terminal.talk(`${plural(rows.length, "offset")} of group ${groupId}`);
  });
}
