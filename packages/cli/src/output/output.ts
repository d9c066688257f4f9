import type { Terminal } from "../terminal.ts";
import type { Colours } from "./colour.ts";
import { csvLines } from "./csv.ts";
import { type Column, tableLines } from "./table.ts";
import { yamlLines } from "./yaml.ts";

export const OUTPUT_FORMATS = ["table", "wide", "json", "ndjson", "yaml", "csv", "name"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** People read these; programs read the others. */
export function isForPeople(format: OutputFormat): boolean {
  return format === "table" || format === "wide";
}

/** With these a failure is one line of JSON, too. */
export function hasDocuments(format: OutputFormat): boolean {
  return format === "json" || format === "ndjson" || format === "yaml";
}

/**
 * Results, in the form that the caller chose: aligned text for people (`wide` has more columns),
 * one JSON or YAML document, one JSON document or CSV line per row, or the names alone. All but the
 * tables have the fields of the rows as they are; the tables may round.
 */
export class Output {
  readonly format: OutputFormat;
  readonly #terminal: Terminal;
  readonly #colours: Colours;

  constructor(options: {
    readonly format: OutputFormat;
    readonly terminal: Terminal;
    readonly colours: Colours;
  }) {
    this.format = options.format;
    this.#terminal = options.terminal;
    this.#colours = options.colours;
  }

  /** Somebody reads it, and no program. */
  get isForPeople(): boolean {
    return isForPeople(this.format);
  }

  get isWide(): boolean {
    return this.format === "wide";
  }

  /** A list of things of one kind. */
  async rows<Row extends object>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
  ): Promise<void> {
    await this.list(rows, ({ bold }) => this.table(rows, columns, bold));
  }

  /** A list of things of one kind, laid out for people in a way of its own. */
  async list(
    things: readonly object[],
    people: (colours: Colours) => readonly string[],
  ): Promise<void> {
    await this.#lines(this.#documentOf(things) ?? this.#perThing(things, people));
  }

  /** One thing; `people` lays it out for the tables. Its first field is its name. */
  async one(thing: object, people: (colours: Colours) => readonly string[]): Promise<void> {
    await this.#lines(this.#documentOf(thing) ?? this.#perThing([thing], people));
  }

  /** For programs only: what a person is told on stderr anyway. */
  async forPrograms(thing: object): Promise<void> {
    if (this.isForPeople) return;
    if (Array.isArray(thing)) await this.list(thing as readonly object[], () => []);
    else await this.one(thing, () => []);
  }

  /** Lines of a table, without the columns that only `wide` shows. */
  table<Row>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    title: (text: string) => string,
  ): string[] {
    const shown = columns.filter(({ wide = false }) => this.isWide || !wide);
    return tableLines(rows, shown, title);
  }

  /** All of it as one document, where the form has such. */
  #documentOf(value: object): readonly string[] | undefined {
    if (this.format === "json") return [JSON.stringify(value, undefined, 2)];
    return this.format === "yaml" ? yamlLines(value) : undefined;
  }

  #perThing(
    things: readonly object[],
    people: (colours: Colours) => readonly string[],
  ): readonly string[] {
    switch (this.format) {
      case "ndjson":
        return things.map((thing) => JSON.stringify(thing));
      case "csv":
        return csvLines(things);
      case "name":
        return things.map((thing) => String(Object.values(thing)[0]));
      case "json":
      case "yaml":
        return [];
      case "table":
      case "wide":
        return people(this.#colours);
    }
  }

  #lines(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    return this.#terminal.write(`${lines.join("\n")}\n`);
  }
}
