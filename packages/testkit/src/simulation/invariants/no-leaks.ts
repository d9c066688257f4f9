import type { LeftBehind } from "../world/simulated-host.ts";
import { type Invariant, note } from "./invariant.ts";

/** Everything that was opened is closed in the end. */
export class NoLeaks implements Invariant {
  readonly name = "I16";
  readonly about =
    "a broker that was shut down leaves no open file, timer or listener, and all of them no watch and no session in ZooKeeper";
  readonly violations: string[] = [];

  left({ host, isListening, openFiles, waitsFor }: LeftBehind): void {
    if (openFiles.length > 0) {
      note(this.violations, `${host} leaves open files: ${openFiles.join(", ")}`);
    }
    if (waitsFor.length > 0) note(this.violations, `${host} still waits: ${waitsFor.join(", ")}`);
    if (isListening) note(this.violations, `${host} still listens`);
  }

  leftInZooKeeper(left: { readonly watches: number; readonly sessions: readonly string[] }): void {
    if (left.watches > 0) note(this.violations, `${left.watches} watches are left in ZooKeeper`);
    if (left.sessions.length > 0) {
      note(this.violations, `sessions are left in ZooKeeper: ${left.sessions.join(", ")}`);
    }
  }
}
