import { type Invariant, note } from "./invariant.ts";

/** What must come to its end once everything has healed, and does not. */
export class Liveness implements Invariant {
  readonly name = "I14";
  readonly about =
    "within a bounded time after healing all partitions are led, every ISR is whole, groups have committed everything, and what is written then is read";
  readonly violations: string[] = [];

  stuck(what: string): void {
    note(this.violations, what);
  }
}
