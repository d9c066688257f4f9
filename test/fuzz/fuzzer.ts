import type { Random } from "@zoolog/base";
import { seededRandom } from "@zoolog/testkit";
import type { AllocationMeter } from "./allocation-meter.ts";
import { allocationOf, crashOf, type Finding, slowOf } from "./finding.ts";
import type { Door, FuzzTarget, Outcome } from "./fuzz-target.ts";
import { minimised } from "./minimise.ts";
import { Mutator } from "./mutator.ts";

/** Inputs that are kept; beyond it new answers are no longer a reason to keep one. */
const CORPUS_MAX = 4_000;
/** After so many different findings a target is a building site: mend, then fuzz again. */
const FINDINGS_MAX = 12;
/** Synchronous targets let the event loop turn this often, so that reports leave the process. */
const EXECUTIONS_PER_TURN = 512;
/** Most of what is damaged on purpose is repaired as far as its checksums go. */
const REPAIRED_SHARE = 0.6;
/** How often an execution is repeated before it counts as slow: the machine may have been busy. */
const SLOW_TRIES = 3;
const SLOW_MS = 400;

export type FuzzReport = {
  readonly target: string;
  readonly executions: number;
  readonly elapsedMs: number;
  readonly corpus: number;
  readonly findings: readonly Finding[];
  readonly slowestMs: number;
  /** Of the process, above what it was when fuzzing began. */
  readonly memoryGrowthBytes: number;
};

export type FuzzerOptions = {
  readonly seed: number;
  readonly executionsMax: number;
  readonly millisecondsMax: number;
};

export type FuzzerDependencies = {
  readonly meter: AllocationMeter;
  /** Told each input before it is executed: it may be the last thing that is ever heard. */
  readonly before?: (input: Buffer) => void;
  /** What was thrown since the last call where nobody could catch it. */
  readonly takeStray?: () => unknown;
};

/** Throws mutants of a growing corpus at one door, and judges each answer. */
export class Fuzzer {
  readonly #target: FuzzTarget;
  readonly #door: Door;
  readonly #options: FuzzerOptions;
  readonly #dependencies: FuzzerDependencies;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #corpus: Buffer[] = [];
  readonly #outcomes = new Set<Outcome>();
  readonly #findings = new Map<string, Finding>();
  #executions = 0;
  #slowestMs = 0;

  constructor(
    target: FuzzTarget,
    door: Door,
    options: FuzzerOptions,
    dependencies: FuzzerDependencies,
  ) {
    this.#target = target;
    this.#door = door;
    this.#options = options;
    this.#dependencies = dependencies;
    this.#random = seededRandom(options.seed);
    const { inputBytesMax: bytesMax } = target;
    const { words = [] } = door;
    this.#mutator = new Mutator({ bytesMax, words }, { random: this.#random });
  }

  async run(): Promise<FuzzReport> {
    const beganAt = performance.now();
    const { executionsMax, millisecondsMax } = this.#options;
    for (const seed of this.#door.seeds) {
      await this.#executeAndKeep(Buffer.from(seed.subarray(0, this.#target.inputBytesMax)));
    }
    // The first executions compile and warm what stays; growth counts from here.
    const residentAtStart = process.memoryUsage.rss();
    let residentMax = residentAtStart;
    const isOver = (): boolean =>
      this.#executions >= executionsMax ||
      performance.now() - beganAt >= millisecondsMax ||
      this.#findings.size >= FINDINGS_MAX;
    while (!isOver()) {
      await this.#executeAndKeep(this.#nextInput());
      if (this.#executions % EXECUTIONS_PER_TURN !== 0) continue;
      residentMax = Math.max(residentMax, process.memoryUsage.rss());
      await new Promise((resolve) => setImmediate(resolve));
    }
    return {
      target: this.#target.name,
      executions: this.#executions,
      elapsedMs: performance.now() - beganAt,
      corpus: this.#corpus.length,
      findings: [...this.#findings.values()],
      slowestMs: this.#slowestMs,
      memoryGrowthBytes: residentMax - residentAtStart,
    };
  }

  /** Executes one input; answers what is wrong with what came of it, if anything. */
  async replay(input: Buffer): Promise<Finding | undefined> {
    return (await this.#judge(input)).finding;
  }

  #nextInput(): Buffer {
    const mutant = this.#mutator.mutate(this.#pick(), this.#pick());
    const { repaired } = this.#door;
    if (repaired === undefined || this.#random.next() >= REPAIRED_SHARE) return mutant;
    return repaired(mutant);
  }

  /** Newer ones more often: they are further in. */
  #pick(): Buffer {
    const share = this.#random.next() < 0.5 ? Math.sqrt(this.#random.next()) : this.#random.next();
    return this.#corpus[Math.floor(share * this.#corpus.length)] ?? Buffer.alloc(0);
  }

  async #executeAndKeep(input: Buffer): Promise<void> {
    const { finding, outcome } = await this.#judge(input);
    if (finding !== undefined) {
      await this.#note(finding);
    } else if (outcome !== undefined && !this.#outcomes.has(outcome)) {
      if (this.#corpus.length >= CORPUS_MAX) return;
      this.#outcomes.add(outcome);
      this.#corpus.push(input);
    }
  }

  async #note(finding: Finding): Promise<void> {
    if (this.#findings.has(finding.key)) return;
    this.#findings.set(finding.key, finding);
    const isSame = async (input: Buffer): Promise<boolean> =>
      (await this.#judge(input)).finding?.key === finding.key;
    const input = await minimised(finding.input, isSame);
    const { finding: smallest = finding } = await this.#judge(input);
    this.#findings.set(finding.key, smallest.key === finding.key ? smallest : finding);
  }

  async #judge(input: Buffer): Promise<{ finding?: Finding; outcome?: Outcome }> {
    const { slowMs = SLOW_MS, allocationSlackBytes } = this.#target;
    const { meter, before, takeStray } = this.#dependencies;
    let shortestMs = Number.POSITIVE_INFINITY;
    let outcome: Outcome | undefined;
    for (let tries = 0; tries < SLOW_TRIES && shortestMs > slowMs; tries++) {
      this.#executions += 1;
      // The door gets its own: what it is given may change under its hands.
      const given = Buffer.from(input);
      before?.(input);
      meter.reset();
      const beganAt = performance.now();
      try {
        const answer = this.#door.execute(given);
        outcome = typeof answer === "string" ? answer : await answer;
      } catch (error) {
        return { finding: crashOf(error, input) };
      }
      shortestMs = Math.min(shortestMs, performance.now() - beganAt);
      const stray = takeStray?.();
      if (stray !== undefined) return { finding: crashOf(stray, input) };
      const bytesMax = 2 * input.length + allocationSlackBytes;
      if (meter.largest > bytesMax) {
        return { finding: allocationOf(meter.largest, bytesMax, input) };
      }
    }
    this.#slowestMs = Math.max(this.#slowestMs, shortestMs);
    if (shortestMs > slowMs) return { finding: slowOf(shortestMs, slowMs, input) };
    return outcome === undefined ? {} : { outcome };
  }
}
