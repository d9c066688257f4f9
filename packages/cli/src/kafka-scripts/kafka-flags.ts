import { nearestName } from "@zoolog/base";
import { usageError } from "../usage-error.ts";
import { insteadOfFlag } from "./flags-elsewhere.ts";

/** The flags of one of Kafka's tools that are understood here: whether each takes a value. */
export type FlagTable = Readonly<Record<string, "value" | "switch">>;

/** Every value of every flag that was given, in order; a switch has an empty list. */
export class KafkaFlags {
  readonly #script: string;
  readonly #given: ReadonlyMap<string, readonly string[]>;

  private constructor(script: string, given: ReadonlyMap<string, readonly string[]>) {
    this.#script = script;
    this.#given = given;
  }

  /** @throws ZoologError `USAGE` for a flag that is not in the table, naming those that are. */
  static read(script: string, words: readonly string[], table: FlagTable): KafkaFlags {
    const given = new Map<string, string[]>();
    for (let at = 0; at < words.length; at++) {
      const [flag = "", inline] = splitFlag(words[at] as string);
      const kind = Object.hasOwn(table, flag) ? table[flag] : undefined;
      if (kind === undefined) throw unknownFlag(script, flag, Object.keys(table));
      const values = given.get(flag) ?? [];
      given.set(flag, values);
      if (kind === "switch") {
        if (inline !== undefined) throw usageError(`${flag} of ${script} takes no value`);
        continue;
      }
      const value = inline ?? words[++at];
      if (value === undefined || (inline === undefined && value.startsWith("--"))) {
        throw usageError(`${flag} of ${script} needs a value`, `Write ${flag} VALUE.`);
      }
      values.push(value);
    }
    return new KafkaFlags(script, given);
  }

  has(flag: string): boolean {
    return this.#given.has(flag);
  }

  /** All values of a flag. */
  all(flag: string): readonly string[] {
    return this.#given.get(flag) ?? [];
  }

  /** Its only value. @throws ZoologError `USAGE` when there are several */
  one(flag: string): string | undefined {
    const values = this.all(flag);
    if (values.length > 1) throw usageError(`${flag} of ${this.#script} was given twice`);
    return values[0];
  }

  /** @throws ZoologError `USAGE` without it */
  required(flag: string): string {
    const value = this.one(flag);
    if (value !== undefined) return value;
    throw usageError(`${this.#script} needs ${flag} here`, `Add ${flag} VALUE.`);
  }

  /** Which one of these was given. @throws ZoologError `USAGE` for none and for several */
  action<const Flags extends readonly string[]>(flags: Flags): Flags[number] {
    const given = flags.filter((flag) => this.has(flag));
    const [only] = given;
    if (only !== undefined && given.length === 1) return only;
    throw usageError(
      given.length === 0
        ? `${this.#script} was not told what to do`
        : `${given.join(" and ")} exclude each other`,
      `Give one of ${flags.join(", ")}.`,
    );
  }

  /** `--bootstrap-server` and what else every tool takes, as our own global options. */
  globalWords(): string[] {
    const servers = this.one("--bootstrap-server") ?? this.one("--broker-list");
    return servers === undefined ? [] : ["--bootstrap", servers];
  }
}

function splitFlag(word: string): [string, string | undefined] {
  const at = word.indexOf("=");
  return word.startsWith("--") && at > 0
    ? [word.slice(0, at), word.slice(at + 1)]
    : [word, undefined];
}

function unknownFlag(script: string, flag: string, supported: readonly string[]): Error {
  const what = `${script} does not support ${flag}`;
  const instead = insteadOfFlag(script, flag);
  if (instead !== undefined) return usageError(what, instead);
  const meant = nearestName(flag, supported);
  const hint = meant === undefined ? "" : `Did you mean ${meant}? `;
  return usageError(what, `${hint}Supported: ${supported.join(" ")}.`);
}
