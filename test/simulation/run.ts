/**
 * `npm run sim`: a whole cluster and its clients in one process under one seed, with virtual time,
 * network and disks, and the invariants that must hold whatever happens.
 */
import { parseArgs } from "node:util";
import { loadNativeCrc32c } from "@zoolog/protocol";
import { drawSimulationOptions, Simulation } from "@zoolog/testkit";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    seconds: { type: "string", default: "10" },
    scenario: { type: "string" },
    twice: { type: "boolean", default: false },
  },
});
const options = drawSimulationOptions(integer("seed"), {
  seconds: integer("seconds"),
  ...(values.scenario === undefined ? {} : { scenario: values.scenario }),
});
const rejections: string[] = [];
process.on("unhandledRejection", (reason) => {
  rejections.push(reason instanceof Error ? (reason.stack ?? reason.message) : String(reason));
});

// A world has no patience with what takes real time.
await loadNativeCrc32c();
console.log(JSON.stringify(options));
const beganAt = performance.now();
const report = await new Simulation(options).run();
const tookMs = performance.now() - beganAt;
for (const note of report.notes) console.log(`  ${note}`);
const violations = [
  ...report.violations,
  ...rejections.map((what) => ({ invariant: "I12", what })),
];
if (values.twice) {
  const { hash } = await new Simulation(options).run();
  if (hash !== report.hash) violations.push({ invariant: "I18", what: `then ${hash}` });
}
for (const { invariant, what } of violations) console.log(`${invariant} ${what}`);
const { events, virtualMs, hash, sends, acknowledged, processed, replicaComparisons } = report;
const speed = `${events} events, ${(virtualMs / tookMs).toFixed(1)} times real time`;
const load = `${acknowledged} of ${sends} acknowledged, ${processed} processed`;
const looks = `${replicaComparisons} comparisons of replicas`;
console.log(
  `seed ${options.seed}: ${violations.length} violations, ${load}, ${looks}, ${speed}, hash ${hash}`,
);
// What dead processes of the world still wait for would keep this one alive.
process.exit(violations.length === 0 ? 0 : 1);

function integer(name: "seed" | "seconds"): number {
  const value = Number(values[name]);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} takes a whole number, not ${values[name]}`);
}
