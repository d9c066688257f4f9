import type { ConfigChange } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { settingsOf } from "../topic/settings.ts";
import { configResource, type ResourceType } from "./resource.ts";

export type ChangeConfigOptions = {
  readonly validateOnly: boolean;
  /** Of settings that are lists: these entries more, or fewer. */
  readonly append?: boolean;
  readonly subtract?: boolean;
};

/** `zoolog config set topic|broker NAME SETTING=VALUE…` */
export async function setConfig(
  context: CommandContext,
  type: ResourceType,
  name: string,
  settings: readonly string[],
  options: ChangeConfigOptions,
): Promise<void> {
  const operation = options.append ? "append" : options.subtract ? "subtract" : "set";
  const changes = Object.entries(settingsOf(settings)).map(
    ([setting, value]) => ({ name: setting, operation, value }) as const,
  );
  await change(context, type, name, changes, options);
}

/** `zoolog config unset topic|broker NAME SETTING…` */
export async function unsetConfig(
  context: CommandContext,
  type: ResourceType,
  name: string,
  settings: readonly string[],
  options: ChangeConfigOptions,
): Promise<void> {
  const changes = settings.map((setting) => ({ name: setting, operation: "delete" }) as const);
  await change(context, type, name, changes, options);
}

async function change(
  context: CommandContext,
  type: ResourceType,
  name: string,
  changes: readonly ConfigChange[],
  { validateOnly }: ChangeConfigOptions,
): Promise<void> {
  const resource = configResource(type, name);
  await context.withClient(async (client) => {
    const options = { ...context.limits, validateOnly };
    const { configs } = client.admin;
    await aboutTopic(context, client, name, () => configs.alter(resource, changes, options));
    await context.output.forPrograms({ name, type, changes, changed: !validateOnly });
    const done = validateOnly ? "would be changed" : "changed";
    const count = plural(changes.length, "setting");
    context.terminal.talk(`${count} of ${ownerOf(type, name)} ${done}`);
  });
}

function ownerOf(type: ResourceType, name: string): string {
  return name === "default" && type === "broker" ? "all brokers" : `${type} ${name}`;
}
