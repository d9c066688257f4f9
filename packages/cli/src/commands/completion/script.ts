import type { Command, Option } from "commander";

export type Shell = "bash" | "zsh" | "fish";

/** Words that can follow a command: its subcommands and long options. */
type Words = { readonly path: string; readonly words: readonly string[] };

/** A script that completes commands and options; generated from the command tree itself. */
export function completionScript(shell: Shell, program: Command): string {
  const table = wordsBelow(program, "");
  switch (shell) {
    case "bash":
      return bash(table, valuesBelow(program));
    case "zsh":
      return `autoload -U +X bashcompinit && bashcompinit\n${bash(table, valuesBelow(program))}`;
    case "fish":
      return fish(program);
  }
}

function wordsBelow(command: Command, path: string): Words[] {
  const options = allOptions(command);
  const names = command.commands.map((child) => child.name());
  const own = { path, words: [...names, ...options] };
  return [
    own,
    ...command.commands.flatMap((child) => wordsBelow(child, `${path} ${child.name()}`)),
  ];
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

function namesOf({ parseArg }: Option): readonly string[] | undefined {
  return (parseArg as { readonly names?: readonly string[] } | undefined)?.names;
}

function bash(table: readonly Words[], values: ReadonlyMap<string, string>): string {
  const valueCases = [...values].map(
    ([flag, names]) => `    ${flag}) COMPREPLY=($(compgen -W "${names}" -- "$current")); return ;;`,
  );
  const cases = table.map(
    ({ path, words }) => `    "${path.trim()}") words="${words.join(" ")}" ;;`,
  );
  return `_zoolog() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word words=""
  case "\${COMP_WORDS[COMP_CWORD-1]}" in
${valueCases.join("\n")}
  esac
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$word" in
      -*) ;;
      *) [ "$(_zoolog_is_path "$path $word")" = yes ] && path="$path $word" ;;
    esac
  done
  case "\${path# }" in
${cases.join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
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
    for (const child of command.commands) {
      lines.push(
        `complete -c zoolog -f${when} -a ${child.name()} -d ${quoted(child.description())}`,
      );
      add(child, [...path, child.name()]);
    }
    for (const option of command.options) {
      const { description, long } = option;
      if (!long) continue;
      const names = namesOf(option);
      const takes = names === undefined ? "" : ` -x -a ${quoted(names.join(" "))}`;
      lines.push(`complete -c zoolog${when} -l ${long.slice(2)}${takes} -d ${quoted(description)}`);
    }
  };
  add(program, []);
  return `${lines.join("\n")}\n`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "\\'")}'`;
}
