import type { World } from "../world/world.ts";
import type { WorldHistory } from "../world/world-history.ts";
import type { WorldTopics } from "../world/world-topics.ts";

/** What clients do while faults go on. */
export interface Workload {
  start(): void;
  /**
   * Faults are over: clients come and go no more, nothing is created, deleted or configured. Who
   * writes and reads goes on. Let time go on meanwhile, as for the others.
   */
  calm?(): Promise<void>;
  /** Writes nothing new; resolves when what was under way has ended. */
  endWriting?(): Promise<void>;
  /** Resolves when everything in the final logs of the history has been handled. */
  drain?(): Promise<void>;
  stop(): Promise<void>;
}

export type WorkloadParts = {
  readonly world: World;
  readonly history: WorldHistory;
  readonly topics: WorldTopics;
  /** Something that should not happen to any client. */
  readonly complain: (what: string) => void;
};
