import { parseArgs } from "node:util";
import { drawnSeed, wholeNumber } from "../../command-line.ts";
import { settingsOf } from "../options.ts";
import type { Row } from "./row.ts";

export type RowOptions = {
  readonly rows: readonly Row[];
  readonly list: boolean;
  readonly seed: number;
  readonly seconds: number | undefined;
  readonly times: number | undefined;
  readonly recordsPerSecond: number;
  readonly settings: Readonly<Record<string, string>>;
  readonly keep: boolean;
};

export const ROW_USAGE = `npm run chaos -- --row P-05 | --rows P-01,P-02 | --rows all | --list [options]

Rows of the programme on real processes: each has its faults, its load and what is expected of it.
What this machine cannot do is listed as not run, with the reason.

  --seconds N      how long each row goes on, for those that have a time (default: the row's own)
  --times N        how often each row does it, for those that have a count (default: the row's own)
  --seed N         draws the same faults again (default: a new one, printed)
  --rate N         records per second of each of the 4 writers (default 500)
  --set name=value a setting of all brokers; may be repeated
  --keep           keep the folders with data and logs

Exit status 1 when a row has a violation. The last line is the summary.`;

const RATE = "500";

/** Whether these arguments are meant for rows. */
export function isOfRows(args: readonly string[]): boolean {
  return args.some((arg) => /^--(row|rows|list)(=|$)/.test(arg));
}

/** @throws TypeError for options that are not known, RangeError for values out of range. */
export function parseRowOptions(
  args: readonly string[],
  known: readonly Row[],
): RowOptions | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      row: { type: "string" },
      rows: { type: "string" },
      list: { type: "boolean", default: false },
      seed: { type: "string", default: String(drawnSeed()) },
      seconds: { type: "string" },
      times: { type: "string" },
      rate: { type: "string", default: RATE },
      set: { type: "string", multiple: true, default: [] },
      keep: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { seconds, times } = values;
  return {
    rows: rowsOf(values.row ?? values.rows ?? "all", known),
    list: values.list,
    seed: wholeNumber("seed", values.seed, 0),
    seconds: seconds === undefined ? undefined : wholeNumber("seconds", seconds, 5),
    times: times === undefined ? undefined : wholeNumber("times", times, 1),
    recordsPerSecond: wholeNumber("rate", values.rate, 1),
    settings: settingsOf(values.set),
    keep: values.keep,
  };
}

function rowsOf(text: string, known: readonly Row[]): readonly Row[] {
  if (text === "all") return known;
  return text.split(",").map((id) => {
    const row = known.find((one) => one.id === id);
    if (row !== undefined) return row;
    throw new RangeError(`--rows: ${id} is none of ${known.map((one) => one.id).join(", ")}, all`);
  });
}
