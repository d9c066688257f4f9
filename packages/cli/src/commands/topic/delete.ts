import { errorCode } from "@zoolog/base";
import type { TopicDescription } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { requireConsent } from "../../input/consent.ts";
import { humanBytes, plural } from "../../output/quantity.ts";
import { describedTopic, topicRow } from "./topic-row.ts";

/** `zoolog topic delete TOPIC…` */
export async function deleteTopics(
  context: CommandContext,
  topics: readonly string[],
  options: { readonly yes: boolean; readonly ifExists: boolean },
): Promise<void> {
  await context.withClient(async (client) => {
    const found = [];
    for (const topic of topics) {
      const description = await describedTopic(context, client, topic).catch((error: unknown) => {
        if (!options.ifExists || errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
        context.terminal.talk(`there is no topic ${topic}`);
        return undefined;
      });
      if (description !== undefined) found.push(description);
    }
    if (found.length > 0 && !options.yes) await askAbout(context, found);
    const deleted: { topic: string; topicId: string }[] = [];
    for (const { topic, topicId } of found) {
      // With its id: a topic that was made anew in between is another one, and stays.
      await client.admin.deleteTopic(topic, { ...context.limits, topicId });
      deleted.push({ topic, topicId });
      context.terminal.talk(`topic ${topic} deleted`);
    }
    await context.output.forPrograms(deleted);
  });
}

async function askAbout(
  context: CommandContext,
  topics: readonly TopicDescription[],
): Promise<void> {
  const names = topics.map(({ topic }) => topic).join(", ");
  await requireConsent(context, {
    loss: `deleting ${names} loses its records for good`,
    facts: topics.map((description) => {
      const { records = 0, sizeBytes = 0 } = topicRow(description);
      const what = `${plural(records, "record")}, ${humanBytes(sizeBytes)}`;
      return `${description.topic}: ${what}, gone for good`;
    }),
    question: `Delete ${names}?`,
    nothingDone: "nothing was deleted",
  });
}
