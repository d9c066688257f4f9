import { readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Offset, ZoologError } from "@zoolog/base";
import { LOG_SUFFIX, OFFSET_INDEX_SUFFIX, segmentBaseOffset, TIME_INDEX_SUFFIX } from "@zoolog/log";
import type { CommandContext } from "../../context.ts";
import type { DumpLine, DumpSink } from "../../dump/dump-sink.ts";
import { dumpIndex } from "../../dump/index-dump.ts";
import { dumpSegment } from "../../dump/segment-dump.ts";
import { plural } from "../../output/quantity.ts";
import { usageError } from "../../usage-error.ts";

export type DumpOptions = {
  readonly records: boolean;
  readonly values: boolean;
  readonly deep: boolean;
};

type FileKind = "segment" | "offsetIndex" | "timeIndex";

const KINDS: readonly (readonly [suffix: string, kind: FileKind])[] = [
  [LOG_SUFFIX, "segment"],
  [OFFSET_INDEX_SUFFIX, "offsetIndex"],
  [TIME_INDEX_SUFFIX, "timeIndex"],
];

/**
 * `zoolog log dump PATH`: reads a partition's files as they are, without a broker and without
 * changing anything. Faults are printed where they are found and end the command with exit code 1.
 */
export async function dumpLog(
  context: CommandContext,
  path: string,
  options: DumpOptions,
): Promise<void> {
  const files = await filesOf(path);
  const lines = new DumpLines(context);
  for (const [file, suffix, kind] of files) {
    if (context.terminal.signal.aborted) break;
    await lines.print({ kind: "file", path: file });
    if (kind === "segment") await dumpSegment(file, options, lines, context.terminal.signal);
    else {
      // A copy under another name is looked at, too: its offsets are relative then.
      const baseOffset = segmentBaseOffset(basename(file), suffix) ?? (0 as Offset);
      await dumpIndex({ path: file, kind, baseOffset }, lines);
    }
  }
  await lines.end();
  if (lines.faults === 0) return;
  throw new ZoologError({
    code: "CORRUPT_MESSAGE",
    message: `${plural(lines.faults, "fault")} found in ${path}`,
    hint: "A fault at the very end of the newest segment is a torn write, which a broker cuts.",
  });
}

type FoundFile = readonly [path: string, suffix: string, kind: FileKind];

async function filesOf(path: string): Promise<FoundFile[]> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new ZoologError({
      code: (cause as { code?: string }).code ?? "EIO",
      message: `cannot read ${path}`,
      hint: "Name a segment, an index or a partition's folder, such as zoolog-data/broker-1/orders-0.",
      cause,
    });
  });
  if (!found.isDirectory()) {
    const kind = kindOf(path);
    if (kind !== undefined) return [[path, ...kind]];
    throw usageError(
      `${basename(path)} is no file of a partition`,
      "Name a .log, .index, .timeindex.",
    );
  }
  const files: FoundFile[] = [];
  for (const name of (await readdir(path)).sort()) {
    const kind = kindOf(name);
    // Other programs have .log files, too.
    if (kind !== undefined && segmentBaseOffset(name, kind[0]) !== undefined)
      files.push([join(path, name), ...kind]);
  }
  if (files.length > 0) return files;
  throw new ZoologError({
    code: "ENOENT",
    message: `${path} holds no segments`,
    hint: "Name the folder of one partition, such as zoolog-data/broker-1/orders-0.",
  });
}

function kindOf(name: string): (typeof KINDS)[number] | undefined {
  return KINDS.find(([suffix]) => name.endsWith(suffix));
}

/** Prints lines in the caller's format: `name: value` pairs for people, one object for programs. */
class DumpLines implements DumpSink {
  faults = 0;
  readonly #context: CommandContext;
  #count = 0;

  constructor(context: CommandContext) {
    this.#context = context;
  }

  readonly print = (line: DumpLine): Promise<void> => {
    this.#count += 1;
    const { output, terminal } = this.#context;
    if (output.format === "ndjson") return terminal.write(`${JSON.stringify(line)}\n`);
    if (output.format === "json") {
      return terminal.write(`${this.#count === 1 ? "[" : ","}\n${JSON.stringify(line)}`);
    }
    return terminal.write(`${this.#forPeople(line)}\n`);
  };

  readonly fault = (line: DumpLine): Promise<void> => {
    this.faults += 1;
    return this.print(line);
  };

  async end(): Promise<void> {
    if (this.#context.output.format !== "json") return;
    await this.#context.terminal.write(this.#count === 0 ? "[]\n" : "\n]\n");
  }

  #forPeople(line: DumpLine): string {
    const { bold, red } = this.#context.colours;
    const { kind, ...fields } = line;
    if (kind === "file") return bold(String(fields["path"]));
    const text = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(
        ([name, value]) =>
          `${name}: ${typeof value === "object" ? JSON.stringify(value) : printable(value)}`,
      )
      .join(" ");
    if (kind === "fault") return red(text);
    return kind === "record" ? `| ${text}` : text;
  }
}

/** One line stays one line, and no byte of a record commands the terminal. */
function printable(value: unknown): string {
  return String(value).replace(CONTROL_CHARACTERS, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(2, "0");
    return `\\x${code}`;
  });
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const CONTROL_CHARACTERS = /[\u0000-\u001f\u007f-\u009f]/g;
