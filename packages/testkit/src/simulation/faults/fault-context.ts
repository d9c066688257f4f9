import type { Random } from "@zoolog/base";
import type { World } from "../world/world.ts";
import type { Budget } from "./budget.ts";
import type { ClusterView } from "./cluster-view.ts";
import type { Disturbances } from "./disturbances.ts";
import type { Clogs } from "./network/clogs.ts";
import type { Supervisor } from "./supervisor.ts";

/** What faults share. */
export type FaultParts = {
  readonly world: World;
  readonly view: ClusterView;
  readonly budget: Budget;
  readonly supervisor: Supervisor;
  readonly disturbances: Disturbances;
  readonly clogs: Clogs;
};

export type FaultContext = FaultParts & {
  /** Of this fault alone. */
  readonly random: Random;
  /** True time; over at once when all faults are to end. */
  readonly wait: (ms: number) => Promise<void>;
  /** Tells what happens, once, when it begins; `struck` are names of processes. */
  readonly begin: (what: string, struck?: readonly string[]) => void;
  /** Tells how it goes on. */
  readonly note: (what: string) => void;
};

/** One fault from its beginning to the end of its cause. Who finds nothing to strike just returns. */
export type Fault = (context: FaultContext) => Promise<void>;
