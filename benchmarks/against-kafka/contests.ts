import type { Contest } from "./contest.ts";
import { consume } from "./contests/consume.ts";
import { endToEnd } from "./contests/end-to-end.ts";
import { failover } from "./contests/failover.ts";
import { kcat } from "./contests/kcat.ts";
import { produceKibibyte, produceReplicated, produceSmall } from "./contests/produce.ts";
import { startUp } from "./contests/start-up.ts";

/** What needs the same brokers is held with them, in this order. */
export const CONTESTS: readonly Contest[] = [
  startUp,
  failover,
  produceKibibyte,
  produceSmall,
  consume,
  kcat,
  endToEnd,
  produceReplicated,
];
