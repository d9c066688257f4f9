import { usageError } from "../usage-error.ts";
import { type FlagTable, KafkaFlags } from "./kafka-flags.ts";

const SCRIPT = "consumer-groups.sh";
const ACTIONS = [
  "--list",
  "--describe",
  "--delete",
  "--reset-offsets",
  "--delete-offsets",
] as const;
const TARGETS = [
  "--to-earliest",
  "--to-latest",
  "--to-current",
  "--to-offset",
  "--to-datetime",
  "--by-duration",
  "--shift-by",
  "--from-file",
] as const;
export const CONSUMER_GROUPS_FLAGS: FlagTable = {
  ...{ "--bootstrap-server": "value", "--group": "value", "--all-groups": "switch" },
  ...{ "--list": "switch", "--describe": "switch", "--delete": "switch" },
  ...{ "--reset-offsets": "switch", "--delete-offsets": "switch" },
  ...{ "--members": "switch", "--offsets": "switch", "--state": "switch", "--verbose": "switch" },
  ...{ "--topic": "value", "--all-topics": "switch" },
  ...{ "--to-earliest": "switch", "--to-latest": "switch", "--to-current": "switch" },
  ...{ "--to-offset": "value", "--to-datetime": "value", "--by-duration": "value" },
  ...{ "--shift-by": "value", "--from-file": "value" },
  ...{ "--execute": "switch", "--dry-run": "switch", "--export": "switch", "--timeout": "value" },
};

/** kafka-consumer-groups.sh. @throws ZoologError `USAGE` */
export function consumerGroupsCommands(words: readonly string[]): string[][] {
  const flags = KafkaFlags.read(SCRIPT, shiftByInOneWord(words), CONSUMER_GROUPS_FLAGS);
  const timeout = flags.one("--timeout");
  const patience = timeout === undefined ? [] : ["--timeout", `${timeout}ms`];
  const global = [...patience, ...flags.globalWords()];
  const topics = flags.all("--topic").flatMap((topic) => ["--topic", topic]);
  switch (flags.action(ACTIONS)) {
    case "--list":
      return [["group", "list", ...(flags.has("--state") ? [] : ["-o", "name"]), ...global]];
    case "--describe":
      return describe(flags, global);
    case "--delete":
      return [["group", "delete", ...groupsOf(flags), "--yes", ...global]];
    case "--delete-offsets":
      if (topics.length === 0) flags.required("--topic");
      return [["group", "delete", flags.required("--group"), ...topics, "--yes", ...global]];
    case "--reset-offsets":
      return [[...reset(flags, topics), ...global]];
  }
}

/** A negative number behind `--shift-by` is a value. */
function shiftByInOneWord(words: readonly string[]): string[] {
  const joined: string[] = [];
  for (const word of words) {
    if (joined.at(-1) === "--shift-by") joined[joined.length - 1] = `--shift-by=${word}`;
    else joined.push(word);
  }
  return joined;
}

function groupsOf(flags: KafkaFlags): readonly string[] {
  const groups = flags.all("--group");
  if (groups.length > 0) return groups;
  if (!flags.has("--all-groups")) flags.required("--group");
  throw usageError(
    `${SCRIPT} does that to named groups only, not with --all-groups`,
    "Name them: --group a --group b; --list shows all.",
  );
}

function describe(flags: KafkaFlags, global: readonly string[]): string[][] {
  if (flags.has("--all-groups")) {
    const what = flags.has("--state") ? ["group", "list"] : ["group", "lag"];
    return [[...what, ...global]];
  }
  const wide = flags.has("--verbose") ? ["-o", "wide"] : [];
  return groupsOf(flags).map((group) => {
    if (flags.has("--members")) return ["group", "members", group, ...wide, ...global];
    if (flags.has("--state")) return ["group", "describe", group, ...wide, ...global];
    return ["group", "lag", group, ...wide, ...global];
  });
}

function reset(flags: KafkaFlags, topics: readonly string[]): string[] {
  const group = flags.required("--group");
  if (flags.has("--execute") && flags.has("--dry-run")) {
    throw usageError("--execute and --dry-run exclude each other", "Keep one.");
  }
  const execute = flags.has("--execute") ? ["--execute"] : [];
  if (topics.length === 0 && !flags.has("--all-topics") && !flags.has("--from-file")) {
    throw usageError(
      `${SCRIPT} --reset-offsets was not told which topics`,
      "Add --topic TOPIC (or TOPIC:0,1), or --all-topics.",
    );
  }
  const target = flags.action(TARGETS);
  if (target === "--from-file") {
    return ["group", "import", group, flags.required("--from-file"), ...execute];
  }
  const isExport = flags.has("--export");
  if (isExport && target === "--to-current" && topics.length === 0) {
    return ["group", "export", group];
  }
  const form = isExport ? ["-o", "csv"] : [];
  return ["group", "reset", group, ...targetWords(flags, target), ...topics, ...execute, ...form];
}

function targetWords(
  flags: KafkaFlags,
  target: Exclude<(typeof TARGETS)[number], "--from-file">,
): string[] {
  switch (target) {
    case "--to-earliest":
      return ["--to-start"];
    case "--to-latest":
      return ["--to-end"];
    case "--to-current":
      return ["--to-current"];
    case "--to-offset":
      return ["--to-offset", flags.required("--to-offset")];
    case "--to-datetime":
      return ["--to-time", flags.required("--to-datetime")];
    case "--shift-by":
      return [`--shift-by=${flags.required("--shift-by")}`];
    case "--by-duration":
      return ["--by-duration", durationOf(flags.required("--by-duration"))];
  }
}

/** `P1DT2H30M` as Kafka has it, `1d2h30m` as we do; ours is taken as well. */
function durationOf(text: string): string {
  const iso = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/i.exec(text);
  if (iso === null) return text;
  const units = ["d", "h", "m", "s"];
  const parts = units.flatMap((unit, index) => {
    const count = iso[index + 1];
    return count === undefined ? [] : [`${count}${unit}`];
  });
  if (parts.length > 0) return parts.join("");
  throw usageError(`--by-duration "${text}" is no time`, "For instance PT1H, or 1h.");
}
