import { parseArgs } from "node:util";
import { drawnSeed, wholeNumber } from "../command-line.ts";
import type { FuzzTarget } from "./fuzz-target.ts";
import { FUZZ_TARGETS, fuzzTarget } from "./target-table.ts";

/** Of one target, when nobody says how long. */
const SECONDS_DEFAULT = 30;

/** Either bound alone holds when it alone is given. */
const UNBOUNDED = { executions: Number.MAX_SAFE_INTEGER, seconds: Number.MAX_SAFE_INTEGER / 1_000 };

/** What `npm run fuzz` is asked for. */
export type FuzzCommand =
  | { readonly kind: "help" }
  | { readonly kind: "list" }
  /** `name`: of a file in `regressions/<target>`. */
  | { readonly kind: "replay"; readonly target: FuzzTarget; readonly name: string }
  | {
      readonly kind: "fuzz";
      readonly targets: readonly FuzzTarget[];
      readonly seed: number;
      /** Whatever of both comes first ends a target. */
      readonly executions: number;
      readonly seconds: number;
      /** Targets at a time. */
      readonly workers: number;
    };

export const USAGE = `npm run fuzz -- [options]

Mutated inputs at every door where bytes of others come in, judged by rules.

  --list              the targets
  --target a,b        which of them (default all)
  --seconds N         how long each is fuzzed (default ${SECONDS_DEFAULT}, without --executions)
  --executions N      how many inputs each gets (default: as many as its seconds take)
  --seed N            draws the same mutations again (default: a new one, printed)
  --workers N         targets at a time, each in a process of its own (default 1)
  --replay FILE.bin   one kept input of the --target again, in this process, where a debugger can follow it
  --help              this

A finding is made small, kept in test/fuzz/regressions, and printed with the command that replays it.
Exit status 0: no finding, 1: findings, 2: the command was not understood. The last line is the summary.`;

/** @throws TypeError for options that are not known, RangeError for values that are not. */
export function parseCommand(args: readonly string[]): FuzzCommand {
  const { values } = parseArgs({
    args: [...args],
    options: {
      target: { type: "string", default: "all" },
      executions: { type: "string" },
      seconds: { type: "string" },
      seed: { type: "string", default: String(drawnSeed()) },
      workers: { type: "string", default: "1" },
      replay: { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return { kind: "help" };
  if (values.list) return { kind: "list" };
  const targets = targetsNamed(values.target);
  if (values.replay !== undefined) {
    const [target, another] = targets;
    if (target === undefined || another !== undefined) {
      throw new RangeError("--replay takes one --target: the one whose input it is");
    }
    return { kind: "replay", target, name: values.replay };
  }
  const { executions, seconds } = values;
  const secondsUnset = executions === undefined ? SECONDS_DEFAULT : UNBOUNDED.seconds;
  return {
    kind: "fuzz",
    targets,
    seed: wholeNumber("seed", values.seed, 0),
    executions:
      executions === undefined ? UNBOUNDED.executions : wholeNumber("executions", executions, 1),
    seconds: seconds === undefined ? secondsUnset : wholeNumber("seconds", seconds, 1),
    workers: wholeNumber("workers", values.workers, 1),
  };
}

function targetsNamed(names: string): readonly FuzzTarget[] {
  if (names === "all") return FUZZ_TARGETS;
  return names.split(",").map((name) => {
    const target = fuzzTarget(name);
    if (target !== undefined) return target;
    const known = FUZZ_TARGETS.map((one) => one.name).join(", ");
    throw new RangeError(`--target: ${name} is none of ${known}, all`);
  });
}
