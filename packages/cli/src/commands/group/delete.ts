import { nearestName, ZoologError } from "@zoolog/base";
import type { Client, GroupOffset } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { requireConsent } from "../../input/consent.ts";
import type { PartitionChoice } from "../../input/partition-choice.ts";
import { plural } from "../../output/quantity.ts";
import { usageError } from "../../usage-error.ts";
import { groupIsActive, isActive } from "./active-group.ts";
import { aboutGroups } from "./group-meant.ts";

export type DeleteGroupOptions = {
  /** Only the offsets of these; the group stays. */
  readonly topic?: readonly PartitionChoice[];
  readonly yes: boolean;
};

/** `zoolog group delete GROUP…`: groups without members, with their offsets. */
export async function deleteGroups(
  context: CommandContext,
  groups: readonly string[],
  options: DeleteGroupOptions,
): Promise<void> {
  await context.withClient(async (client) => {
    if (options.topic !== undefined) {
      const [groupId] = groups;
      if (groupId === undefined || groups.length > 1) {
        throw usageError("--topic is for one group at a time", "Name one group.");
      }
      await forgetTopics(context, client, groupId, options.topic, options.yes);
      return;
    }
    const facts: string[] = [];
    for (const groupId of groups) {
      const group = await aboutGroups(context, client, [groupId], () =>
        client.admin.groups.describe(groupId, context.limits),
      );
      if (isActive(group)) throw groupIsActive(group);
      const offsets = await client.admin.groups.offsets(groupId, context.limits);
      facts.push(`${groupId}: ${plural(offsets.length, "committed offset")}, gone for good`);
    }
    const names = groups.join(", ");
    if (!options.yes) {
      await requireConsent(context, {
        loss: `deleting ${names} forgets where it goes on reading`,
        facts,
        question: `Delete ${names}?`,
        nothingDone: "nothing was deleted",
      });
    }
    const deleted: { group: string }[] = [];
    for (const group of groups) {
      await client.admin.groups.delete(group, context.limits);
      deleted.push({ group });
      context.terminal.talk(`group ${group} deleted`);
    }
    await context.output.forPrograms(deleted);
  });
}

async function forgetTopics(
  context: CommandContext,
  { admin }: Client,
  groupId: string,
  topics: readonly PartitionChoice[],
  yes: boolean,
): Promise<void> {
  const committed = await admin.groups.offsets(groupId, context.limits);
  requireCommitted(groupId, topics, committed);
  const meant = committed
    .filter(({ partition, topic }) =>
      topics.some(
        (choice) =>
          choice.topic === topic &&
          (choice.partitions === undefined || choice.partitions.includes(partition)),
      ),
    )
    .map(({ offset, partition, topic }) => ({ topic, partition, offset }));
  if (!yes) {
    await requireConsent(context, {
      loss: `group ${groupId} would forget ${plural(meant.length, "offset")}`,
      facts: meant.map(({ offset, partition, topic }) => `${topic}-${partition} at ${offset}`),
      question: `Forget ${plural(meant.length, "offset")} of ${groupId}?`,
      nothingDone: "nothing was deleted",
    });
  }
  await admin.groups.deleteOffsets(groupId, meant, context.limits);
  await context.output.forPrograms(meant.map((it) => ({ ...it, group: groupId })));
  context.terminal.talk(`group ${groupId} forgot ${plural(meant.length, "offset")}`);
}

/** A name that fits nothing may be misspelt: then nothing is forgotten, also of the others. */
function requireCommitted(
  groupId: string,
  topics: readonly PartitionChoice[],
  committed: readonly GroupOffset[],
): void {
  const names = [...new Set(committed.map(({ topic }) => topic))];
  for (const { partitions, topic } of topics) {
    const there = committed.filter((offset) => offset.topic === topic);
    const missing = partitions?.filter((it) => there.every(({ partition }) => partition !== it));
    if (there.length > 0 && (missing ?? []).length === 0) continue;
    const meant = there.length > 0 ? undefined : nearestName(topic, names);
    const what = partitions === undefined ? topic : `${topic}:${missing?.join(",")}`;
    throw new ZoologError({
      code: "OFFSET_NOT_FOUND",
      message: `group ${groupId} has committed nothing of ${what}; nothing was deleted`,
      hint:
        (meant === undefined ? "" : `Did you mean ${meant}? `) +
        `\`zoolog group export ${groupId}\` shows what it has.`,
    });
  }
}
