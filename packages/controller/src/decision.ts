import type { ControllerTimer, RequestId } from "./controller-event.ts";
import type { ControllerResponse } from "./controller-response.ts";
import type { ControllerRecord } from "./state/controller-record.ts";

/**
 * Everything the controller wants done. The runtime does it, in this order: persist the durable
 * records, apply all of them, publish the image, release the replies, set the timers. The core
 * never does any of it.
 */
export type Decision = {
  readonly records: readonly ControllerRecord[];
  readonly replies: readonly Reply[];
  readonly timers: readonly TimerChange[];
};

export type Reply = { readonly requestId: RequestId; readonly response: ControllerResponse };

/** When it fires, give `decide` the event `timerFired` with this key. Arming again replaces. */
export type TimerChange = { readonly arm: ControllerTimer; readonly afterMs: number };

/** A decision that changes nothing and only answers. */
export function replyTo(requestId: RequestId, response: ControllerResponse): Decision {
  return { records: [], replies: [{ requestId, response }], timers: [] };
}
