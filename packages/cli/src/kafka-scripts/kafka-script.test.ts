import { run } from "../command-line.fixture.ts";
import { createProgram } from "../program/program.ts";
import { Terminal } from "../terminal.ts";
import { kafkaScript } from "./kafka-script.ts";

/** The command lines, words parted by spaces. */
function translated(line: string): string[] {
  const script = kafkaScript(line.split(" "));
  if ("help" in script) return [script.help];
  return script.commands.map((words) => words.join(" "));
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
  const silent = { write: () => true, on: () => {} } as never;
  const terminal = new Terminal({
    stdin: silent,
    stdout: silent,
    stderr: silent,
    env: {},
    onInterrupt: () => () => {},
  });
  const program = createProgram(terminal, {});
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
  ["topics --list --zookeeper localhost:2181", "takes no --zookeeper"],
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
