import { cpus } from "node:os";
import { NOT_UNDERSTOOD } from "../../test/command-line.ts";
import { resolveKafkaRelease } from "../../test/kafka/kafka-release.ts";
import type { Comparison } from "../options.ts";
import { apacheSide } from "./apache-side.ts";
import { formatComparison } from "./comparison-report.ts";
import { CONTESTS } from "./contests.ts";
import { type ContestOutcome, holdContests } from "./hold-contests.ts";
import type { Side, SideId } from "./side.ts";
import { zoologSide } from "./zoolog-side.ts";

const QUICK = { share: 0.2, rounds: 2 };

/** Answers the exit status. */
export async function compareWithKafka(comparison: Comparison): Promise<number> {
  const { only, quick, rounds, strict } = comparison;
  const chosen = CONTESTS.filter(({ name }) => only?.some((word) => name.includes(word)) ?? true);
  if (chosen.length === 0) {
    const names = CONTESTS.map(({ name }) => name).join("; ");
    console.error(`npm run bench: --only ${only}: no contest is named so; there are ${names}`);
    return NOT_UNDERSTOOD;
  }
  const client = await resolveKafkaRelease("3.9");
  if (client.kind === "unavailable") {
    console.log(`not run: ${client.reason}`);
    return 0;
  }
  // Brokers and folders are cleared away when this process exits, also by Ctrl-C.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const sides = await resolveSides(comparison.sides);
  const conditions = {
    client: client.release,
    share: quick ? QUICK.share : 1,
    rounds: rounds ?? (quick ? QUICK.rounds : undefined),
  };
  const outcomes: ContestOutcome[] = [];
  for (const brokers of ["its own", 1, 3] as const) {
    const contests = chosen.filter((contest) => contest.brokers === brokers);
    outcomes.push(...(await holdContests(contests, sides, conditions)));
  }
  const { table, below } = formatComparison(outcomes, sides);
  console.log(
    `${table}\n\nmedians of rounds in turns on this machine, ${cpus().length} processors`,
  );
  return strict && below > 0 ? 1 : 0;
}

/** A side of which there are no jars is left out, with a word about it. */
async function resolveSides(ids: readonly SideId[]): Promise<Side[]> {
  const sides: Side[] = [];
  for (const id of ids) {
    const side = await resolveSide(id);
    if (side !== undefined) sides.push(side);
  }
  return sides;
}

async function resolveSide(id: SideId): Promise<Side | undefined> {
  if (id === "zoolog") return zoologSide(process.env["BROKER_NODE_FLAGS"]?.split(" "));
  const resolved = await resolveKafkaRelease(id);
  if (resolved.kind === "resolved") return apacheSide(resolved.release);
  console.error(`Kafka ${id} is not run: ${resolved.reason}`);
  return undefined;
}
