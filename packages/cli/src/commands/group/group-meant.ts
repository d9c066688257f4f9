import { errorCode, errorMessage, nearestName, ZoologError } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";

/** A suggestion must not cost more than the command did. */
const LOOK_TIMEOUT_MS = 2_000;

/** Runs `task`; when it finds no such group, the failure names the one that was probably meant. */
export async function aboutGroups<T>(
  context: CommandContext,
  client: Client,
  groups: readonly string[],
  task: () => Promise<T>,
): Promise<T> {
  try {
    return await task();
  } catch (error) {
    if (errorCode(error) !== "GROUP_ID_NOT_FOUND") throw error;
    throw new ZoologError({
      code: "GROUP_ID_NOT_FOUND",
      message: errorMessage(error),
      hint: await groupMeant(context, client, groups),
      cause: error,
    });
  }
}

/** What to do about a group that is not there. */
export async function groupMeant(
  { options, terminal }: CommandContext,
  { admin }: Client,
  groups: readonly string[],
): Promise<string> {
  const timeoutMs = Math.min(options.timeout, LOOK_TIMEOUT_MS);
  // The failure itself is worth more than one of the look for a better hint.
  const found = await admin.groups.list({ timeoutMs, signal: terminal.signal }).catch(() => []);
  const names = found.map(({ group }) => group);
  const missing = groups.find((group) => !names.includes(group));
  const meant = missing === undefined ? undefined : nearestName(missing, names);
  const shows = "`zoolog group list` shows all.";
  return meant === undefined ? shows : `Did you mean ${meant}? ${shows}`;
}
