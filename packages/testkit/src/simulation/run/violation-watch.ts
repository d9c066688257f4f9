import type { Invariant } from "../invariants/invariant.ts";
import type { World } from "../world/world.ts";

/** Events between two looks: few enough to tell what led to a violation. */
const LOOK_EVENTS = 16;

/** Tells the trace of a world when a violation is seen, and not only what its verdict is. */
export function watchViolations(invariants: readonly Invariant[], world: World): void {
  const { schedule, trace } = world;
  const seen = invariants.map(() => 0);
  schedule.observe(trace.isRecording ? 1 : LOOK_EVENTS, () => {
    for (const [i, { name, violations }] of invariants.entries()) {
      for (let next = seen[i] ?? 0; next < violations.length; next++) {
        trace.violated(`${name} ${violations[next]}`);
      }
      seen[i] = violations.length;
    }
  });
}
