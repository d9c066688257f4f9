/** What the facts of groups mean. */
import type { GroupLag, GroupListing } from "@zoolog/client";
import { humanCount, humanDuration, plural } from "../../output/quantity.ts";
import { shellWord } from "../../output/shell-word.ts";
import { missedOf } from "../group/missed-records.ts";
import type { Finding } from "./finding.ts";

/** Of `ClusterFacts`, what these rules look at. */
type GroupFacts = {
  readonly slotsProbed: number;
  readonly slotsWithoutCoordinator: number;
  readonly stuckGroups: readonly GroupListing[];
  readonly lags: readonly GroupLag[];
};

export function coordinatorsMissing(facts: GroupFacts): Finding[] {
  const { slotsProbed, slotsWithoutCoordinator } = facts;
  if (slotsWithoutCoordinator === 0) return [];
  return [
    {
      what: `${slotsWithoutCoordinator} of ${slotsProbed} groups that were asked for have no coordinator`,
      severity: "critical",
      why: "such groups can neither join nor commit",
      todo: "Wait a few seconds after a broker has gone; if it stays so, look whether there is a controller (zkCli.sh: ls /coordinators).",
    },
  ];
}

export function stuckGroups({ stuckGroups: stuck }: GroupFacts): Finding[] {
  return stuck.map(({ group, members, state }) => ({
    what: `group ${group} is still in ${state} with ${plural(members, "member")}`,
    severity: "warning",
    why: "while it rebalances, partitions may not be read",
    todo: `A member that does not come back holds it up: zoolog group members ${shellWord(group)}. Its session or rebalance timeout ends that.`,
  }));
}

export function laggingGroups({ lags }: GroupFacts, limits: { readonly lagMs: number }): Finding[] {
  return lags.flatMap(({ group, lag, lagMs = 0, state }): Finding[] => {
    if (lag === 0 || lagMs <= limits.lagMs) return [];
    const behind = `${humanCount(lag)} records, ${humanDuration(lagMs)}`;
    const isEmpty = state === "empty";
    return [
      {
        what: `group ${group} is ${behind} behind${isEmpty ? ", and nobody reads" : ""}`,
        severity: isEmpty ? "note" : "warning",
        why: isEmpty
          ? "records that retention deletes before it is back are never read"
          : "it reads more slowly than records come, or is stuck at one",
        todo: isEmpty
          ? `Start its consumers, or zoolog group delete ${shellWord(group)} when it is of no use.`
          : `zoolog group lag ${shellWord(group)} --watch shows where it goes; add members up to the number of partitions.`,
      },
    ];
  });
}

/** Their committed offset is below the log start: retention or a trim was faster than they. */
export function recordsMissed({ lags }: GroupFacts): Finding[] {
  return lags.flatMap((lag): Finding[] => {
    const missed = missedOf(lag);
    const [first] = missed;
    if (first === undefined) return [];
    const records = missed.reduce((sum, it) => sum + it.missed, 0);
    const where = `${first.topic}-${first.partition}${missed.length > 1 ? ` and ${missed.length - 1} more` : ""}`;
    return [
      {
        what: `group ${lag.group} has not read ${plural(records, "record")} that are deleted (${where}: committed ${first.committed}, log start ${first.logStartOffset})`,
        severity: "warning",
        why: "its consumers stop there with OFFSET_OUT_OF_RANGE, unless they choose a place themselves",
        todo: `Stop them, then zoolog group reset ${shellWord(lag.group)} --to-current --execute: it goes on with the first record that is left. Of no use any more: zoolog group delete ${shellWord(lag.group)}.`,
      },
    ];
  });
}
