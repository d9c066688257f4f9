import type { CompressionCodec, RequiredAcks } from "@zoolog/client";
import { type Command, Option } from "commander";
import type { ConsumeOptions } from "../commands/records/consume.ts";
import type { CommandContext } from "../context.ts";
import {
  byteCount,
  duration,
  groupName,
  oneOf,
  regularExpression,
  several,
  someOf,
  someText,
  topicName,
  usageError,
  wholeNumber,
} from "../usage-error.ts";
import type { RunCommand } from "./run-command.ts";

const INPUTS = ["lines", "ndjson", "raw"] as const;
/** Written out, as the help must not load what knows them. */
const COMPRESSIONS = [
  "none",
  "gzip",
  "snappy",
  "lz4",
  "zstd",
] as const satisfies readonly CompressionCodec[];
const BENCHES = ["produce", "fetch", "e2e"] as const;
/** Those of the coordinator, then those of classic members. */
const ASSIGNORS = ["uniform", "range", "roundrobin", "sticky", "cooperative-sticky"] as const;
const COUNT_MAX = Number.MAX_SAFE_INTEGER;
/** Kafka's default of `max.message.bytes`, less what a batch adds. */
const LINE_BYTES_MAX = 1_048_576 - 1_024;
const text = (value: string): string => value;
const count = (name: string) => wholeNumber(name, 1, COUNT_MAX);

const ACKS: Readonly<Record<string, RequiredAcks>> = {
  ...{ none: "none", leader: "leader", all: "all" },
  // Kafka's numbers for the same.
  ...{ "0": "none", "1": "leader", "-1": "all" },
};

function acksOption(byDefault: RequiredAcks): Option {
  return new Option(
    "--acks <whose>",
    "whose copy counts: none (nobody's), leader, all (replicas in sync); or Kafka's 0, 1, -1",
  )
    .argParser((value) => {
      const acks = Object.hasOwn(ACKS, value) ? ACKS[value] : undefined;
      if (acks !== undefined) return acks;
      throw usageError(`--acks must be none, leader or all (or 0, 1, -1), not "${value}"`);
    })
    .default(byDefault);
}

/** On where it can be: the default belongs to the SDK, which knows that it needs acks "all". */
function noIdempotenceOption(): Option {
  return new Option("--no-idempotence", "a retry after a lost answer may write records twice");
}

export function addRecordCommands(program: Command, run: RunCommand): void {
  addProduce(program, run);
  addConsume(program, run);
  addGet(program, run);
  addBench(program, run);
}

type ProduceFlags = {
  readonly input: (typeof INPUTS)[number];
  readonly key?: string;
  readonly keySeparator?: string;
  readonly header?: readonly string[];
  readonly partition?: number;
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly acks: RequiredAcks;
  readonly idempotence: boolean;
  readonly maxBytes: number;
};

function addProduce(program: Command, run: RunCommand): void {
  program
    .command("produce")
    .argument("<topic>", "where to send; it must exist (zoolog topic create)", topicName)
    .argument("[file]", "- or nothing: stdin")
    .description("send the lines of a file or of stdin as records")
    .addOption(
      new Option(
        "-i, --input <form>",
        "lines: one record each (LF ends a line, a CR before it is kept); ndjson: what consume -o ndjson writes, the JSON form of /docs; raw: all of it is one record",
      )
        .argParser(oneOf("--input", INPUTS))
        .default("lines"),
    )
    .option("-k, --key <key>", "key of every record")
    .addOption(
      new Option(
        "-K, --key-separator <text>",
        "what stands between key and value; every line has it",
      ).conflicts("key"),
    )
    .option("-H, --header <name=value>", "header of every record; repeatable", several(text))
    .option("-p, --partition <n>", "send all there", wholeNumber("--partition", 0, 2 ** 31 - 1))
    .addOption(
      new Option("-z, --compression <codec>", COMPRESSIONS.join(", "))
        .argParser(oneOf("--compression", COMPRESSIONS))
        .default("none"),
    )
    .addOption(acksOption("all"))
    .addOption(noIdempotenceOption())
    .option("--max-bytes <size>", "longest record", byteCount("--max-bytes"), LINE_BYTES_MAX)
    .action((topic: string, file: string | undefined, flags: ProduceFlags, command: Command) =>
      run(command, async (context) => {
        const { produce } = await import("../commands/records/produce.ts");
        const { maxBytes, ...rest } = flags;
        await produce(context, topic, file, { ...rest, lineBytesMax: maxBytes });
      }),
    );
}

type ConsumeFlags = ConsumeOptions & {
  readonly group?: string;
  readonly pattern?: string;
  readonly from?: string;
  readonly instanceId?: string;
  readonly protocol?: "consumer" | "classic";
  readonly assignor?: readonly (typeof ASSIGNORS)[number][];
};

function addConsume(program: Command, run: RunCommand): void {
  program
    .command("consume")
    .argument("[topics...]", "what to read; several with --group", several(topicName))
    .description("print records; without more, the new ones as they come")
    .option("-b, --from-beginning", "from the first record on", false)
    .option("--offsets <where>", "start, end, 42, +10, -10, 5:9, @2026-01-31, @-1h, @-2h:@-1h")
    .option("--tail <n>", "the newest n of all partitions, by time, then end", count("--tail"))
    .option(
      "-p, --partition <n>",
      "only this one; repeatable",
      several(wholeNumber("--partition", 0, 2 ** 31 - 1)),
    )
    .option("-n, --count <n>", "stop after so many records", count("--count"))
    .option("-e, --exit", "stop at the end of the log as it is now", false)
    .option("-f, --follow", "go on behind --tail, or --offsets without an end", false)
    .option("-F, --format <format>", "%s value %k key %h headers %t topic %p partition %o offset …")
    .option(
      "-g, --group <group>",
      "share the partitions with others of the group, and commit",
      groupName,
    )
    .option("--from <where>", "with --group, where it has committed nothing: start, end, @-1h")
    .option(
      "--pattern <regex>",
      "with --group: all topics whose whole name matches",
      regularExpression("--pattern"),
    )
    .option(
      "--instance-id <name>",
      "with --group: a static member, whose restart moves nothing",
      someText("--instance-id"),
    )
    .addOption(
      new Option(
        "--protocol <which>",
        "with --group: consumer (the coordinator assigns), classic",
      ).argParser(oneOf("--protocol", ["consumer", "classic"])),
    )
    .addOption(
      new Option(
        "--assignor <names>",
        "uniform or range; with --protocol classic some of range, roundrobin, sticky, cooperative-sticky (default: range,cooperative-sticky, as Kafka's consumers)",
      ).argParser(someOf("--assignor", ASSIGNORS)),
    )
    .option(
      "--rack <name>",
      "where you are: read from a replica there (broker.rack), if one is in sync",
    )
    .option("--no-check-crcs", "trust the bytes")
    .addHelpText("after", FORMAT_HELP)
    .addHelpText("after", GROUP_EXIT_HELP)
    .addHelpText("after", CONSUME_EXAMPLES)
    .action((topics: string[] | undefined, flags: ConsumeFlags, command: Command) =>
      run(command, async (context) => {
        if (flags.group !== undefined) {
          await asGroup(context, topics ?? [], flags, flags.group);
          return;
        }
        const [topic] = topics ?? [];
        requireGroupless(topics ?? [], flags);
        const { consume } = await import("../commands/records/consume.ts");
        await consume(context, topic as string, flags);
      }),
    );
}

const GROUP_EXIT_HELP = `
With --group, --exit stops when each partition that the group gave to this member is read to its end
as it was when it was begun. A member that is left without any, as others have them all, says so on
stderr and stops once the group is stable.`;

const CONSUME_EXAMPLES = `

Examples:
  zoolog consume orders --tail 20 --follow
  zoolog consume orders --offsets @-1h --exit -o ndjson
  zoolog consume orders payments --group billing --from start
  zoolog consume --pattern 'orders-.*' --group audit --from end`;

async function asGroup(
  context: CommandContext,
  topics: readonly string[],
  flags: ConsumeFlags,
  group: string,
): Promise<void> {
  const { assignor, follow, from, fromBeginning, offsets, partition, pattern, tail, ...rest } =
    flags;
  if (offsets !== undefined || tail !== undefined || partition !== undefined) {
    throw usageError(
      "--group goes on where the group is; --offsets, --tail and --partition say otherwise",
      "Leave --group out to look at records, or move the group: zoolog group reset.",
    );
  }
  requireAssignors(flags);
  if (topics.length === 0 && pattern === undefined) throw noTopic();
  if (topics.length > 0 && pattern !== undefined) {
    throw usageError("topics and --pattern exclude each other", "Name topics, or a pattern.");
  }
  const { offsetPoint } = await import("../input/offset-point.ts");
  const start = from ?? (fromBeginning ? "start" : undefined);
  const { consumeGroup } = await import("../commands/records/consume-group.ts");
  await consumeGroup(context, topics, {
    ...rest,
    group,
    ...(assignor === undefined ? {} : { assignors: assignor }),
    ...(pattern === undefined ? {} : { pattern }),
    ...(start === undefined ? {} : { from: offsetPoint(start) }),
  });
}

/** @throws ZoologError `USAGE` for assignors that the protocol does not have */
function requireAssignors({ assignor = [], protocol = "consumer" }: ConsumeFlags): void {
  const isClassic = protocol === "classic";
  if (isClassic && assignor.includes("uniform")) {
    throw usageError("--assignor uniform is the coordinator's", "Leave --protocol classic out.");
  }
  const ofMembers = assignor.find((name) => name !== "uniform" && name !== "range");
  if (!isClassic && (ofMembers !== undefined || assignor.length > 1)) {
    throw usageError(
      `--assignor ${assignor.join(",")} needs --protocol classic`,
      "Without it the coordinator assigns: --assignor uniform or range.",
    );
  }
}

/** @throws ZoologError `USAGE` for what only a group can do */
function requireGroupless(topics: readonly string[], flags: ConsumeFlags): void {
  const { assignor, from, instanceId, pattern, protocol } = flags;
  const ofGroups = [assignor, from, instanceId, pattern, protocol];
  if (topics.length > 1 || ofGroups.some((it) => it !== undefined)) {
    throw usageError(
      "several topics, --pattern, --from, --instance-id, --protocol and --assignor need --group",
      "Add --group NAME; without a group: one topic, and --offsets for where.",
    );
  }
  if (topics.length === 0) throw noTopic();
}

function noTopic(): Error {
  return usageError("missing required argument 'topics'", "`zoolog consume --help` tells more.");
}

function addGet(program: Command, run: RunCommand): void {
  program
    .command("get")
    .argument("<topic>", "from where", topicName)
    .argument("<partition>", "which one", wholeNumber("partition", 0, 2 ** 31 - 1))
    .argument("<offset>", "which record", wholeNumber("offset", 0, COUNT_MAX))
    .description("one record: its time, headers, key and value")
    .option("--hex", "keys and values as bytes; what is no text is shown so anyway", false)
    .addHelpText(
      "after",
      `
Examples:
  zoolog get orders 0 42
  zoolog get orders 0 42 --hex
  zoolog get orders 0 42 -o json | jq -r .value`,
    )
    .action(
      (
        topic: string,
        partition: number,
        offset: number,
        flags: { readonly hex: boolean },
        command: Command,
      ) =>
        run(command, async (context) => {
          const { getRecord } = await import("../commands/records/get.ts");
          await getRecord(context, topic, { partition, offset }, flags);
        }),
    );
}

const FORMAT_HELP = `
Format: %s value, %k key, %h headers, %t topic, %p partition, %o offset, %T timestamp (ms),
  %d timestamp (ISO 8601), %S and %K lengths of value and key (-1: none), %R value length as 4 bytes,
  %% a percent sign; \\n \\r \\t \\\\ \\0 \\xHH. Default: %s\\n. With -o ndjson: one JSON object each.`;

const BENCH_HELP = `
produce: records/s, and the time from send to acknowledgement under this full load. fetch: writes
the records first. e2e: the time from send to arrival at a reader, 256 records at a time.
Whatever it measures is no failure: exit code 0.

Examples:
  zoolog bench produce --acks all
  zoolog bench produce --acks leader --size 100 --duration 10s -z lz4
  zoolog bench fetch --records 1000000 --partitions 6 -o json
  zoolog bench e2e --records 10000 --topic orders     uses a topic of yours: it grows`;

type BenchFlags = {
  readonly topic?: string;
  readonly records: number;
  readonly size: number;
  readonly partitions: number;
  readonly duration?: number;
  readonly compression: (typeof COMPRESSIONS)[number];
  readonly acks: RequiredAcks;
  readonly idempotence: boolean;
  readonly keep: boolean;
};

function addBench(program: Command, run: RunCommand): void {
  program
    .command("bench")
    .argument("<what>", `${BENCHES.join(", ")}`, oneOf("bench", BENCHES))
    .description("how fast this cluster is, measured from here through the SDK")
    .option(
      "--topic <topic>",
      "use this one, which must exist, instead of one that is made and deleted",
    )
    .option("--records <n>", "how many", count("--records"), 500_000)
    .option("--size <bytes>", "of each value", byteCount("--size"), 1_024)
    .option(
      "--partitions <n>",
      "of the topic that is made",
      wholeNumber("--partitions", 1, 1_000),
      3,
    )
    .option("--duration <time>", "stop after this time", duration("--duration"))
    .addOption(
      new Option("-z, --compression <codec>", COMPRESSIONS.join(", "))
        .argParser(oneOf("--compression", COMPRESSIONS))
        .default("none"),
    )
    .addOption(acksOption("leader"))
    .addOption(noIdempotenceOption())
    .option("--keep", "leave the topic that was made and its records, to look at them", false)
    .addHelpText("after", BENCH_HELP)
    .action((what: (typeof BENCHES)[number], flags: BenchFlags, command: Command) =>
      run(command, async (context) => {
        const { bench } = await import("../commands/records/bench.ts");
        await bench(context, what, flags);
      }),
    );
}
