import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { argumentFault, SEED_MAX, wholeNumber } from "../command-line.ts";

/** `swarm`, the id of a scenario, or `all`: swarms and scenarios take turns. */
export const SWARM = "swarm";
export const ALL_SCENARIOS = "all";

/** What draws a seed's options. */
export type Drawn = {
  readonly scenario: string;
  /** `undefined`: as the seed draws it. */
  readonly seconds: number | undefined;
};

/** What `npm run sim` is asked for. */
export type SimCommand =
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  | {
      readonly kind: "canaries";
      /** None: all of them. */
      readonly names: readonly string[];
      readonly seeds: { readonly from: number; readonly to: number } | undefined;
      readonly workers: number;
    }
  | ({
      readonly kind: "one";
      /** `undefined`: of `json`, or a new one. */
      readonly seed: number | undefined;
      /** Options of a run, or the name of a file that holds them. */
      readonly json: string | undefined;
      readonly traceFile: string | undefined;
    } & Both)
  | ({ readonly kind: "many"; readonly from: number; readonly to: number } & Both);

type Both = {
  readonly drawn: Drawn;
  readonly workers: number;
  readonly twice: boolean;
  readonly shrink: boolean;
};

export const USAGE = `npm run sim -- [options]

A whole cluster with its ZooKeeper and its clients in one process, under one seed, with virtual time,
network and disks; faults drawn from the seed, and the invariants that must hold whatever happens.

What to run
  --seed N             one seed: prints its options, what happened, and the verdict (default: a new one)
  --seeds FROM..TO     many seeds in worker processes: progress, failures, figures
  --scenario S-03      what each seed does: swarm (a random part of all faults and workloads), a scenario
                       of --list, or all: every other seed is a swarm, scenarios take turns at the rest
                       (default swarm)
  --seconds S          virtual seconds of load and faults (default: as the seed draws it)
  --options JSON|FILE  exactly this world, as a failure printed it; what is left out is drawn by its seed.
                       FILE: a JSON file, such as one of test/simulation/seeds
  --list               the scenarios, those that are not there, faults and workloads

  --canaries [NAME …]  whether the simulator sees: deliberate mistakes in a copy of the build, each run
                       until it is noticed (--seeds, default 1..5000 each); --list names them

What to do with it
  --twice              each seed two times: both must have the same hash (of many seeds 2 in 100 are
                       run twice anyway)
  --shrink             a failing seed: look for the smallest world that still violates the same
                       invariant; of many seeds the first of each invariant, each once
  --trace FILE.html    one seed: a page to read, hosts as columns and time downwards
  --workers N          processes for many seeds and for --shrink (default: one per core, here ${availableParallelism()})
  --help               this

A failure prints seed, invariants, the newest events, and the command that replays it.
Exit status 0: no violation, 1: violations, 2: the command was not understood. The last line is the
summary.`;

/** @throws RangeError for a command that cannot be done, with a sentence that says what can. */
export function parseCommand(args: readonly string[]): SimCommand {
  const values = valuesOf(args);
  if (values.help) return { kind: "help" };
  if (values.list) return { kind: "list" };
  if (values.canaries) return canariesOf(values);
  if (values.names.length > 0) {
    throw new RangeError(`${values.names[0]} is no option; --canaries alone takes names`);
  }
  const drawn = {
    scenario: values.scenario ?? SWARM,
    seconds: values.seconds === undefined ? undefined : wholeNumber("seconds", values.seconds, 1),
  };
  const both: Both = {
    drawn,
    workers: wholeNumber("workers", values.workers ?? String(availableParallelism()), 1),
    twice: values.twice,
    shrink: values.shrink,
  };
  const { seed, seeds, options: json, trace: traceFile } = values;
  refuseTogether({ seed, seeds, options: json });
  refuseTogether({ seeds, trace: traceFile });
  refuseTogether({ options: json, scenario: values.scenario });
  refuseTogether({ options: json, seconds: values.seconds });
  if (seeds !== undefined) return { kind: "many", ...rangeOf(seeds), ...both };
  if (traceFile !== undefined && !traceFile.endsWith(".html")) {
    throw new RangeError(`--trace writes a page: name it FILE.html, not ${traceFile}`);
  }
  if (seed === undefined && drawn.scenario === ALL_SCENARIOS) {
    throw new RangeError("--scenario all is for many seeds: add --seeds FROM..TO");
  }
  const one = seed === undefined ? undefined : wholeNumber("seed", seed, 0, SEED_MAX);
  return { kind: "one", seed: one, json, traceFile, ...both };
}

/** What a canary is and how its worlds are drawn stands in the canary. */
const NOT_OF_CANARIES = [
  "seed",
  "scenario",
  "seconds",
  "options",
  "twice",
  "shrink",
  "trace",
] as const;

function canariesOf(values: ReturnType<typeof valuesOf>): SimCommand {
  const { names, seeds, workers } = values;
  const refused = NOT_OF_CANARIES.find(
    (name) => values[name] !== undefined && values[name] !== false,
  );
  if (refused !== undefined) {
    throw new RangeError(`--canaries takes names, --seeds and --workers, not --${refused}`);
  }
  return {
    kind: "canaries",
    names,
    seeds: seeds === undefined ? undefined : rangeOf(seeds),
    workers: wholeNumber("workers", workers ?? String(availableParallelism()), 1),
  };
}

function valuesOf(args: readonly string[]) {
  try {
    const { positionals, values } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        seed: { type: "string" },
        seeds: { type: "string" },
        scenario: { type: "string" },
        seconds: { type: "string" },
        options: { type: "string" },
        list: { type: "boolean", default: false },
        twice: { type: "boolean", default: false },
        shrink: { type: "boolean", default: false },
        trace: { type: "string" },
        workers: { type: "string" },
        canaries: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    });
    return { ...values, names: positionals };
  } catch (error) {
    throw new RangeError(argumentFault("sim", error) ?? String(error));
  }
}

function refuseTogether(values: Readonly<Record<string, string | undefined>>): void {
  const given = Object.keys(values).filter((name) => values[name] !== undefined);
  if (given.length < 2) return;
  throw new RangeError(`--${given.join(" and --")} do not go together: leave one out`);
}

function rangeOf(text: string): { readonly from: number; readonly to: number } {
  const [, first, last] = /^(\d+)\.\.(\d+)$/.exec(text) ?? [];
  const range = { from: Number(first), to: Number(last) };
  if (first !== undefined && range.from <= range.to && range.to <= SEED_MAX) return range;
  throw new RangeError(
    `--seeds takes FROM..TO, both from 0 to ${SEED_MAX}, such as 1..500, not ${text}`,
  );
}
