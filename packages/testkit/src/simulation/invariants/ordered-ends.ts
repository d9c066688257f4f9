import { type Invariant, note } from "./invariant.ts";

/** What `runInBackground` says of work that nobody awaits. */
const BACKGROUND_FAILED = "background task failed";

/** Failures of assertions begin so; `base/assert`. */
const BROKEN = /assert|invariant/i;

/** What chores say while a disk is full or fails, or ZooKeeper is gone: the next round tries again. */
const OPERATIONAL =
  /bytes left for records|may not open more files|is offline: |: simulated, |ZooKeeper cannot be reached/;

/**
 * A broker ends when it is told to, and nothing in it fails unheard. Of rejections that nobody handles
 * only the process that runs the world hears; it adds them.
 */
export class OrderedEnds implements Invariant {
  readonly name = "I12";
  readonly about =
    "no broker ends, or fails to start, but by a fault; no promise is rejected unheard, no assertion fails";
  readonly violations: string[] = [];
  readonly #hosts: readonly { readonly name: string; readonly failures: readonly string[] }[];

  constructor(hosts: readonly { readonly name: string; readonly failures: readonly string[] }[]) {
    this.#hosts = hosts;
  }

  logged(event: string, fields: Readonly<Record<string, unknown>>): void {
    const error = String(fields["error"] ?? fields["cause"] ?? "");
    const isUnheard = event === BACKGROUND_FAILED && !OPERATIONAL.test(error);
    if (!isUnheard && !BROKEN.test(error)) return;
    note(this.violations, `${event}: ${String(fields["task"] ?? "")} ${error}`);
  }

  atEnd(): Promise<void> {
    for (const { failures, name } of this.#hosts) {
      for (const failure of failures) note(this.violations, `${name}: ${failure}`);
    }
    return Promise.resolve();
  }
}
