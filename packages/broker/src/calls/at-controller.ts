import type { Clock, Scheduler } from "@zoolog/base";
import type { PeerCalls } from "@zoolog/calls";
import type { Refusal } from "@zoolog/controller";
import type { ItemError } from "@zoolog/protocol";
import type { Principal } from "../principal.ts";
import type { ControllerLink } from "../runtimes/controller/controller-link.ts";
import type { ControllerRuntime } from "../runtimes/controller/controller-runtime.ts";
import type { MetadataCache } from "../runtimes/image/metadata-cache.ts";

/** Administrators' calls that the controller decides, wherever it is: any broker takes them. */

export type ControllerCallDependencies = {
  readonly controller: ControllerRuntime;
  readonly link: Pick<ControllerLink, "atController">;
  readonly peers: PeerCalls;
  readonly cache: MetadataCache;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
};

export type TimeLeft = { readonly timeoutMs: number };

/** For an answer on its way: the controller keeps to the time that it was given. */
export const ANSWER_MARGIN_MS = 2_000;

/** A broker that asks has looked for the controller itself: what it passes on is not passed on. */
export function atController<T>(
  request: TimeLeft,
  caller: Principal,
  { link, clock }: Pick<ControllerCallDependencies, "link" | "clock">,
  ways: {
    readonly here: (timeLeft: TimeLeft) => Promise<T>;
    readonly there: (endpoint: string, timeLeft: TimeLeft, options: TimeLeft) => Promise<T>;
  },
): Promise<T> {
  if (caller.kind === "broker") return ways.here(request);
  const now = () => clock.monotonic();
  const deadline = now() + request.timeoutMs;
  const timeLeft = () => ({ timeoutMs: Math.max(0, Math.floor(deadline - now())) });
  return link.atController(
    { deadline, now },
    {
      here: () => ways.here(timeLeft()),
      there: (endpoint) => {
        const left = timeLeft();
        return ways.there(endpoint, left, { timeoutMs: left.timeoutMs + ANSWER_MARGIN_MS });
      },
    },
  );
}

export function itemError({ code, message }: Refusal): ItemError {
  return { code, message };
}
