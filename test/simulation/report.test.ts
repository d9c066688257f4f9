import { outcomeOf } from "./outcome.fixture.ts";
import {
  boundOf,
  coverageTable,
  formatFailure,
  formatTables,
  seedSummary,
  totalsSummary,
} from "./report.ts";
import { faultsOf } from "./shrink-failure.ts";
import { Totals } from "./totals.ts";

const LOSS = { invariant: "I1", what: "record 3:7 is lost" };

function totalsOf(...outcomes: readonly ReturnType<typeof outcomeOf>[]): Totals {
  const totals = new Totals();
  for (const outcome of outcomes) totals.add(outcome);
  totals.realMs = 200;
  return totals;
}

test("one seed is one line of figures", () => {
  expect(seedSummary(outcomeOf({ seed: 7 }))).toBe(
    "seed 7: 0 violations, 50 of 60 acknowledged, 40 processed, 0 comparisons of replicas, " +
      "1,000 events, 20.0 virtual s at 200.0 times real time, hash 00c0ffee00c0ffee",
  );
});

test("a failure names seed and options, shows the newest events and says how to see it again", () => {
  const trace = [{ atMs: 1_234.5, actor: "broker-1", kind: "fetch" }];
  const text = formatFailure(outcomeOf({ seed: 7 }, { violations: [LOSS], trace }));

  expect(text.split("\n")).toEqual([
    "seed 7 (swarm) violates I1",
    "  I1 record 3:7 is lost",
    "  of 1,000 events the last before it:",
    "        1234.500 broker-1     fetch",
    `  again: npm run sim -- --options '{"seed":7,"scenario":"swarm","seconds":10,"meanRestMs":1000}'`,
  ]);
});

test("the options of a seed that runs alone stand above its failure, and only there", () => {
  const failure = outcomeOf({ seed: 7 }, { violations: [LOSS] });

  expect(formatFailure(failure, { isAlone: true })).not.toContain('"seed"');
});

test("a failure that was recorded for a page shows only the events before it was seen", () => {
  const event = { actor: "broker-1", kind: "fetch" };
  const before = Array.from({ length: 100 }, (_, i) => ({ atMs: i, ...event }));
  const trace = [
    ...before,
    { atMs: 99, actor: "broker-1", kind: "log info", text: "elected" },
    { atMs: 99, actor: "world", kind: "violation", text: "I1 record 3:7 is lost" },
    ...before.map(({ atMs }) => ({ atMs: 100 + atMs, ...event })),
  ];
  const lines = formatFailure(outcomeOf({}, { violations: [LOSS], trace })).split("\n");

  const shown = lines.filter((line) => line.endsWith(event.kind)).map((line) => parseFloat(line));
  expect(shown).toEqual(Array.from({ length: 40 }, (_, i) => 60 + i));
  expect(lines).toHaveLength(2 + 1 + 40 + 1);
});

test("of a long value only what names it is shown", () => {
  const loss = { invariant: "I1", what: `lost-write t/2: 0:20${".".repeat(900)}` };

  expect(formatFailure(outcomeOf({}, { violations: [loss] }))).toContain(
    "\n  I1 lost-write t/2: 0:20…\n",
  );
});

test("of many violations of one seed the first are shown, and all are counted", () => {
  const violations = Array.from({ length: 25 }, () => LOSS);

  expect(formatFailure(outcomeOf({}, { violations }))).toContain("\n  and 15 violations more\n");
  expect(seedSummary(outcomeOf({}, { violations }))).toContain(": 25 violations, ");
});

test("a clean range says what it proves, one with violations does not", () => {
  const clean = totalsOf(...Array.from({ length: 500 }, (_, seed) => outcomeOf({ seed })));
  const other = totalsOf(outcomeOf(), outcomeOf({ seed: 2 }, { violations: [LOSS, LOSS] }));

  expect(totalsSummary(clean)).toBe(
    "500 seeds: 0 violations: less than 0.60 % of all seeds have one (95 % sure), 500,000 events, " +
      "2.8 h of virtual time in 0.2 s, 50000.0 times real time, 25,000 of 30,000 acknowledged, " +
      "20,000 processed, 0 comparisons of replicas, 0 run twice",
  );
  expect(totalsSummary(other)).toMatch(/^2 seeds: 1 with violations, 2,000 events/);
  expect(formatTables(other)).toBe("I1 is violated by 1 seed: 2");
});

test.each([
  [20_000, "0.015"],
  [500, "0.60"],
  [2, "100"],
])("nothing in %i seeds bounds the failures at %s %%", (seeds, percent) => {
  expect(boundOf(seeds)).toBe(percent);
});

test("each scenario has a row, in the order of their numbers", () => {
  const totals = totalsOf(
    outcomeOf({ scenario: "S-10" }),
    outcomeOf({ scenario: "S-9" }, { violations: [LOSS] }),
  );

  expect(formatTables(totals).split("\n").slice(0, 3)).toEqual([
    "scenario  seeds  events  violating",
    "S-9           1   1,000          1",
    "S-10          1   1,000          0",
  ]);
});

test("faults and the states they met are a table of seeds", () => {
  const { coverage } = totalsOf(
    outcomeOf({}, { coverage: ["kill × target leads", "kill × target leads"] }),
    outcomeOf(
      {},
      { coverage: ["kill × target leads", "pause × no controller", "pause × during kill"] },
    ),
  );

  expect(coverageTable(coverage)).toEqual([
    "faults × states of the cluster as they begin, in so many seeds:",
    "  a  no controller",
    "  b  target leads",
    "fault  a  b",
    "kill   –  2",
    "pause  1  –",
    "pairs of faults that were under way together: 1",
  ]);
});

test("a shrinker is told how many faults there were, or how many there may have been", () => {
  expect(faultsOf(outcomeOf({}, { notes: ["12 #0 kill", "40 #11 pause", "50 heals"] }))).toBe(12);
  expect(faultsOf(outcomeOf({}, { notes: ["50 heals"] }))).toBe(0);
  expect(faultsOf(outcomeOf({}, { notes: [] }))).toBe(20);
});
