import { ManualTime } from "@zoolog/testkit";
import { withDeadline } from "./send-deadline.ts";

const untilAborted = (signal: { readonly reason: unknown; addEventListener: AddListener }) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
type AddListener = (type: "abort", listener: () => void) => void;

test("a call that is over leaves no timer and no listener", async () => {
  const time = new ManualTime();
  const { signal } = new AbortController();
  let listeners = 0;
  const counted = {
    aborted: false,
    reason: undefined,
    addEventListener: (...args: Parameters<typeof signal.addEventListener>) => {
      listeners += 1;
      signal.addEventListener(...args);
    },
    removeEventListener: (...args: Parameters<typeof signal.removeEventListener>) => {
      listeners -= 1;
      signal.removeEventListener(...args);
    },
  };

  const limits = { timeoutMs: 500, signal: counted };
  const done = await withDeadline(
    limits,
    { where: "t", scheduler: time.scheduler },
    async () => "done",
  );

  expect(done).toBe("done");
  expect({ timers: time.pendingTimers, listeners }).toEqual({ timers: 0, listeners: 0 });
});

test("what comes first ends the call: the caller's signal or the time", async () => {
  const time = new ManualTime();
  const dependencies = { where: "orders", scheduler: time.scheduler };
  const caller = new AbortController();

  const byTime = withDeadline(
    { timeoutMs: 500, signal: caller.signal },
    dependencies,
    untilAborted,
  );
  const bySignal = withDeadline(
    { timeoutMs: 900, signal: caller.signal },
    dependencies,
    untilAborted,
  );
  byTime.catch(() => {});
  bySignal.catch(() => {});
  await time.advanceAndSettle(500);
  caller.abort(new Error("never mind"));

  await expect(byTime).rejects.toMatchObject({ code: "DELIVERY_TIMED_OUT" });
  await expect(bySignal).rejects.toThrow("never mind");
  expect(time.pendingTimers).toBe(0);
});

test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  "%d ms is no timeout",
  async (timeoutMs) => {
    const { scheduler } = new ManualTime();
    const call = withDeadline({ timeoutMs }, { where: "t", scheduler }, untilAborted);

    await expect(call).rejects.toMatchObject({ code: "INVALID_OPTION" });
  },
);
