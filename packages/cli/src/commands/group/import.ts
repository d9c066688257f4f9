import { readFile } from "node:fs/promises";
import { ZoologError } from "@zoolog/base";
import type { Client } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { type Bounds, boundsOf } from "../../input/offset-point.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { groupIfThere } from "./active-group.ts";
import { applyMoves } from "./apply-moves.ts";
import { readExportedOffsets } from "./exported-offsets.ts";
import { offsetMove } from "./offset-moves.ts";

/** A million lines of offsets. */
const STDIN_BYTES_MAX = 64 * 1024 * 1024;

/** `zoolog group import GROUP FILE|-`: what `group export` wrote; a dry run unless --execute. */
export async function importGroup(
  context: CommandContext,
  groupId: string,
  file: string,
  options: { readonly execute: boolean },
): Promise<void> {
  const entries = readExportedOffsets(await textOf(context, file));
  await context.withClient(async (client) => {
    const group = await groupIfThere(context, client, groupId);
    const committed =
      group === undefined ? [] : await client.admin.groups.offsets(groupId, context.limits);
    const before = new Map(committed.map((it) => [`${it.topic}-${it.partition}`, it.offset]));
    const topics = [...new Set(entries.map(({ topic }) => topic))];
    const bounds = new Map<string, Bounds>();
    for (const topic of topics) {
      const partitions = entries.filter((it) => it.topic === topic).map((it) => it.partition);
      for (const [partition, ends] of await boundsIn(context, client, topic, partitions)) {
        bounds.set(`${topic}-${partition}`, ends);
      }
    }
    const moves = entries.map(({ offset, partition, topic }) => {
      const name = `${topic}-${partition}`;
      const ends = bounds.get(name) ?? { start: offset, end: offset };
      return offsetMove({ topic, partition }, before.get(name), { to: "offset", offset }, ends);
    });
    const metadata = new Map(
      entries.flatMap(({ metadata: note, partition, topic }) =>
        note === undefined ? [] : [[`${topic}-${partition}`, note] as const],
      ),
    );
    await applyMoves(context, client, {
      groupId,
      group,
      moves,
      metadata,
      execute: options.execute,
    });
  });
}

async function boundsIn(
  context: CommandContext,
  client: Client,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, Bounds>> {
  return await aboutTopic(context, client, topic, () =>
    boundsOf(context, client, topic, partitions),
  );
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
