import { usageError } from "../usage-error.ts";
import { type FlagTable, KafkaFlags } from "./kafka-flags.ts";
import { propertiesOf } from "./properties.ts";

const SCRIPT = "console-consumer.sh";
export const CONSOLE_CONSUMER_FLAGS: FlagTable = {
  ...{ "--bootstrap-server": "value", "--topic": "value", "--group": "value" },
  ...{ "--from-beginning": "switch", "--partition": "value", "--offset": "value" },
  ...{ "--max-messages": "value", "--isolation-level": "value" },
  ...{ "--property": "value", "--formatter-property": "value" },
  ...{ "--consumer-property": "value", "--command-property": "value" },
};
/** Of members alone. */
const MEMBER_PROPERTIES = ["group.protocol", "partition.assignment.strategy"] as const;
const CONSUMER_PROPERTIES = ["group.id", "auto.offset.reset", ...MEMBER_PROPERTIES] as const;
/** Classes of Kafka's package `org.apache.kafka.clients.consumer`, with the names that groups see. */
const STRATEGIES: Readonly<Record<string, string>> = {
  RangeAssignor: "range",
  RoundRobinAssignor: "roundrobin",
  StickyAssignor: "sticky",
  CooperativeStickyAssignor: "cooperative-sticky",
};
const PROPERTIES = [
  "print.timestamp",
  "print.partition",
  "print.offset",
  "print.headers",
  "print.key",
  "print.value",
  "key.separator",
  "line.separator",
] as const;
/** In Kafka's order. */
const PRINTED = [
  ["print.timestamp", "CreateTime:%T"],
  ["print.partition", "Partition:%p"],
  ["print.offset", "Offset:%o"],
  ["print.headers", "%h"],
  ["print.key", "%k"],
] as const;

/** kafka-console-consumer.sh. Without --group nothing is committed. @throws ZoologError `USAGE` */
export function consoleConsumerCommands(words: readonly string[]): string[][] {
  const flags = KafkaFlags.read(SCRIPT, words, CONSOLE_CONSUMER_FLAGS);
  const isolation = flags.one("--isolation-level") ?? "read_uncommitted";
  if (isolation !== "read_uncommitted") {
    throw usageError(
      `${SCRIPT} does not support --isolation-level ${isolation}`,
      "There are no transactions yet: leave it out.",
    );
  }
  const given = [...flags.all("--consumer-property"), ...flags.all("--command-property")];
  const properties = propertiesOf(SCRIPT, given, CONSUMER_PROPERTIES);
  const group = groupOf(flags, properties["group.id"]);
  const partition = flags.one("--partition");
  const count = flags.one("--max-messages");
  const words_ = [
    ...["consume", flags.required("--topic")],
    ...(group === undefined ? [] : ["--group", group]),
    ...(partition === undefined ? [] : ["--partition", partition]),
    ...startOf(flags, { group, partition, reset: properties["auto.offset.reset"] }),
    ...membershipOf(properties, group),
    ...(count === undefined ? [] : ["--count", count]),
    ...formatOf(flags),
  ];
  return [[...words_, ...flags.globalWords()]];
}

type ConsumerProperties = { readonly [Name in (typeof CONSUMER_PROPERTIES)[number]]?: string };

/** @throws ZoologError `USAGE` when two are named */
function groupOf(flags: KafkaFlags, id: string | undefined): string | undefined {
  const group = flags.one("--group");
  if (group !== undefined && id !== undefined && group !== id) {
    throw usageError(`--group ${group} and group.id=${id} name two groups`, "Leave one out.");
  }
  return group ?? id;
}

function startOf(
  flags: KafkaFlags,
  {
    group,
    partition,
    reset,
  }: {
    readonly group: string | undefined;
    readonly partition: string | undefined;
    readonly reset: string | undefined;
  },
): string[] {
  const offset = flags.one("--offset");
  const fromBeginning = flags.has("--from-beginning") || reset === "earliest";
  if (reset !== undefined && reset !== "earliest" && reset !== "latest") {
    throw usageError(
      `${SCRIPT} does not support auto.offset.reset=${reset}`,
      "Supported: earliest, latest.",
    );
  }
  if (reset === "latest" && fromBeginning) {
    throw usageError("--from-beginning and auto.offset.reset=latest exclude each other");
  }
  if (offset !== undefined && partition === undefined) {
    throw usageError("--offset needs --partition", "Add --partition N, or use --from-beginning.");
  }
  if (offset !== undefined && group !== undefined) {
    throw usageError(
      "--offset and --group exclude each other",
      "A group goes on where it is: consumer-groups.sh --reset-offsets moves it.",
    );
  }
  if (offset !== undefined) {
    const where = offset === "earliest" ? "start" : offset === "latest" ? "end" : offset;
    return ["--offsets", where, "--follow"];
  }
  if (group !== undefined) return ["--from", fromBeginning ? "start" : "end"];
  return fromBeginning ? ["--from-beginning"] : [];
}

function membershipOf(properties: ConsumerProperties, group: string | undefined): string[] {
  const { "group.protocol": protocol, "partition.assignment.strategy": strategies } = properties;
  const useless = MEMBER_PROPERTIES.find((name) => properties[name] !== undefined);
  if (useless !== undefined && group === undefined) {
    throw usageError(`${useless} is of no use without a group`, "Add --group NAME.");
  }
  const assignors = strategies?.split(",").map((name) => assignorOf(name.trim())) ?? [];
  return [
    ...(protocol === undefined ? [] : ["--protocol", protocol.toLowerCase()]),
    ...(assignors.length === 0 ? [] : ["--assignor", assignors.join(",")]),
  ];
}

function assignorOf(strategy: string): string {
  const name = strategy.slice(strategy.lastIndexOf(".") + 1);
  const assignor = Object.hasOwn(STRATEGIES, name) ? STRATEGIES[name] : undefined;
  if (assignor !== undefined) return assignor;
  throw usageError(
    `${SCRIPT} does not support the strategy ${strategy}`,
    `Supported: ${Object.keys(STRATEGIES).join(", ")}.`,
  );
}

function formatOf(flags: KafkaFlags): string[] {
  const given = [...flags.all("--property"), ...flags.all("--formatter-property")];
  if (given.length === 0) return [];
  const properties = propertiesOf(SCRIPT, given, PROPERTIES);
  const separator = escaped(properties["key.separator"] ?? "\t");
  const parts: string[] = PRINTED.flatMap(([name, verb]) =>
    properties[name] === "true" ? [verb] : [],
  );
  if (properties["print.value"] !== "false") parts.push("%s");
  const lineEnd = escaped(properties["line.separator"] ?? "\n");
  return ["--format", `${parts.join(separator)}${lineEnd}`];
}

/** As literal text of our format language. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("%", "%%");
}
