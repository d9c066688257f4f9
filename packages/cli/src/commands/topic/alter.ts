import type { CommandContext } from "../../context.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { usageError } from "../../usage-error.ts";
import { settingsOf } from "./settings.ts";

export type AlterOptions = {
  readonly config?: readonly string[];
  readonly unset?: readonly string[];
  readonly validateOnly: boolean;
};

/** `zoolog topic alter TOPIC -c name=value --unset name`: settings, in force at once. */
export async function alterTopic(
  context: CommandContext,
  topic: string,
  options: AlterOptions,
): Promise<void> {
  const set = settingsOf(options.config ?? []);
  const unset = options.unset ?? [];
  if (Object.keys(set).length === 0 && unset.length === 0) {
    throw usageError(
      "nothing to change was named",
      `Add -c retention.ms=86400000, or --unset retention.ms; more partitions: zoolog topic partitions add ${topic} --total N.`,
    );
  }
  const changes = [
    ...Object.entries(set).map(([name, value]) => ({ name, operation: "set", value }) as const),
    ...unset.map((name) => ({ name, operation: "delete" }) as const),
  ];
  const { validateOnly } = options;
  await context.withClient(async (client) => {
    const limits = { ...context.limits, validateOnly };
    const { configs } = client.admin;
    await aboutTopic(context, client, topic, () => configs.alter({ topic }, changes, limits));
    await context.output.forPrograms({ topic, changes, changed: !validateOnly });
    const settings = changes.map(({ name }) => name).join(", ");
    context.terminal.talk(
      validateOnly ? `topic ${topic} would take this` : `topic ${topic}: ${settings} changed`,
    );
  });
}
