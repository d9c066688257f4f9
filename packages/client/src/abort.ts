import { setMaxListeners } from "node:events";

/**
 * An abort controller of our own. Every call under way listens to it: that is bounded elsewhere, and
 * Node's warning about more than ten listeners would be a false alarm.
 */
export function quietAbortController(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}
