import { setImmediate } from "node:timers/promises";
import type * as Testkit from "@zoolog/testkit";
import {
  hangCpuMsOf,
  lostOutcome,
  type SeedJob,
  type SeedOutcome,
  SHOWN_EVENTS,
} from "./seed-job.ts";
import { tracingLogger } from "./tracing-logger.ts";

/** A page of more than that is no page any more; the newest are kept. */
const RECORDED_EVENTS_MAX = 100_000;

const HANG_LOOK_MS = 1_000;

/** What escaped from every promise and callback of this process since it was last asked. */
type Strays = { readonly take: () => readonly string[] };

/** Runs one world in this process. One at a time. */
export async function runSeed(
  job: SeedJob,
  dependencies: {
    readonly strays: Strays;
    readonly testkit: Pick<typeof Testkit, "Simulation" | "Trace">;
  },
): Promise<SeedOutcome> {
  const { strays, testkit } = dependencies;
  const { options, isRecorded = false } = job;
  const trace = new testkit.Trace(isRecorded ? { recordedMax: RECORDED_EVENTS_MAX } : {});
  const logger = isRecorded ? { logger: tracingLogger(trace) } : {};
  const beganAt = performance.now();
  const realMs = (): number => performance.now() - beganAt;
  const shown = (): SeedOutcome["trace"] =>
    isRecorded ? trace.newest() : (trace.beforeViolation ?? trace.newest()).slice(-SHOWN_EVENTS);
  const hanging = hangWatch(hangCpuMsOf(options), () =>
    lostOutcome(options, {
      kind: "hang",
      what: `still runs after ${hangCpuMsOf(options) / 1_000} s of the processor`,
      realMs: realMs(),
      trace: shown(),
      events: trace.count,
      virtualMs: trace.nowMs,
    }),
  );
  try {
    const outcome = await Promise.race([
      hanging.outcome,
      new testkit.Simulation(options, { trace, ...logger }).run().then(
        async (report): Promise<SeedOutcome> => {
          // Rejections that nobody handled are told in the next turn.
          await setImmediate();
          const escaped = strays.take().map((what) => ({ invariant: "I12", what }));
          const violations = [...report.violations, ...escaped];
          const isShown = isRecorded || violations.length > 0;
          const { bands, checkpoints } = trace;
          const newest = isShown ? shown() : [];
          return { ...report, violations, bands, checkpoints, trace: newest, realMs: realMs() };
        },
        (error: unknown) =>
          lostOutcome(options, {
            kind: "threw",
            what: stackOf(error),
            realMs: realMs(),
            trace: shown(),
            events: trace.count,
            virtualMs: trace.nowMs,
          }),
      ),
    ]);
    return outcome;
  } finally {
    hanging.end();
  }
}

export function stackOf(reason: unknown): string {
  return reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
}

/** For a world that goes on and on; one that never lets go of the thread is ended from outside. */
function hangWatch(afterCpuMs: number, outcome: () => SeedOutcome) {
  const before = process.cpuUsage();
  let timer: NodeJS.Timeout | undefined;
  return {
    outcome: new Promise<SeedOutcome>((resolve) => {
      timer = setInterval(() => {
        const { system, user } = process.cpuUsage(before);
        if ((user + system) / 1_000 > afterCpuMs) resolve(outcome());
      }, HANG_LOOK_MS);
    }),
    end: () => clearInterval(timer),
  };
}
