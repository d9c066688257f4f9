import { type Invariant, note } from "./invariant.ts";

/** Nothing rests on a second sync of what a first one has lost. */
export class FailedSyncs implements Invariant {
  readonly name = "I1";
  readonly about =
    "a sync that failed is not tried again: it succeeds without having written what the first one lost (fsyncgate)";
  readonly violations: string[] = [];

  /** A file was synced although pages of it were lost by a sync that failed. */
  lostPagesSynced(host: string, path: string): void {
    note(this.violations, `${host} syncs ${path} again after a sync of it has failed`);
  }
}
