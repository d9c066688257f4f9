import type { LogFields, Logger } from "@zoolog/base";
import { SimulatedBroker } from "@zoolog/testkit";

type Line = { readonly message: string; readonly repeated: readonly string[] };

/** Notes of each line which fields its logger has already. */
function listening(lines: Line[], bound: LogFields = {}): Logger {
  const note = (message: string, fields: LogFields = {}): void => {
    lines.push({ message, repeated: Object.keys(fields).filter((name) => name in bound) });
  };
  const child = (fields: LogFields): Logger => listening(lines, { ...bound, ...fields });
  return { debug: note, info: note, warn: note, error: note, child };
}

test("no line of a broker's log names the broker twice", async () => {
  const lines: Line[] = [];
  const simulated = new SimulatedBroker({ seed: 1, logger: listening(lines) });
  await simulated.start();
  await simulated.crash("process");

  await simulated.start();
  await simulated.close();

  expect(lines.map(({ message }) => message)).toContain("data folder loaded");
  expect(lines.filter(({ repeated }) => repeated.length > 0)).toEqual([]);
});
