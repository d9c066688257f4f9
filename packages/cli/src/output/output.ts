import type { Terminal } from "../terminal.ts";
import type { Colours } from "./colour.ts";
import { type Column, tableLines } from "./table.ts";

export const OUTPUT_FORMATS = ["table", "json", "ndjson"] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/**
 * Results, in the form that the caller chose: aligned text for people, one JSON document, or one
 * JSON document per line. The JSON has the fields of the rows as they are; the table may round.
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

  /** A list of things of one kind. */
  async rows<Row extends object>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
  ): Promise<void> {
    switch (this.format) {
      case "table":
        return await this.#lines(tableLines(rows, columns, this.#colours.bold));
      case "json":
        return await this.#lines([JSON.stringify(rows, undefined, 2)]);
      case "ndjson":
        return await this.#lines(rows.map((row) => JSON.stringify(row)));
    }
  }

  /** One thing; `people` lays it out for the table format. */
  async one(thing: object, people: (colours: Colours) => readonly string[]): Promise<void> {
    switch (this.format) {
      case "table":
        return await this.#lines(people(this.#colours));
      case "json":
        return await this.#lines([JSON.stringify(thing, undefined, 2)]);
      case "ndjson":
        return await this.#lines([JSON.stringify(thing)]);
    }
  }

  /** For programs only: what a person is told on stderr anyway. */
  async forPrograms(thing: object): Promise<void> {
    if (this.format !== "table") await this.one(thing, () => []);
  }

  #lines(lines: readonly string[]): Promise<void> {
    if (lines.length === 0) return Promise.resolve();
    return this.#terminal.write(`${lines.join("\n")}\n`);
  }
}
