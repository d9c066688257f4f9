import type { GroupDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import type { Column } from "../../output/table.ts";
import { aboutGroups } from "./group-meant.ts";
import { memberName, shortened } from "./member-name.ts";

type Member = GroupDescription["members"][number];
type Owned = Member["assignment"];

/** Columns of a terminal that a name or an assignment may take before it is cut. */
const COLUMNS_MAX = 30;

export const MEMBER_COLUMNS: readonly Column<Member>[] = [
  { title: "MEMBER", value: (member) => memberName(member, COLUMNS_MAX) },
  { title: "CLIENT", value: ({ clientId }) => clientId || undefined, wide: true },
  { title: "INSTANCE", value: ({ groupInstanceId }) => groupInstanceId, wide: true },
  { title: "HOST", value: ({ clientHost }) => clientHost.replace(/^\//, "") },
  { title: "PARTITIONS", value: ({ assignment }) => countOf(assignment), align: "right" },
  {
    title: "ASSIGNMENT",
    value: ({ assignment }) => shortened(owned(assignment), COLUMNS_MAX) || undefined,
  },
  { title: "MEMBER ID", value: ({ memberId }) => memberId, wide: true },
  { title: "EPOCH", value: ({ memberEpoch }) => memberEpoch, align: "right", wide: true },
  { title: "RACK", value: ({ rackId }) => rackId, wide: true },
  { title: "TARGET", value: ({ target }) => target && owned(target), wide: true },
];

/** `zoolog group members GROUP` */
export async function groupMembers(context: CommandContext, groupId: string): Promise<void> {
  await context.withClient(async (client) => {
    const { members, state } = await aboutGroups(context, client, [groupId], () =>
      client.admin.groups.describe(groupId, context.limits),
    );
    await context.output.rows(members.map(withoutBytes), MEMBER_COLUMNS);
    if (members.length === 0) context.terminal.talk(`group ${groupId} has no members (${state})`);
  });
}

/** As JSON has it: bytes that only the members understand are base64. */
export function withoutBytes(member: Member): Member {
  const { assignmentBytes, metadata, ...rest } = member;
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("base64");
  return {
    ...rest,
    ...(metadata === undefined ? {} : { metadata: text(metadata) as never }),
    ...(assignmentBytes === undefined ? {} : { assignmentBytes: text(assignmentBytes) as never }),
  };
}

function countOf(assignment: Owned): number {
  return assignment.reduce((sum, { partitions }) => sum + partitions.length, 0);
}

/** `orders:0-3,7 payments:1` */
export function owned(assignment: Owned): string {
  return assignment.map(({ partitions, topic }) => `${topic}:${ranges(partitions)}`).join(" ");
}

function ranges(partitions: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const partition of [...partitions].sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last[1] === partition - 1) last[1] = partition;
    else runs.push([partition, partition]);
  }
  return runs.map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`)).join(",");
}
