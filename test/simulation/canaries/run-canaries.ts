import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { inParallel } from "@zoolog/base";
import { canariesNamed } from "./canaries.ts";
import { type Finding, hunt, REPOSITORY } from "./canary-hunt.ts";
import { formatFinding, formatFindings } from "./canary-report.ts";

export type CanaryOptions = {
  /** None: all. */
  readonly names: readonly string[];
  /** Default: 1 to 5,000; a canary that is noticed ends there. */
  readonly seeds: { readonly from: number; readonly to: number } | undefined;
  /** Processes. */
  readonly workers: number;
  readonly print: (line: string) => void;
};

/** Worlds that a mistake may take until it is noticed. */
const SEEDS_MAX = 5_000;

/**
 * Whether the simulator sees: deliberate mistakes in a copy of the build, each of which has to be
 * noticed. Answers the exit status: 1 when one is not, or the code as it is fails a world.
 */
export async function runCanaries(options: CanaryOptions): Promise<number> {
  const { names, print, seeds = { from: 1, to: SEEDS_MAX }, workers: atOnceMax } = options;
  const canaries = canariesNamed(names);
  if (!isBuilt()) {
    print("the packages do not compile: npm run build");
    return 1;
  }
  const findings: Finding[] = [];
  await inParallel(canaries, { atOnceMax }, async (canary) => {
    const finding = await hunt(canary, seeds);
    findings.push(finding);
    print(formatFinding(finding));
  });
  const ordered = canaries.flatMap((canary) =>
    findings.filter((finding) => finding.canary === canary),
  );
  print(formatFindings(ordered));
  const isSeen = ordered.every(({ caught, unclean }) => caught && unclean.length === 0);
  return isSeen ? 0 : 1;
}

/** Worlds run what is built: it has to be what the sources say. */
function isBuilt(): boolean {
  const compiler = createRequire(import.meta.url).resolve("typescript/bin/tsc");
  const { status } = spawnSync(process.execPath, [compiler, "-b"], {
    cwd: REPOSITORY,
    stdio: "inherit",
  });
  return status === 0;
}
