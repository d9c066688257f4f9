import { cpus } from "node:os";
import { wholeNumber } from "../../test/command-line.ts";
import { resolveKafkaRelease } from "../../test/kafka/kafka-release.ts";
import { apacheSide } from "./apache-side.ts";
import { formatComparison } from "./comparison-report.ts";
import { CONTESTS } from "./contests.ts";
import { type ContestOutcome, holdContests } from "./hold-contests.ts";
import { SIDE_IDS, type Side, type SideId } from "./side.ts";
import { zoologSide } from "./zoolog-side.ts";

const QUICK = { share: 0.2, rounds: 2 };

/** Answers the exit status. */
export async function compareWithKafka(options: {
  readonly against?: string | undefined;
  readonly only?: string | undefined;
  readonly sides?: string | undefined;
  readonly rounds?: string | undefined;
  readonly quick: boolean;
  readonly strict: boolean;
}): Promise<number> {
  if (options.against !== "kafka") throw new Error("--against knows kafka only");
  const client = await resolveKafkaRelease("3.9");
  if (client.kind === "unavailable") {
    console.log(`not run: ${client.reason}`);
    return 0;
  }
  // Brokers and folders are cleared away when this process exits, also by Ctrl-C.
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
  const sides = await resolveSides(options.sides ?? SIDE_IDS.join());
  const only = options.only?.split(",");
  const chosen = CONTESTS.filter(({ name }) => only?.some((word) => name.includes(word)) ?? true);
  if (chosen.length === 0) throw new Error(`--only ${options.only}: no contest is named so`);
  const conditions = {
    client: client.release,
    share: options.quick ? QUICK.share : 1,
    rounds:
      options.rounds === undefined
        ? quickRounds(options.quick)
        : wholeNumber("rounds", options.rounds, 1),
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
  return options.strict && below > 0 ? 1 : 0;
}

function quickRounds(quick: boolean): number | undefined {
  return quick ? QUICK.rounds : undefined;
}

/** A side of which there are no jars is left out, with a word about it. */
async function resolveSides(names: string): Promise<Side[]> {
  const sides: Side[] = [];
  for (const name of names.split(",")) {
    const id = SIDE_IDS.find((one) => one === name);
    if (id === undefined) throw new Error(`--sides knows ${SIDE_IDS.join(", ")}, not ${name}`);
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
