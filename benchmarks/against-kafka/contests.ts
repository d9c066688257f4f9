import type { Contest } from "./contest.ts";
import { startUp } from "./contests/start-up.ts";

/** In the order in which they are run: clusters of one size are started once. */
export const CONTESTS: readonly Contest[] = [startUp];
