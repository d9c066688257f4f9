import { ZoologError } from "@zoolog/base";
import { usageError } from "../../usage-error.ts";

/** One line of what `group export` writes and `group import` reads. */
export type ExportedOffset = {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly leaderEpoch?: number;
  readonly metadata?: string;
  readonly committedAt?: number;
};

/** More than any group has partitions: a larger file is another file. */
const LINES_MAX = 1_000_000;

/**
 * CSV (with its line of titles, or Kafka's `topic,partition,offset` without one), a JSON array, or
 * one JSON object per line: told apart by the first sign.
 *
 * @throws ZoologError `USAGE`, naming the line
 */
export function readExportedOffsets(text: string): ExportedOffset[] {
  const trimmed = text.trim();
  if (trimmed === "") throw usageError("the file has no offsets", FORM);
  if (trimmed.startsWith("[")) {
    const all = parsed(trimmed, "the file");
    if (!Array.isArray(all)) throw usageError("the file is no list of offsets", FORM);
    return checked(all.map((entry, index) => offsetOf(entry, `entry ${index + 1}`)));
  }
  const lines = trimmed.split(/\r?\n/);
  if (lines.length > LINES_MAX) throw usageError(`more than ${LINES_MAX} lines are no offsets`);
  if (trimmed.startsWith("{")) {
    return checked(
      lines.map((line, index) => offsetOf(parsed(line, `line ${index + 1}`), `line ${index + 1}`)),
    );
  }
  return checked(csvOffsets(lines));
}

const FORM = "Write what `zoolog group export` writes: topic,partition,offset on each line.";

function csvOffsets(lines: readonly string[]): ExportedOffset[] {
  const first = cellsOf(lines[0] ?? "");
  const hasTitles = first[0] === "topic" && first.includes("offset");
  const titles = hasTitles ? first : ["topic", "partition", "offset"];
  return lines.slice(hasTitles ? 1 : 0).map((line, index) => {
    const where = `line ${index + (hasTitles ? 2 : 1)}`;
    const cells = cellsOf(line);
    if (cells.length !== titles.length) {
      throw usageError(`${where}: ${cells.length} cells where ${titles.length} belong`, FORM);
    }
    const entry = Object.fromEntries(titles.map((title, at) => [title, cells[at] as string]));
    const { metadata, offset, partition, topic } = entry;
    return offsetOf(
      {
        topic,
        partition: numberOf(partition),
        offset: numberOf(offset),
        ...(metadata === undefined || metadata === "" ? {} : { metadata }),
      },
      where,
    );
  });
}

/** The cells of one line of RFC 4180, without line ends in quotes. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  for (const match of line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(match[1] === undefined ? (match[2] as string) : match[1].replaceAll('""', '"'));
  }
  return cells;
}

function numberOf(text: string | undefined): number {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : Number.NaN;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ZoologError({
      code: "USAGE",
      message: `${where}: this is no JSON`,
      hint: FORM,
      cause,
    });
  }
}

function offsetOf(entry: unknown, where: string): ExportedOffset {
  const { metadata, offset, partition, topic } = (entry ?? {}) as Partial<ExportedOffset>;
  if (typeof topic !== "string" || topic === "") throw usageError(`${where}: no topic`, FORM);
  for (const [name, value] of [
    ["partition", partition],
    ["offset", offset],
  ] as const) {
    if (!Number.isSafeInteger(value) || (value as number) < 0) {
      throw usageError(`${where}: ${name} is no whole number from 0 on`, FORM);
    }
  }
  return {
    topic,
    partition: partition as number,
    offset: offset as number,
    ...(typeof metadata === "string" ? { metadata } : {}),
  };
}

/** A partition twice is two answers to one question. */
function checked(offsets: readonly ExportedOffset[]): ExportedOffset[] {
  const seen = new Set<string>();
  for (const { partition, topic } of offsets) {
    const name = `${topic}-${partition}`;
    if (seen.has(name)) throw usageError(`${name} is there twice`, "Keep one line per partition.");
    seen.add(name);
  }
  return [...offsets];
}
