import { errorCode, errorMessage, nearestName, ZoologError } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { CommandContext } from "./context.ts";

/** A suggestion must not cost more than the command did. */
const LOOK_TIMEOUT_MS = 2_000;

/** Runs `task`; when it finds no such topic, the failure names the one that was probably meant. */
export async function aboutTopic<T>(
  { options, terminal }: CommandContext,
  { admin }: Client,
  topic: string,
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (errorCode(error) !== "UNKNOWN_TOPIC_OR_PARTITION") throw error;
    const timeoutMs = Math.min(options.timeout, LOOK_TIMEOUT_MS);
    // The failure itself is worth more than one of the look for a better hint.
    const topics = await admin.listTopics({ timeoutMs, signal: terminal.signal }).catch(() => []);
    const names = topics.map(({ topic: name }) => name);
    const meant = names.includes(topic) ? undefined : nearestName(topic, names);
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
