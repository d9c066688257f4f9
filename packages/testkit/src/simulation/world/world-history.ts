import type { GroupEntry } from "../../history/group-history.ts";
import type { FinalLog, HistoryEntry } from "../../history/history.ts";

/** What the clients of a world saw, by true time, in the terms that the checkers judge. */
export class WorldHistory {
  readonly entries: HistoryEntry[] = [];
  readonly groupEntries: GroupEntry[] = [];
  /** Read when everything had healed and nobody wrote any more. */
  finalLogs: readonly FinalLog[] = [];
  #processes = 0;

  /** Who a client is in the history; a restarted one is another process. */
  nextProcess(): number {
    return this.#processes++;
  }
}
