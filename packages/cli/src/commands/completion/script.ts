import type { Argument, Command, Option } from "commander";
import type { NameKind } from "./live-names.ts";

export type Shell = "bash" | "zsh" | "fish";

/** Words that can follow a command: its subcommands, long options, and names in the cluster. */
type Words = {
  readonly path: string;
  /** Its subcommands, or what its first argument may be. */
  readonly words: readonly string[];
  readonly options: readonly string[];
  /** What its arguments name, by the names that the arguments have in the help. */
  readonly names: string | undefined;
};

/** Arguments and options that take names of what is in the cluster. */
const KINDS: Readonly<Record<string, NameKind>> = {
  ...{ topic: "topics", topics: "topics", group: "groups", groups: "groups", broker: "brokers" },
  ...{ "--topic": "topics", "--group": "groups" },
};

/** A script that completes commands and options; generated from the command tree itself. */
export function completionScript(shell: Shell, program: Command): string {
  const table = wordsBelow(program, "");
  switch (shell) {
    case "bash":
      return bash(table, valuesBelow(program), namedOptions(program));
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(table, valuesBelow(program), namedOptions(program))}`;
    case "fish":
      return fish(program);
  }
}

function wordsBelow(command: Command, path: string): Words[] {
  const options = allOptions(command);
  const names = visible(command).map((child) => child.name());
  const [first] = command.registeredArguments;
  const choices = (first && namesOf(first)) ?? [];
  const own = { path, words: [...names, ...choices], options, names: kindsOf(command) };
  return [
    own,
    ...visible(command).flatMap((child) => wordsBelow(child, `${path} ${child.name()}`)),
  ];
}

/** Without what only completion itself calls, and without `help` below every command. */
function visible(command: Command): readonly Command[] {
  return command.commands.filter((child) => !["names", "help"].includes(child.name()));
}

/** `settings`: `topic orders retention.ms`, of which each is offered behind the one before. */
function kindsOf(command: Command): string | undefined {
  const names = command.registeredArguments.map((argument) => argument.name());
  if (names[0] === "type" && names[1] === "name") return "settings";
  const kinds = names.flatMap((name) => KINDS[name] ?? []);
  return kinds.length === 0 ? undefined : [...new Set(kinds)].join(" ");
}

/** Options of any command whose values are names of one kind. */
function namedOptions(command: Command): Map<string, NameKind> {
  const flags = new Map<string, NameKind>();
  for (const { long, short } of command.options) {
    const kind = long ? KINDS[long] : undefined;
    if (kind === undefined) continue;
    for (const flag of [short, long]) if (flag) flags.set(flag, kind);
  }
  // A short one means something else elsewhere: only long ones are the same everywhere.
  for (const child of command.commands) {
    for (const [flag, kind] of namedOptions(child))
      if (flag.startsWith("--")) flags.set(flag, kind);
  }
  return flags;
}

/** Its own and those of the commands above it. */
function allOptions(command: Command): string[] {
  const own = command.options.flatMap(({ long }) => (long ? [long] : []));
  const above = command.parent === null ? ["--help"] : allOptions(command.parent);
  return [...new Set([...own, ...above])];
}

/** What the options take that take one of a few names; one flag takes the same everywhere. */
function valuesBelow(command: Command): Map<string, string> {
  const values = new Map<string, string>();
  for (const option of command.options) {
    const names = namesOf(option);
    if (names === undefined) continue;
    for (const flag of [option.short, option.long]) if (flag) values.set(flag, names.join(" "));
  }
  for (const child of command.commands) {
    for (const [flag, names] of valuesBelow(child)) values.set(flag, names);
  }
  return values;
}

function namesOf({ parseArg }: Option | Argument): readonly string[] | undefined {
  return (parseArg as { readonly names?: readonly string[] } | undefined)?.names;
}

function bash(
  table: readonly Words[],
  values: ReadonlyMap<string, string>,
  named: ReadonlyMap<string, NameKind>,
): string {
  const namedCases = [...named].map(
    ([flag, kind]) =>
      `    ${flag}) COMPREPLY=($(compgen -W "$(_zoolog_names ${kind})" -- "$current")); return ;;`,
  );
  const valueCases = [...values].map(
    ([flag, names]) => `    ${flag}) COMPREPLY=($(compgen -W "${names}" -- "$current")); return ;;`,
  );
  const cases = table.map(
    ({ names, options, path, words }) =>
      `    "${path.trim()}") words="${words.join(" ")}"; kinds="${names ?? ""}"; options="${options.join(" ")}" ;;`,
  );
  return `_zoolog() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words="" kinds="" kind options="" given=()
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${[...valueCases, ...namedCases].join("\n")}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) if [ "$(_zoolog_is_path "$path $word")" = yes ]; then path="$path $word"; given=()
        else given+=("$word"); fi ;;
    esac
  done
  case "\${path# }" in
${cases.join("\n")}
  esac
  case "$current" in
    -*) words="$options" ;;
    *) [ \${#given[@]} -eq 0 ] || words=""
      for kind in $kinds; do words="$words $(_zoolog_names "$kind" "\${given[@]}")"; done
      # Options last: where there is anything else, they are offered behind a dash.
      [ -n "\${words// }" ] || words="$options" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
_zoolog_names() {
  case "$1/$#/$2" in
    settings/1/) ;;
    settings/2/topic) zoolog names topics 2>/dev/null ;;
    settings/2/*) echo default; zoolog names brokers 2>/dev/null ;;
    settings/*) zoolog config get "$2" "$3" -o name 2>/dev/null ;;
    *) zoolog names "$1" 2>/dev/null ;;
  esac
}
_zoolog_is_path() {
  case "\${1# }" in
    ${table
      .filter(({ path }) => path !== "")
      .map(({ path }) => `"${path.trim()}"`)
      .join("|")}) echo yes ;;
  esac
}
complete -o default -F _zoolog zoolog
`;
}

function fish(program: Command): string {
  const lines: string[] = [];
  const add = (command: Command, path: readonly string[]): void => {
    const seen = path.map((name) => `__fish_seen_subcommand_from ${name}`);
    const below = command.commands.map((child) => child.name());
    const none = below.length === 0 ? [] : [`not __fish_seen_subcommand_from ${below.join(" ")}`];
    const condition = [...seen, ...none].join("; and ");
    const when = condition === "" ? "" : ` -n '${condition}'`;
    const kinds = kindsOf(command)?.replace("settings", "topics brokers").split(" ") ?? [];
    for (const kind of kinds) {
      lines.push(`complete -c zoolog -f${when} -a '(zoolog names ${kind} 2>/dev/null)'`);
    }
    for (const child of visible(command)) {
      lines.push(
        `complete -c zoolog -f${when} -a ${child.name()} -d ${quoted(child.description())}`,
      );
      add(child, [...path, child.name()]);
    }
    for (const option of command.options) {
      const { description, long } = option;
      if (!long) continue;
      const names = namesOf(option);
      const kind = KINDS[long];
      const live = kind === undefined ? "" : ` -x -a '(zoolog names ${kind} 2>/dev/null)'`;
      const takes = names === undefined ? live : ` -x -a ${quoted(names.join(" "))}`;
      lines.push(`complete -c zoolog${when} -l ${long.slice(2)}${takes} -d ${quoted(description)}`);
    }
  };
  add(program, []);
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
