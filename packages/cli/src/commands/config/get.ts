import { nearestName, ZoologError } from "@zoolog/base";
import type { ConfigEntry } from "@zoolog/client";
import type { CommandContext } from "../../context.ts";
import { plural } from "../../output/quantity.ts";
import type { Column } from "../../output/table.ts";
import { aboutTopic } from "../../topic-meant.ts";
import { configResource, type ResourceType } from "./resource.ts";

export type GetConfigOptions = {
  /** Only what somebody has set. */
  readonly changed: boolean;
};

/** Longer values are cut in a table; `-o wide` shows them. */
const VALUE_COLUMNS_MAX = 28;

/** Where a value comes from, in words. */
export const SOURCES: Readonly<Record<ConfigEntry["source"], string>> = {
  topic: "topic",
  broker: "this broker",
  cluster: "all brokers",
  static: "file or flags",
  default: "default",
};

const COLUMNS: readonly Column<ConfigEntry>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "VALUE", value: (entry) => shortened(shownValue(entry)) },
  { title: "SET BY", value: ({ source }) => SOURCES[source] },
];

const WIDE_COLUMNS: readonly Column<ConfigEntry>[] = [
  { title: "NAME", value: ({ name }) => name },
  { title: "VALUE", value: shownValue },
  { title: "SET BY", value: ({ source }) => SOURCES[source] },
  { title: "DEFAULT", value: (entry) => entry.default },
  { title: "CHANGES WHILE IT RUNS", value: ({ dynamic }) => (dynamic ? "yes" : "no") },
  { title: "ABOUT", value: ({ about }) => about },
];

/** `zoolog config get topic|broker NAME [SETTING…]` */
export async function getConfig(
  context: CommandContext,
  type: ResourceType,
  name: string,
  { changed, keys }: GetConfigOptions & { readonly keys: readonly string[] },
): Promise<void> {
  const resource = configResource(type, name);
  await context.withClient(async (client) => {
    const { configs } = client.admin;
    const all = await aboutTopic(context, client, name, () =>
      configs.describe(resource, context.limits),
    );
    for (const key of keys) requireKnown(key, all, type);
    const named = keys.length === 0 ? all : all.filter((entry) => keys.includes(entry.name));
    const shown = changed ? named.filter(({ source }) => source !== "default") : named;
    await context.output.rows(shown, context.output.isWide ? WIDE_COLUMNS : COLUMNS);
    const hidden = named.length - shown.length;
    if (hidden > 0) context.terminal.talk(`${plural(hidden, "setting")} at the default`);
  });
}

function requireKnown(key: string, all: readonly ConfigEntry[], type: ResourceType): void {
  const names = all.map(({ name }) => name);
  if (names.includes(key)) return;
  const meant = nearestName(key, names);
  throw new ZoologError({
    code: "INVALID_CONFIG",
    message: `${type}s have no setting ${key}`,
    hint:
      meant === undefined
        ? "docs/configuration.md lists the settings."
        : `Did you mean ${meant}? docs/configuration.md lists the settings.`,
  });
}

export function shownValue({ sensitive, value }: ConfigEntry): string | undefined {
  return sensitive ? "(not shown)" : value;
}

function shortened(text: string | undefined): string | undefined {
  if (text === undefined || text.length <= VALUE_COLUMNS_MAX) return text;
  return `${text.slice(0, VALUE_COLUMNS_MAX - 1)}…`;
}
