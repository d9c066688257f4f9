import { parseArgs } from "node:util";
import { wholeNumber } from "../test/command-line.ts";
import { SIDE_IDS, type SideId } from "./against-kafka/side.ts";

/** What `npm run bench` is asked for. */
export type BenchCommand =
  | { readonly kind: "help" }
  | {
      readonly kind: "measure";
      /** What the name of a file contains; `undefined`: all files. */
      readonly only: string | undefined;
      readonly json: boolean;
      readonly strict: boolean;
    }
  /** Inner use: measures one file in this process and prints its rows as JSON. */
  | { readonly kind: "file"; readonly file: string }
  | ({ readonly kind: "against-kafka" } & Comparison);

/** The same clients against Apache Kafka and Zoolog in turns. */
export type Comparison = {
  /** What names of contests contain, one of these; `undefined`: all contests. */
  readonly only: readonly string[] | undefined;
  readonly sides: readonly SideId[];
  /** `undefined`: as many as the contest wants. */
  readonly rounds: number | undefined;
  /** A fifth of the work, and two rounds unless `rounds` says otherwise. */
  readonly quick: boolean;
  readonly strict: boolean;
};

export const USAGE = `npm run bench -- [options]

What Zoolog does on this machine, each figure beside a ceiling measured in the same run. BELOW marks a
figure under its bar.

  --only NAME          only files of benchmarks/ whose names contain it: log, produce, start-up, …
  --json               the figures as JSON
  --strict             a figure BELOW its bar is a failure
  --help               this

  --against kafka      instead: the same clients against Zoolog and Apache Kafka, in turns
  --only NAME,…        with it: contests whose names contain one of these
  --sides a,b          with it: of ${SIDE_IDS.join(", ")} (default all)
  --rounds N           with it: how often each contest is held (default: as the contest wants it)
  --quick              with it: a fifth of the work, two rounds

Exit status 0: measured, 1: it failed, or with --strict a figure is BELOW, 2: the command was not understood.`;

/** @throws TypeError for options that are not known, RangeError for values that are not. */
export function parseCommand(args: readonly string[]): BenchCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: "string" },
      json: { type: "boolean", default: false },
      strict: { type: "boolean", default: false },
      against: { type: "string" },
      sides: { type: "string" },
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      file: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const { only, json, strict, against, sides, rounds, quick, file } = values;
  if (values.help) return { kind: "help" };
  if (file !== undefined) return { kind: "file", file };
  if (against === undefined) {
    if (sides !== undefined || rounds !== undefined || quick) {
      throw new RangeError("--sides, --rounds and --quick go with --against kafka");
    }
    return { kind: "measure", only, json, strict };
  }
  if (against !== "kafka") throw new RangeError(`--against knows kafka, not ${against}`);
  if (json) throw new RangeError("--json does not go with --against");
  return {
    kind: "against-kafka",
    only: only?.split(","),
    sides: sides === undefined ? SIDE_IDS : sides.split(",").map(sideNamed),
    rounds: rounds === undefined ? undefined : wholeNumber("rounds", rounds, 1),
    quick,
    strict,
  };
}

function sideNamed(name: string): SideId {
  const id = SIDE_IDS.find((one) => one === name);
  if (id !== undefined) return id;
  throw new RangeError(`--sides knows ${SIDE_IDS.join(", ")}, not ${name}`);
}
