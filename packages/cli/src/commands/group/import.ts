import { readFile } from "node:fs/promises";
import { ZoologError } from "@zoolog/base";
import type { CommandContext } from "../../context.ts";
import { aboutTopics } from "../../topic-meant.ts";
import { groupIfThere } from "./active-group.ts";
import { applyMoves } from "./apply-moves.ts";
import { readExportedOffsets } from "./exported-offsets.ts";

/** A million lines of offsets. */
const STDIN_BYTES_MAX = 64 * 1024 * 1024;

/** `zoolog group import GROUP FILE|-`: what `group export` wrote; a dry run unless --execute. */
export async function importGroup(
  context: CommandContext,
  groupId: string,
  file: string,
  options: { readonly execute: boolean },
): Promise<void> {
  const offsets = readExportedOffsets(await textOf(context, file));
  await context.withClient(async (client) => {
    const group = await groupIfThere(context, client, groupId);
    const topics = [...new Set(offsets.map(({ topic }) => topic))];
    const plan = await aboutTopics(context, client, topics, () =>
      client.admin.groups.planReset(groupId, { offsets }, context.limits),
    );
    await applyMoves(context, { plan, group, execute: options.execute });
  });
}

async function textOf({ terminal }: CommandContext, file: string): Promise<string> {
  if (file !== "-") {
    return await readFile(file, "utf8").catch((cause: unknown) => {
      throw new ZoologError({
        code: (cause as { code?: string }).code ?? "EIO",
        message: `cannot read ${file}`,
        hint: "Name a file that `zoolog group export` wrote, or - for stdin.",
        cause,
      });
    });
  }
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of terminal.stdin) {
    chunks.push(Buffer.from(chunk as Uint8Array));
    bytes += (chunk as Uint8Array).length;
    if (bytes > STDIN_BYTES_MAX) {
      throw new ZoologError({ code: "USAGE", message: "stdin is too long for a list of offsets" });
    }
  }
  return Buffer.concat(chunks).toString("utf8");
}
