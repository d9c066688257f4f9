import { ZoologError } from "@zoolog/base";
import type { OffsetPoint } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { requireConsent } from "../../input/consent.ts";
import { boundsOf, resolvePoint } from "../../input/offset-point.ts";
import { humanCount, plural } from "../../output/quantity.ts";
import { type Column, tableLines } from "../../output/table.ts";
import { aboutTopic } from "../../topic-meant.ts";

export type TrimOptions = {
  readonly before: OffsetPoint;
  readonly partition?: readonly number[];
  readonly yes: boolean;
};

type TrimRow = {
  readonly topic: string;
  readonly partition: number;
  /** The log start offset as it was. */
  readonly start: number;
  /** What was asked for, then what came of it. */
  readonly newStart: number;
  readonly end: number;
  readonly records: number;
};

const COLUMNS: readonly Column<TrimRow>[] = [
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "START", value: ({ start }) => start, align: "right" },
  { title: "NEW START", value: ({ newStart }) => newStart, align: "right" },
  { title: "END", value: ({ end }) => end, align: "right" },
  { title: "DELETES", value: ({ records }) => humanCount(records), align: "right" },
];

/** `zoolog topic trim TOPIC --before WHERE`: deletes the records before an offset, for good. */
export async function trimTopic(
  context: CommandContext,
  topic: string,
  options: TrimOptions,
): Promise<void> {
  const { before, partition: partitions } = options;
  await context.withClient(async (client) => {
    const plan = await aboutTopic(context, client, topic, async () => {
      const bounds = await boundsOf(context, client, topic, partitions);
      const wanted = await resolvePoint(context, client, topic, before, bounds);
      return [...bounds].flatMap(([partition, { end, start }]) => {
        const newStart = wanted.get(partition) ?? start;
        if (newStart > end) throw beyondEnd(topic, partition, newStart, end);
        const records = newStart - start;
        return records > 0 ? [{ topic, partition, start, newStart, end, records }] : [];
      });
    });
    if (plan.length === 0) {
      await context.output.rows([], COLUMNS);
      context.terminal.talk("nothing to delete: all partitions begin there or later");
      return;
    }
    const total = plan.reduce((sum, { records }) => sum + records, 0);
    const where = plural(plan.length, "partition");
    if (!options.yes) {
      await requireConsent(context, {
        loss: `trimming ${topic} deletes ${plural(total, "record")} for good`,
        facts: tableLines(plan, COLUMNS, context.colours.bold),
        question: `Delete ${plural(total, "record")} from ${where} of ${topic}?`,
        nothingDone: "nothing was deleted",
      });
    }
    const trimmed = await client.admin.deleteRecords(
      topic,
      new Map(plan.map(({ newStart, partition }) => [partition, newStart])),
      context.limits,
    );
    const done = plan.map((row) => ({
      ...row,
      newStart: trimmed.get(row.partition) ?? row.newStart,
    }));
    await context.output.rows(done, COLUMNS);
    context.terminal.talk(`${plural(total, "record")} deleted from ${where} of ${topic}`);
  });
}

function beyondEnd(topic: string, partition: number, offset: number, end: number): ZoologError {
  return new ZoologError({
    code: "OFFSET_OUT_OF_RANGE",
    message: `offset ${offset} is beyond the end of ${topic}-${partition}, which is ${end}`,
    hint: "Name an offset up to the end, or --before end for all records.",
  });
}
