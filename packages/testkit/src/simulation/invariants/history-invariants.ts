import { checkGroupHistory } from "../../history/check-group-history.ts";
import { checkHistory } from "../../history/check-history.ts";
import type { GroupEntry } from "../../history/group-history.ts";
import type { Anomaly, AnomalyKind } from "../../history/history.ts";
import type { GroupReading, WorldHistory } from "../world/world-history.ts";
import type { WorldTopics } from "../world/world-topics.ts";
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

/** Of topics whose producers are not idempotent these are only counted. */
const COUNTED: readonly AnomalyKind[] = ["duplicate", "reordered-send"];

/** What clients were promised, judged by all that they saw. */
export function historyInvariants(
  history: WorldHistory,
  topics: WorldTopics,
): readonly Invariant[] {
  const { anomalies } = checkHistory(history.entries(), history.finalLogs);
  const isPromised = ({ kind, key }: Anomaly): boolean =>
    topics.byId(key.split("/")[0] ?? "")?.promise === "all" || !COUNTED.includes(kind);
  const promised = anomalies.filter(isPromised);
  const ofGroups: Invariant = {
    name: "I11",
    about: "a group processes everything, and its commits never go back",
    violations: history.readings.flatMap((reading) => ofReading(reading, history)),
  };
  const ofRecords = RULES.map(({ name, about, kinds }) => ({
    name,
    about,
    violations: promised
      .filter(({ kind }) => kinds.includes(kind))
      .map(({ kind, key, what }) => `${kind} ${key}: ${what}`),
  }));
  return [...ofRecords, ofGroups];
}

function ofReading({ entries, group, topicId }: GroupReading, history: WorldHistory): string[] {
  const finalLogs = history.finalLogs.flatMap(({ key, records }) => {
    const [id, partition] = key.split("/");
    const hashes = records.map(([, value]) => value);
    return id === topicId ? [{ partition: Number(partition), hashes }] : [];
  });
  const { violations } = checkGroupHistory(entries, finalLogs);
  const found = violations.map(
    ({ kind, partition, what }) => `${kind} ${group} ${topicId}/${partition}: ${what}`,
  );
  const unkept = unkeptCommits(entries).map((what) => `acknowledged-not-kept ${group}: ${what}`);
  return [...found, ...unkept];
}

/** What members were told to be committed, and ZooKeeper had never been told. Entries as they came. */
export function unkeptCommits(entries: readonly GroupEntry[]): string[] {
  const kept = new Set<string>();
  const unkept: string[] = [];
  for (const entry of entries) {
    if (entry.f !== "committed" && entry.f !== "acknowledged") continue;
    const { f, offset, partition } = entry;
    const commit = `${offset} of partition ${partition}`;
    if (f === "committed") kept.add(commit);
    else if (!kept.has(commit)) unkept.push(`${commit} by ${entry.member}`);
  }
  return unkept;
}
