import type { Client } from "@zoolog/client";
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
  const meant = committed
    .filter(({ partition, topic }) =>
      topics.some(
        (choice) =>
          choice.topic === topic &&
          (choice.partitions === undefined || choice.partitions.includes(partition)),
      ),
    )
    .map(({ offset, partition, topic }) => ({ topic, partition, offset }));
  if (meant.length > 0 && !yes) {
    await requireConsent(context, {
      loss: `group ${groupId} would forget ${plural(meant.length, "offset")}`,
      facts: meant.map(({ offset, partition, topic }) => `${topic}-${partition} at ${offset}`),
      question: `Forget ${plural(meant.length, "offset")} of ${groupId}?`,
      nothingDone: "nothing was deleted",
    });
  }
  if (meant.length > 0) await admin.groups.deleteOffsets(groupId, meant, context.limits);
  await context.output.forPrograms(meant.map((it) => ({ ...it, group: groupId })));
  context.terminal.talk(`group ${groupId} forgot ${plural(meant.length, "offset")}`);
}
