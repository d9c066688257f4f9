import { usageError } from "../usage-error.ts";
import { type FlagTable, KafkaFlags } from "./kafka-flags.ts";

const SCRIPT = "configs.sh";
const ACTIONS = ["--describe", "--alter"] as const;
export const CONFIGS_FLAGS: FlagTable = {
  ...{ "--bootstrap-server": "value", "--describe": "switch", "--alter": "switch" },
  ...{ "--entity-type": "value", "--entity-name": "value", "--entity-default": "switch" },
  ...{ "--topic": "value", "--broker": "value", "--broker-defaults": "switch" },
  ...{ "--all": "switch", "--add-config": "value", "--delete-config": "value" },
};

/** kafka-configs.sh, of topics and brokers. @throws ZoologError `USAGE` */
export function configsCommands(words: readonly string[]): string[][] {
  const flags = KafkaFlags.read(SCRIPT, words, CONFIGS_FLAGS);
  const entity = entityOf(flags);
  const global = flags.globalWords();
  if (flags.action(ACTIONS) === "--describe") {
    const changed = flags.has("--all") ? [] : ["--changed"];
    return [["config", "get", ...entity, ...changed, ...global]];
  }
  const added = flags.all("--add-config").flatMap(settingsOf);
  const deleted = flags.all("--delete-config").flatMap((names) => names.split(","));
  if (added.length === 0 && deleted.length === 0) {
    throw usageError(
      `${SCRIPT} --alter was not told what to change`,
      "Add --add-config NAME=VALUE, or --delete-config NAME.",
    );
  }
  return [
    ...(added.length === 0 ? [] : [["config", "set", ...entity, ...added, ...global]]),
    ...(deleted.length === 0 ? [] : [["config", "unset", ...entity, ...deleted, ...global]]),
  ];
}

function entityOf(flags: KafkaFlags): [string, string] {
  const topic = flags.one("--topic");
  const broker = flags.one("--broker");
  if (topic !== undefined) return ["topic", topic];
  if (broker !== undefined) return ["broker", broker];
  if (flags.has("--broker-defaults")) return ["broker", "default"];
  const type = flags.required("--entity-type");
  if (type === "topics") return ["topic", flags.required("--entity-name")];
  if (type === "brokers") {
    return ["broker", flags.has("--entity-default") ? "default" : flags.required("--entity-name")];
  }
  throw usageError(
    `${SCRIPT} does not support --entity-type ${type}`,
    "Supported: topics, brokers.",
  );
}

/** `a=1,b=[x,y]`: brackets keep commas together. */
function settingsOf(text: string): string[] {
  const settings = text.match(/[^,=]+=(?:\[[^\]]*\]|[^,]*)/g) ?? [];
  if (settings.join(",") !== text) {
    throw usageError(
      `--add-config takes name=value,name=value, not "${text}"`,
      "Put values with commas in brackets: name=[a,b].",
    );
  }
  return settings.map((setting) => setting.replace(/=\[(.*)\]$/, "=$1"));
}
