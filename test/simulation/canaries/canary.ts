import type { SimulationOptions } from "@zoolog/testkit";
import type { CodeMutation } from "../../chaos/mutated-build.ts";

/** A deliberate mistake in the code that worlds run, and the worlds in which it does harm. */
export type Canary = {
  readonly name: string;
  /** The mistake, in a sentence. */
  readonly about: string;
  readonly code: readonly CodeMutation[];
  /** How a seed is drawn; default `"swarm"`, as any other. */
  readonly scenario?: string;
  /** What is not as drawn. */
  readonly options?: Partial<SimulationOptions>;
};
