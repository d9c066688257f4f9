import type { GroupListing } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import type { Column } from "../../output/table.ts";

export type ListGroupsOptions = {
  readonly state?: readonly GroupListing["state"][];
  readonly type?: readonly GroupListing["type"][];
};

const COLUMNS: readonly Column<GroupListing>[] = [
  { title: "GROUP", value: ({ group }) => group },
  { title: "STATE", value: ({ state }) => state },
  { title: "TYPE", value: ({ type }) => type },
  { title: "MEMBERS", value: ({ members }) => members, align: "right" },
  { title: "COORDINATOR", value: ({ coordinator }) => coordinator, align: "right" },
  { title: "PROTOCOL TYPE", value: ({ protocolType }) => protocolType, wide: true },
];

/** `zoolog group list` */
export async function listGroups(
  context: CommandContext,
  { state: states, type: types }: ListGroupsOptions,
): Promise<void> {
  await context.withClient(async ({ admin }) => {
    const groups = await admin.groups.list({
      ...context.limits,
      ...(states === undefined ? {} : { states }),
      ...(types === undefined ? {} : { types }),
    });
    await context.output.rows(groups, COLUMNS);
    if (groups.length === 0) {
      context.terminal.talk(
        "no groups; `zoolog consume TOPIC --group NAME --from start` makes one",
      );
    }
  });
}
