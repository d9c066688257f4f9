import type { Client, ConfigChange, ConfigEntry } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { settingsOf } from "../topic/settings.ts";
import { SOURCES, shownValue } from "./get.ts";
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
    const unset = changes.filter(({ operation }) => operation === "delete");
    const done = validateOnly ? "would be changed" : "changed";
    const count = plural(changes.length, "setting");
    context.terminal.talk(`${count} of ${ownerOf(type, name)} ${done}`);
    if (validateOnly) return;
    if (type === "broker" && name !== "default") await tellOfAbsence(context, client, name);
    if (unset.length === 0) return;
    // It is done, whether or not it can be told what holds now: who answers may not know it yet.
    const own = type === "topic" ? "topic" : name === "default" ? "cluster" : "broker";
    const all = await configs.describe(resource, context.limits).catch(() => []);
    for (const { name: setting } of unset) {
      const entry = all.find((it) => it.name === setting);
      if (entry !== undefined && entry.source !== own)
        context.terminal.talk(`${setting} is ${nowOf(entry)}`);
    }
  });
}

/** It may be stopped, or its id a slip: both are taken. */
async function tellOfAbsence(context: CommandContext, client: Client, id: string): Promise<void> {
  const cluster = await client.admin.describeCluster(context.limits).catch(() => undefined);
  if (cluster === undefined || cluster.brokers.some(({ brokerId }) => `${brokerId}` === id)) return;
  context.terminal.talk(`broker ${id} is not there: it will find that when it starts`);
}

function nowOf(entry: ConfigEntry): string {
  return `${shownValue(entry) ?? "not set"} now (${SOURCES[entry.source]})`;
}

function ownerOf(type: ResourceType, name: string): string {
  return name === "default" && type === "broker" ? "all brokers" : `${type} ${name}`;
}
