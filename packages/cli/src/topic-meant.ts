import { errorCode, errorMessage, nearestName, ZoologError } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { CommandContext } from "./context.ts";

/** A suggestion must not cost more than the command did. */
const LOOK_TIMEOUT_MS = 2_000;

/** Runs `task`; when it finds no such topic, the failure names the one that was probably meant. */
export async function aboutTopics<T>(
  { options, terminal }: CommandContext,
  { admin }: Client,
  topics: readonly string[],
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    const timeoutMs = Math.min(options.timeout, LOOK_TIMEOUT_MS);
    // The failure itself is worth more than one of the look for a better hint.
    const found = await admin.listTopics({ timeoutMs, signal: terminal.signal }).catch(() => []);
    const names = found.map(({ topic: name }) => name);
    const missing = topics.find((topic) => !names.includes(topic));
    const meant = missing === undefined ? undefined : nearestName(missing, names);
    if (meant === undefined) throw error;
    throw new ZoologError({
      code: "UNKNOWN_TOPIC_OR_PARTITION",
      message: errorMessage(error),
      retriable: error instanceof ZoologError && error.retriable,
      hint: `Did you mean ${meant}? \`zoolog topic list\` shows all.`,
      cause: error,
    });
  }
}

export async function aboutTopic<T>(
  context: CommandContext,
  client: Client,
  topic: string,
  task: () => Promise<T>,
): Promise<T> {
  return await aboutTopics(context, client, [topic], task);
}
