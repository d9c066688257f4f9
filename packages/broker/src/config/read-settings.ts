import { nearestName } from "@zoolog/base";
import { type Parsed, type Setting, type SettingValues, settingName } from "./setting.ts";

/** Raw settings by dotted name, and where they come from (`broker.yaml`, `flag`, …). */
export type SettingSource = {
  readonly from: string;
  readonly settings: Readonly<Record<string, unknown>>;
};

// biome-ignore lint/suspicious/noExplicitAny: a table holds settings of many types.
export type SettingTable = Readonly<Record<string, Setting<any>>>;

export type ReadSettings<Table> =
  | { readonly values: SettingValues<Table> }
  | { readonly faults: readonly string[] };

/**
 * Reads settings against their table; a later source wins over an earlier one. All faults are
 * reported at once, each a sentence that names the setting and its source.
 *
 * @param renamed names that people bring along from elsewhere, with the names they have here.
 */
export function readSettings<Table extends SettingTable>(
  table: Table,
  sources: readonly SettingSource[],
  renamed: Readonly<Record<string, readonly string[]>> = {},
): ReadSettings<Table> {
  const keys = new Map(Object.keys(table).map((key) => [settingName(key), key]));
  const values: Record<string, unknown> = {};
  const faults: string[] = [];
  /** Given, and wrong: not missing besides. */
  const given = new Set<string>();
  for (const { from, settings } of sources) {
    for (const [name, raw] of Object.entries(settings)) {
      const key = keys.get(name);
      const parsed =
        key === undefined
          ? { fault: `unknown setting "${name}"${suggestion(name, [...keys.keys()], renamed)}` }
          : readSetting(table, key, raw);
      if (key !== undefined) given.add(key);
      if ("fault" in parsed) faults.push(`${from}: ${parsed.fault}`);
      else if (key !== undefined) values[key] = parsed.value;
    }
  }
  faults.push(...addDefaults(table, values, given));
  return faults.length > 0 ? { faults } : { values: values as SettingValues<Table> };
}

/** Answers what has no default and was not given. */
function addDefaults(
  table: SettingTable,
  values: Record<string, unknown>,
  given: ReadonlySet<string>,
): string[] {
  const missing: string[] = [];
  for (const [key, setting] of Object.entries(table)) {
    if (key in values) continue;
    if (setting.byDefault !== undefined) values[key] = setting.byDefault.value;
    else if (!given.has(key)) missing.push(`"${settingName(key)}" is missing`);
  }
  return missing;
}

function readSetting(table: SettingTable, key: string, raw: unknown): Parsed<unknown> {
  const parsed = table[key]?.parse(raw) ?? { fault: "is unknown" };
  if ("value" in parsed) return parsed;
  return { fault: `"${settingName(key)}" ${parsed.fault}, not ${show(raw)}` };
}

function suggestion(
  name: string,
  known: readonly string[],
  renamed: Readonly<Record<string, readonly string[]>>,
): string {
  const meant = renamed[name]?.join('" and "') ?? nearestName(name, known);
  return meant === undefined ? "" : `; did you mean "${meant}"?`;
}

/** Long or secret values do not belong in an error message. */
const SHOWN_CHARACTERS_MAX = 60;

function show(raw: unknown): string {
  const shown = JSON.stringify(raw) ?? String(raw);
  return shown.length <= SHOWN_CHARACTERS_MAX ? shown : `${shown.slice(0, SHOWN_CHARACTERS_MAX)}…`;
}
