import type { CommandContext } from "../../context.ts";
import { listLines } from "../../output/table.ts";
import { aboutGroups } from "./group-meant.ts";
import { lagLines } from "./lag-rows.ts";
import { MEMBER_COLUMNS, withoutBytes } from "./members.ts";
import { withMissed } from "./missed-records.ts";

/** `zoolog group describe GROUP`: state, members, and how far each partition is. */
export async function describeGroup(context: CommandContext, groupId: string): Promise<void> {
  await context.withClient(async (client) => {
    const { groups } = client.admin;
    const [group, lag] = await aboutGroups(context, client, [groupId], () =>
      Promise.all([groups.describe(groupId, context.limits), groups.lag(groupId, context.limits)]),
    );
    const members = group.members.map(withoutBytes);
    const { lag: records, lagMs, topics, unanswered } = withMissed(lag);
    const document = {
      ...group,
      members,
      lag: records,
      ...(lagMs === undefined ? {} : { lagMs }),
      unanswered,
      topics,
    };
    await context.output.one(document, ({ bold }) => [
      ...listLines(
        [
          ["group", group.group],
          ["state", group.state],
          ["type", group.type],
          ["coordinator", `broker ${group.coordinator}`],
          ...(group.type === "classic"
            ? ([
                ["generation", group.generation],
                ["protocol", group.protocol],
              ] as const)
            : ([
                ["epoch", group.groupEpoch],
                ["assignor", group.assignor],
              ] as const)),
          ["members", members.length],
        ],
        bold,
      ),
      ...(members.length === 0 ? [] : ["", ...context.output.table(members, MEMBER_COLUMNS, bold)]),
      "",
      ...lagLines(lag, context.output, bold),
    ]);
  });
}
