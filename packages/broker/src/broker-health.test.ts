import type { CoordinationStore } from "@zoolog/coordination";
import { HealthCheck } from "./broker-health.ts";

test("that nobody can tell whether the ensemble was set back is a reason among the others", () => {
  const reasonsWith = (historyDoubt: string | undefined): readonly string[] => {
    const store = { state: "connected", historyDoubt } as CoordinationStore;
    const sources = { logs: undefined, registration: undefined, runtimes: undefined };
    const state = { isClosing: false, hasFailed: false };
    return new HealthCheck().health({ ...state, ...sources, store }).reasons;
  };

  const told = "Nobody can tell whether the ensemble was set back: /cluster/history is not JSON.";
  expect(reasonsWith("/cluster/history is not JSON")).toContain(told);
  expect(reasonsWith(undefined).join()).not.toContain("set back");
});
