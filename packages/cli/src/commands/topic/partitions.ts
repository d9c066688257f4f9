import type { CommandContext } from "../../context.ts";
import { requireConsent } from "../../input/consent.ts";
import { plural } from "../../output/quantity.ts";
import { usageError } from "../../usage-error.ts";
import { describedTopic } from "./topic-row.ts";

export type AddPartitionsOptions = {
  /** How many altogether, as Kafka's `--partitions`. */
  readonly total?: number;
  readonly more?: number;
  /** A number alone, which may be meant as either. */
  readonly bare?: string;
  readonly assign?: readonly (readonly number[])[];
  readonly yes: boolean;
  readonly validateOnly: boolean;
};

const NO_WAY_BACK =
  "they cannot be taken away, and records of one key may go to another partition than before";

/** `zoolog topic partitions add TOPIC --total N`, or `--more N`. */
export async function addPartitions(
  context: CommandContext,
  topic: string,
  options: AddPartitionsOptions,
): Promise<void> {
  const { assign, validateOnly, yes } = options;
  const { more, total } = countOf(topic, options);
  await context.withClient(async (client) => {
    const before = (await describedTopic(context, client, topic)).partitions.length;
    const after = total ?? before + (more ?? 0);
    const limits = {
      ...context.limits,
      ...(assign === undefined ? {} : { assignments: assign }),
    };
    const create = (isRehearsal: boolean) =>
      client.admin.createPartitions(topic, after, { ...limits, validateOnly: isRehearsal });
    const change = `${plural(before, "partition")} → ${after}`;
    if (!validateOnly && !yes) {
      // Nobody is asked about what is refused anyway.
      await create(true);
      await requireConsent(context, {
        loss: `topic ${topic} would go from ${change} for good`,
        facts: [`${topic}: ${change}; ${NO_WAY_BACK}`],
        question: `Add ${plural(after - before, "partition")} to ${topic}?`,
        nothingDone: "nothing was added",
      });
    }
    await create(validateOnly);
    await context.output.forPrograms({ topic, before, after, created: !validateOnly });
    const { colours, terminal } = context;
    terminal.talk(`topic ${topic}: ${validateOnly ? "would be " : ""}${change}`);
    if (!validateOnly && yes) terminal.talk(`${colours.yellow("note:")} ${NO_WAY_BACK}`);
  });
}

/** Exactly one of the two. @throws ZoologError `USAGE` */
function countOf(topic: string, { bare, more, total }: AddPartitionsOptions) {
  const command = `zoolog topic partitions add ${topic}`;
  if (bare !== undefined) {
    throw usageError(
      `is ${bare} the total, or how many more?`,
      `${command} --total ${bare}, or ${command} --more ${bare}.`,
    );
  }
  if ((more === undefined) === (total === undefined)) {
    throw usageError(
      "how many partitions was not said, or twice",
      `${command} --total 6: how many altogether; or --more 3: how many more.`,
    );
  }
  return { more, total };
}
