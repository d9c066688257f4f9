import { parseArgs } from "node:util";
import { drawnSeed, wholeNumber } from "../../command-line.ts";
import { GROUP_FAULTS, type GroupFaultName } from "./group-faults.ts";
import { READING_WAYS, type ReadingWay } from "./member-plan.ts";

export type GroupOptions = {
  readonly seconds: number;
  readonly seed: number;
  readonly faults: readonly GroupFaultName[];
  readonly members: number;
  readonly partitions: number;
  readonly lines: number;
  readonly protocol: "consumer" | "classic";
  readonly read: ReadingWay;
  readonly restMs: number;
  /** Faults one by one, before the others, whose effects are measured. */
  readonly figures: boolean;
  readonly keep: boolean;
  readonly mutation: string | undefined;
};

const FAULT_NAMES = Object.keys(GROUP_FAULTS) as readonly GroupFaultName[];

export const GROUP_USAGE = `npm run chaos -- --workload groups [options]

A group of processes consumes a real text file over 3 brokers and 3 ZooKeeper servers.

  --seconds N        how long faults go on (default 60)
  --seed N           draws the same faults again (default: a new one, printed)
  --faults a,b       of ${FAULT_NAMES.join(", ")}; "none" for a control run (default: all)
  --members N        at the beginning; as many more come and go (default 5)
  --partitions N     of the topic, all with 3 replicas (default 12)
  --lines N          of the text (default 200000)
  --protocol NAME    consumer (default) or classic
  --read WAY         ${READING_WAYS.join(", ")}: how members ask for records (default run)
  --rest-ms N        mean rest between two faults (default 2500)
  --no-figures       leave out the faults whose effects are measured one by one, some 30 s
  --keep             keep the folder with data, logs and histories
  --mutation NAME    a build with a deliberate mistake; "all": each in turn, and each has to be found

Exit status 1 when the history has a violation. The last line is the summary.`;

/** @throws TypeError for options that are not known, RangeError for values out of range. */
export function parseGroupOptions(args: readonly string[]): GroupOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      workload: { type: "string" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string", default: String(drawnSeed()) },
      faults: { type: "string" },
      members: { type: "string", default: "5" },
      partitions: { type: "string", default: "12" },
      lines: { type: "string", default: "200000" },
      protocol: { type: "string", default: "consumer" },
      read: { type: "string", default: "run" },
      "rest-ms": { type: "string", default: "2500" },
      figures: { type: "boolean", default: true },
      keep: { type: "boolean", default: false },
      mutation: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  return {
    seconds: wholeNumber("seconds", values.seconds, 1),
    seed: wholeNumber("seed", values.seed, 0),
    faults: faultsOf(values.faults),
    members: wholeNumber("members", values.members, 2, 50),
    partitions: wholeNumber("partitions", values.partitions, 1),
    lines: wholeNumber("lines", values.lines, 1_000),
    protocol: oneOf("protocol", values.protocol, ["consumer", "classic"] as const),
    read: oneOf("read", values.read, READING_WAYS),
    restMs: wholeNumber("rest-ms", values["rest-ms"], 0),
    figures: values.figures,
    keep: values.keep,
    mutation: values.mutation,
  };
}

function faultsOf(text: string | undefined): readonly GroupFaultName[] {
  if (text === "none") return [];
  if (text === undefined) return FAULT_NAMES;
  return text.split(",").map((name) => oneOf("faults", name, FAULT_NAMES));
}

function oneOf<Name extends string>(option: string, name: string, known: readonly Name[]): Name {
  const found = known.find((one) => one === name);
  if (found !== undefined) return found;
  throw new RangeError(`--${option}: ${name} is none of ${known.join(", ")}`);
}
