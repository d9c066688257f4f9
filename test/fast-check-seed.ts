/** `FC_SEED=<seed>` runs every property test again with the seed that a failure printed. */
import fc from "fast-check";

const seed = process.env["FC_SEED"];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });
