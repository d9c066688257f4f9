import { checkGroupHistory } from "../../history/check-group-history.ts";
import { checkHistory } from "../../history/check-history.ts";
import type { AnomalyKind } from "../../history/history.ts";
import type { WorldHistory } from "../world/world-history.ts";
import type { Invariant } from "./invariant.ts";

type Rule = Pick<Invariant, "name" | "about"> & { readonly kinds: readonly AnomalyKind[] };

const RULES: readonly Rule[] = [
  {
    name: "I1",
    about: "no acknowledged record is lost, nothing that was read vanishes",
    kinds: ["lost-write", "unseen", "vanished-read"],
  },
  {
    name: "I2",
    about: "one value at an offset, as it was sent",
    kinds: ["inconsistent-offset", "changed-record"],
  },
  { name: "I3", about: "no duplicate of an idempotent producer", kinds: ["duplicate"] },
  { name: "I4", about: "what was refused is never read", kinds: ["aborted-read"] },
  {
    name: "I5",
    about: "readers go on without holes and never back",
    kinds: ["nonmonotonic-poll", "poll-skip", "offset-gap"],
  },
  { name: "I6", about: "records stand in the order they were sent", kinds: ["reordered-send"] },
];

/** What clients were promised, judged by all that they saw. */
export function historyInvariants(history: WorldHistory): readonly Invariant[] {
  const { anomalies } = checkHistory(history.entries, history.finalLogs);
  const finalLogs = history.finalLogs.map(({ key, records }) => ({
    partition: Number(key),
    hashes: records.map(([, value]) => value),
  }));
  const group = checkGroupHistory(history.groupEntries, finalLogs);
  const ofGroup: Invariant = {
    name: "I11",
    about: "a group processes everything, and its commits never go back",
    violations: group.violations.map(
      ({ kind, partition, what }) => `${kind} ${partition}: ${what}`,
    ),
  };
  const ofRecords = RULES.map(({ name, about, kinds }) => ({
    name,
    about,
    violations: anomalies
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ kind, key, what }) => `${kind} ${key}: ${what}`),
  }));
  return [...ofRecords, ofGroup];
}
