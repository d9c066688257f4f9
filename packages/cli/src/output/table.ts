/** One column of a listing. */
export type Column<Row> = {
  readonly title: string;
  readonly value: (row: Row) => string | number | undefined;
  readonly align?: "left" | "right";
  /** Only with `-o wide`. */
  readonly wide?: boolean;
};

const GAP = "  ";
const ABSENT = "-";
/** A longer name shifts its own line only: the others stay aligned, and all of it can be copied. */
const CELL_COLUMNS_MAX = 60;

/** Aligned lines, the titles first, none of them padded at its end. */
export function tableLines<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  title: (text: string) => string = (text) => text,
): string[] {
  const cells = rows.map((row) => columns.map(({ value }) => String(value(row) ?? ABSENT)));
  const widths = columns.map((column, index) =>
    Math.max(
      displayWidth(column.title),
      ...cells.map((line) => Math.min(CELL_COLUMNS_MAX, displayWidth(line[index] as string))),
    ),
  );
  const layOut = (line: readonly string[], paint: (text: string) => string): string =>
    line
      .map((cell, index) => {
        const padding = " ".repeat(Math.max(0, (widths[index] as number) - displayWidth(cell)));
        if (columns[index]?.align === "right") return padding + paint(cell);
        return index === columns.length - 1 ? paint(cell) : paint(cell) + padding;
      })
      .join(GAP)
      .trimEnd();
  const titles = columns.map((column) => column.title);
  return [layOut(titles, title), ...cells.map((line) => layOut(line, (text) => text))];
}

/** Names and values below each other. */
export function listLines(
  entries: readonly (readonly [name: string, value: string | number | undefined])[],
  name: (text: string) => string = (text) => text,
): string[] {
  const width = Math.max(0, ...entries.map(([title]) => displayWidth(title)));
  return entries.map(([title, value]) => {
    const padding = " ".repeat(width - displayWidth(title));
    return `${name(title)}${padding}${GAP}${value ?? ABSENT}`;
  });
}

/** Columns that a text takes. Names of topics are ASCII; wide characters count for two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += (character.codePointAt(0) ?? 0) >= 0x1100 ? 2 : 1;
  return width;
}
