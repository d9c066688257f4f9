/**
 * Rows as RFC 4180 has them, with the names of the JSON fields as the first line. What is no text,
 * number or truth value is JSON within its cell.
 */
export function csvLines(rows: readonly object[]): string[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  if (names.length === 0) return [];
  const line = (row: object) =>
    names.map((name) => cell((row as Readonly<Record<string, unknown>>)[name])).join(",");
  return [names.map(cell).join(","), ...rows.map(line)];
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
