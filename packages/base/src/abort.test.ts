import { abortable, CallAbort } from "./abort.ts";

test("each listener hears of an abort once, with the first reason", () => {
  const abort = new CallAbort();
  const heard: unknown[] = [];
  const listener = (): void => void heard.push(abort.signal.reason);
  abort.signal.addEventListener("abort", listener, { once: true });
  abort.signal.addEventListener("abort", listener, { once: true });

  abort.abort("first");
  abort.abort("second");

  expect([heard, abort.signal.aborted]).toEqual([["first"], true]);
});

test("who was removed, or came too late, hears nothing", () => {
  const abort = new CallAbort();
  const heard: string[] = [];
  const removed = (): void => void heard.push("removed");
  abort.signal.addEventListener("abort", () => abort.signal.removeEventListener("abort", removed));
  abort.signal.addEventListener("abort", removed);

  abort.abort("gone");
  abort.signal.addEventListener("abort", () => void heard.push("late"));

  expect(heard).toEqual([]);
});

test("it ends what is abortable", async () => {
  const abort = new CallAbort();
  const waiting = abortable(new Promise(() => {}), abort.signal);
  abort.abort(new Error("enough"));

  await expect(waiting).rejects.toThrow("enough");
  await expect(abortable(Promise.resolve(1), abort.signal)).rejects.toThrow("enough");
});
