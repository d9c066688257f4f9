import type { ConfigOverrides, ConfigRules } from "@zoolog/controller";
import type { NamedFault } from "../znode-faults.ts";

/** Overrides as they stand in ZooKeeper, where anybody may have written them. */
export type StoredConfig = { readonly name: string; readonly overrides: ConfigOverrides };

/** What to do about an override that makes no sense. */
const MEND_CONFIG =
  "What was known before stays in force; mend it with zkCli, or set it anew (docs/configuration.md).";

/**
 * Takes over what makes sense. A value that does not is named and changes nothing that was known: the
 * one before stays, without one there is no override. Names that nobody here knows are kept as they
 * are, as a newer broker may have written them; they have no effect.
 */
export function judgeConfigs(
  kind: "topic" | "broker",
  stored: readonly StoredConfig[],
  options: {
    readonly rules: ConfigRules;
    readonly known: (name: string) => ConfigOverrides | undefined;
  },
): { readonly configs: readonly StoredConfig[]; readonly faults: readonly NamedFault[] } {
  const { rules, known } = options;
  const faults: NamedFault[] = [];
  const configs = stored.map(({ name, overrides }): StoredConfig => {
    const resource = { kind, name };
    const kept = Object.entries(overrides).flatMap(([key, value]): [string, string][] => {
      const fault = rules.fault(resource, key, value);
      if (fault === undefined) return [[key, value]];
      faults.push({ message: `znode /config/${kind}s/${name}: ${fault}`, hint: MEND_CONFIG });
      if (rules.fault(resource, key, undefined) !== undefined) return [[key, value]];
      const before = known(name)?.[key];
      return before === undefined ? [] : [[key, before]];
    });
    return { name, overrides: Object.fromEntries(kept) };
  });
  return { configs, faults };
}
