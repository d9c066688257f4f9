/**
 * `FC_SEED=<seed>` runs every property test again with the seed that a failure printed;
 * `FC_RUNS=<n>` runs those that allow it as often, for a night's worth of cases.
 */
import fc from "fast-check";

const { FC_SEED: seed, FC_RUNS: runs } = process.env;
if (seed !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(seed) });
if (runs !== undefined) fc.configureGlobal({ ...fc.readConfigureGlobal(), numRuns: Number(runs) });
