import type { World } from "../world/world.ts";
import type { WorldHistory } from "../world/world-history.ts";

/** What clients do with a topic while faults go on. */
export interface Workload {
  start(): void;
  /** Begins nothing new; resolves when what was under way has ended. Let time go on meanwhile. */
  stop(): Promise<void>;
}

export type WorkloadParts = {
  readonly world: World;
  readonly history: WorldHistory;
  readonly topic: string;
  readonly partitions: number;
};
