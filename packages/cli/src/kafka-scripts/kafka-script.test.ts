import { run } from "../command-line.fixture.ts";
import { createProgram } from "../program/program.ts";
import { Terminal } from "../terminal.ts";
import { insteadOfFlag } from "./flags-elsewhere.ts";
import { kafkaScript } from "./kafka-script.ts";

/** The command lines, words parted by spaces. */
function translated(line: string): string[] {
  const script = kafkaScript(line.split(" "));
  if ("help" in script) return [script.help];
  return script.commands.map((words) => words.join(" "));
}

function quietTerminal(): Terminal {
  const silent = { write: () => true, on: () => {} } as never;
  const onInterrupt = () => () => {};
  return new Terminal({ stdin: silent, stdout: silent, stderr: silent, env: {}, onInterrupt });
}

const B = "--bootstrap-server h:1";

test.each<[string, string[]]>([
  [`topics ${B} --list`, ["topic list --internal -o name --bootstrap h:1"]],
  [`topics --list --exclude-internal`, ["topic list -o name"]],
  [`topics ${B} --describe --topic t`, ["topic describe t --bootstrap h:1"]],
  [
    "topics --create --topic t --partitions 3 --replication-factor 2 --config a=1 --config b=2",
    ["topic create t --partitions 3 --replication-factor 2 --config a=1 --config b=2"],
  ],
  ["topics --alter --topic t --partitions 6", ["topic partitions add t --total 6 --yes"]],
  ["topics --delete --topic t --if-exists", ["topic delete t --yes --if-exists"]],
  ["consumer-groups --list", ["group list -o name"]],
  ["consumer-groups --describe --group g", ["group lag g"]],
  ["consumer-groups --describe --group g --members --verbose", ["group members g -o wide"]],
  ["consumer-groups --describe --all-groups", ["group lag"]],
  ["consumer-groups --delete --group a --group b", ["group delete a b --yes"]],
  [
    `consumer-groups ${B} --reset-offsets --group g --topic t:0,1 --to-earliest --execute`,
    ["group reset g --to-start --topic t:0,1 --execute --bootstrap h:1"],
  ],
  [
    "consumer-groups --reset-offsets --group g --all-topics --shift-by -5",
    ["group reset g --shift-by=-5"],
  ],
  [
    "consumer-groups --reset-offsets --group g --all-topics --by-duration P1DT2H",
    ["group reset g --by-duration 1d2h"],
  ],
  [
    "consumer-groups --reset-offsets --group g --topic t --to-datetime 2026-01-31T10:00:00.000 --dry-run",
    ["group reset g --to-time 2026-01-31T10:00:00.000 --topic t"],
  ],
  [
    "consumer-groups --reset-offsets --group g --all-topics --to-current --export --dry-run",
    ["group export g"],
  ],
  [
    "consumer-groups --reset-offsets --group g --from-file f.csv --execute",
    ["group import g f.csv --execute"],
  ],
  ["console-producer --topic t", ["produce t"]],
  [
    "console-producer --topic t --property parse.key=true --property key.separator=: --compression-codec lz4 --request-required-acks -1",
    ["produce t -K : --compression lz4 --acks=-1"],
  ],
  ["console-consumer --topic t --from-beginning", ["consume t --from-beginning"]],
  [
    "console-consumer --topic t --group g --from-beginning --max-messages 5",
    ["consume t --group g --from start --count 5"],
  ],
  [
    "console-consumer --topic t --group g --consumer-property group.protocol=CLASSIC --consumer-property partition.assignment.strategy=org.apache.kafka.clients.consumer.RangeAssignor,RoundRobinAssignor",
    ["consume t --group g --from end --protocol classic --assignor range,roundrobin"],
  ],
  [
    "console-consumer --topic t --consumer-property group.id=g --consumer-property auto.offset.reset=earliest",
    ["consume t --group g --from start"],
  ],
  [
    "console-consumer --topic t --consumer-property auto.offset.reset=earliest",
    ["consume t --from-beginning"],
  ],
  [
    "console-consumer --topic t --property print.key=true --property print.offset=true --property key.separator=|",
    ["consume t --format Offset:%o|%k|%s\n"],
  ],
  [
    "console-consumer --topic t --partition 1 --offset earliest",
    ["consume t --partition 1 --offsets start --follow"],
  ],
  ["configs --describe --entity-type topics --entity-name t", ["config get topic t --changed"]],
  ["configs --describe --broker-defaults --all", ["config get broker default"]],
  [
    "configs --alter --entity-type brokers --entity-name 1 --add-config a=1,b=[x,y] --delete-config c,d",
    ["config set broker 1 a=1 b=x,y", "config unset broker 1 c d"],
  ],
])("%s", (line, expected) => {
  expect(translated(line)).toEqual(expected);
});

test("what is translated is a command line of ours", async () => {
  const program = createProgram(quietTerminal(), {});
  for (const line of [
    "consumer-groups --reset-offsets --group g --all-topics --shift-by -5 --timeout 500",
    "console-producer --topic t --producer-property acks=-1",
    "console-consumer --topic t --from-beginning --max-messages 3",
    "console-consumer --topic t --group g --consumer-property partition.assignment.strategy=StickyAssignor",
  ]) {
    const [words = []] = translated(line).map((text) => text.split(" "));
    let command = program;
    for (const word of words) {
      command = command.commands.find((child) => child.name() === word) ?? command;
    }
    const flags = words.filter((word) => word.startsWith("--")).map((word) => word.split("=")[0]);
    const known = [...command.options, ...program.options].map((option) => option.long);
    expect(known).toEqual(expect.arrayContaining(flags));
  }
});

test.each<[string, string]>([
  ["topics --list --zookeeper localhost:2181", "the brokers know their ZooKeeper"],
  ["topics --lst", "Did you mean --list? Supported: --bootstrap-server"],
  ["topics --list --create", "--create and --list exclude each other"],
  ["topics --create", "topics.sh needs --topic here"],
  ["topics --alter --topic t --config a=1", "changes --partitions and nothing else"],
  ["consumer-groups --reset-offsets --group g --to-latest", "was not told which topics"],
  ["consumer-groups --reset-offsets --group g --all-topics", "was not told what to do"],
  ["console-consumer --topic t --property print.colour=true", "print.colour"],
  ["console-consumer --topic t --consumer-property group.protocol=classic", "without a group"],
  ["console-consumer --topic t --group g --consumer-property a=b", "the property a"],
  ["console-consumer --topic t --group g --consumer-property group.id=h", "name two groups"],
  ["console-consumer --topic t --consumer-property auto.offset.reset=none", "earliest, latest"],
  [
    "console-consumer --topic t --from-beginning --consumer-property auto.offset.reset=latest",
    "exclude each other",
  ],
  [
    "console-consumer --topic t --group g --consumer-property partition.assignment.strategy=com.acme.Fair",
    "the strategy com.acme.Fair",
  ],
  ["console-consumer --topic t --isolation-level read_committed", "no transactions yet"],
  ["console-producer --topic t --property key.separator=:", "without parse.key"],
  ["configs --alter --entity-type users --entity-name u", "--entity-type users"],
  ["configs --alter --topic t --add-config a", "takes name=value"],
  ["frob --list", "there is no script frob"],
])("%s is refused in words, exit code 2", async (line, message) => {
  const { code, stderr } = await run(["kafka-script", ...line.split(" ")]);

  expect(code).toBe(2);
  expect(stderr).toContain(message);
});

test("a script runs, and its help names every flag", async () => {
  const listed = await run(["kafka-script", "topics", "--list"]);
  const help = await run(["kafka-script", "console-consumer", "--help"]);

  expect(listed).toMatchObject({ code: 0, stdout: "orders\n" });
  expect(help.code).toBe(0);
  expect(help.stdout).toContain("--from-beginning");
});

/** Flags of Apache Kafka 4's tools, without those of JMX and of help. */
const KAFKAS_FLAGS: Readonly<Record<string, readonly string[]>> = {
  topics: [
    ...["alter", "at-min-isr-partitions", "bootstrap-server", "command-config", "config", "create"],
    ...["delete", "delete-config", "describe", "exclude-internal", "if-exists", "if-not-exists"],
    ...["list", "partitions", "replica-assignment", "replication-factor", "topic", "topic-id"],
    ...["topics-with-overrides", "unavailable-partitions", "under-min-isr-partitions"],
    ...["under-replicated-partitions", "version", "partition-size-limit-per-response"],
  ],
  "consumer-groups": [
    ...["all-groups", "all-topics", "bootstrap-server", "by-duration", "command-config", "delete"],
    ...["delete-offsets", "describe", "dry-run", "execute", "export", "from-file", "group", "list"],
    ...["members", "offsets", "reset-offsets", "shift-by", "state", "timeout", "to-current"],
    ...["to-datetime", "to-earliest", "to-latest", "to-offset", "topic", "type", "verbose"],
    ...["validate-regex", "version"],
  ],
  "console-consumer": [
    ...["bootstrap-server", "command-config", "command-property", "consumer-property"],
    ...["consumer.config", "enable-systest-events", "formatter", "formatter-config"],
    ...["formatter-property", "from-beginning", "group", "include", "isolation-level"],
    ...["key-deserializer", "max-messages", "offset", "partition", "property"],
    ...["skip-message-on-error", "timeout-ms", "topic", "value-deserializer", "version"],
  ],
  "console-producer": [
    ...["batch-size", "bootstrap-server", "command-config", "command-property"],
    ...["compression-codec", "line-reader", "max-block-ms", "max-memory-bytes"],
    ...["max-partition-memory-bytes", "message-send-max-retries", "metadata-expiry-ms"],
    ...["producer-property", "producer.config", "property", "reader-config", "reader-property"],
    ...["request-required-acks", "request-timeout-ms", "retry-backoff-ms", "socket-buffer-size"],
    ...["sync", "timeout", "topic", "version"],
  ],
  configs: [
    ...["add-config", "add-config-file", "all", "alter", "bootstrap-controller"],
    ...["bootstrap-server", "broker", "broker-defaults", "broker-logger", "client"],
    ...["client-defaults", "client-metrics", "command-config", "delete-config", "describe"],
    ...["entity-default", "entity-name", "entity-type", "force", "group", "ip", "ip-defaults"],
    ...["topic", "user", "user-defaults", "version"],
  ],
};

test.each(Object.entries(KAFKAS_FLAGS))(
  "each flag of Kafka's %s is taken, or it is said what does it here",
  async (script, flags) => {
    const unexplained: string[] = [];
    for (const flag of flags) {
      const { stderr } = await run(["kafka-script", script, `--${flag}`]);
      if (stderr.includes("does not support") && stderr.includes("Supported: ")) {
        unexplained.push(flag);
      }
    }

    expect(unexplained).toEqual([]);
  },
);

test("commands and flags that a refusal points to exist", () => {
  const program = createProgram(quietTerminal(), {});
  for (const [script, flags] of Object.entries(KAFKAS_FLAGS)) {
    for (const flag of flags) {
      const instead = insteadOfFlag(`${script}.sh`, `--${flag}`) ?? "";
      const [, line] = /`zoolog ([^`]+)`/.exec(instead) ?? [];
      if (line === undefined) continue;
      let command = program;
      for (const word of line.split(" ")) {
        command = command.commands.find((child) => child.name() === word) ?? command;
      }
      const known = [...command.options, ...program.options].map((option) => option.long);
      expect(command).not.toBe(program);
      const given = line.split(" ").filter((word) => word.startsWith("--") && word !== "--help");
      expect(known).toEqual(expect.arrayContaining(given));
    }
  }
});
