/** What was found once is found no more, and a short run over every door finds nothing. */
import { AllocationMeter } from "./allocation-meter.ts";
import { Fuzzer } from "./fuzzer.ts";
import { regressionsOf } from "./regressions.ts";
import { FUZZ_TARGETS } from "./target-table.ts";

/** The same mutants on every machine: a red run is about the change. */
const SEED = 7;

describe.each(FUZZ_TARGETS.map((target) => [target.name, target] as const))(
  "%s",
  (name, target) => {
    const meter = new AllocationMeter();

    beforeAll(() => meter.install());

    afterAll(() => meter.uninstall());

    test("answers former findings as it should", async () => {
      const door = await target.open();
      const options = { seed: SEED, executionsMax: 0, millisecondsMax: 0 };
      const fuzzer = new Fuzzer(target, door, options, { meter });
      for (const { name: file, input } of regressionsOf(name)) {
        const finding = await fuzzer.replay(input);
        expect({ file, what: finding?.what }).toEqual({ file, what: undefined });
      }
      await door.close?.();
    });

    test("answers mutants as it should", async () => {
      const door = await target.open();
      const options = {
        seed: SEED,
        executionsMax: target.smokeExecutions,
        millisecondsMax: 60_000,
      };
      const report = await new Fuzzer(target, door, options, { meter }).run();
      await door.close?.();
      expect(report.findings.map(({ what }) => what)).toEqual([]);
    });
  },
);
