import { ZoologError } from "@zoolog/base";
import type { ElectionResult } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { requireConsent } from "../../input/consent.ts";
import type { PartitionChoice } from "../../input/partition-choice.ts";
import { plural } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { usageError } from "../../usage-error.ts";
import { describedTopic } from "../topic/topic-row.ts";

export type ElectLeadersOptions = {
  readonly topic?: readonly PartitionChoice[];
  readonly unclean: boolean;
  readonly yes: boolean;
};

const COLUMNS: readonly Column<ElectionResult>[] = [
  { title: "TOPIC", value: ({ topic }) => topic },
  { title: "PARTITION", value: ({ partition }) => partition, align: "right" },
  { title: "LEADER", value: (it) => ("leader" in it ? it.leader : undefined), align: "right" },
  { title: "RESULT", value: (it) => ("error" in it ? it.error.message : "elected") },
];

/** `zoolog cluster elect-leaders [--topic T[:P,P]] [--unclean]` */
export async function electLeaders(
  context: CommandContext,
  { topic: topics, unclean, yes }: ElectLeadersOptions,
): Promise<void> {
  if (unclean && topics === undefined) {
    throw usageError(
      "--unclean gives up acknowledged records and needs to know of which partitions",
      "Name them: --topic orders:0; zoolog topic describe shows which have no leader.",
    );
  }
  await context.withClient(async (client) => {
    const partitions: { topic: string; partition: number }[] | undefined = topics && [];
    for (const { partitions: chosen, topic } of topics ?? []) {
      const all = (await describedTopic(context, client, topic)).partitions;
      for (const partition of chosen ?? all.map((it) => it.partition)) {
        partitions?.push({ topic, partition });
      }
    }
    if (unclean && !yes) {
      const names = (partitions ?? []).map((it) => `${it.topic}-${it.partition}`).join(", ");
      await requireConsent(context, {
        loss: `an unclean election loses acknowledged records of ${names}`,
        facts: ["A replica that lacks acknowledged records would lead: what it lacks is lost."],
        question: `Give them up and elect a leader of ${names}?`,
        nothingDone: "nothing was elected",
      });
    }
    const results = await client.admin.electLeaders(unclean ? "unclean" : "preferred", {
      ...context.limits,
      ...(partitions === undefined ? {} : { partitions }),
    });
    await context.output.rows(results, COLUMNS);
    const elected = results.filter((result) => "leader" in result).length;
    context.terminal.talk(`${plural(elected, "leader")} elected`);
    const refused = results.filter(
      (result) => "error" in result && result.error.code !== "ELECTION_NOT_NEEDED",
    );
    if (refused.length > 0) {
      throw notElected(refused.length, unclean);
    }
  });
}

function notElected(partitions: number, unclean: boolean): ZoologError {
  return new ZoologError({
    code: "ELIGIBLE_LEADERS_NOT_AVAILABLE",
    message: `${plural(partitions, "partition")} could not be given a leader`,
    hint: unclean
      ? "None of their replicas can lead at all: `zoolog topic describe` names the fault of each."
      : "`zoolog topic describe` says who must come back, or accept the loss with --unclean.",
  });
}
