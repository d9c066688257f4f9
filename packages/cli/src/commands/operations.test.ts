/** Commands of operators, as a whole command line, against brokers that a test plays. */
import { brokerId, offset, ZoologError } from "@zoolog/base";
import type { Answers } from "@zoolog/testkit";
import { parse } from "yaml";
import { emptyGroup, quietCluster, run, sent } from "../command-line.fixture.ts";

const OPERATED: Answers = {
  ...emptyGroup(),
  "describe-broker": (_request, id) => ({
    brokerId: brokerId(id),
    version: "0.1.0",
    incarnation: "i",
    bootId: "b",
    startedAt: 0 as never,
    isController: id === 1,
    leaders: 1,
    replicas: 2,
    offlineReplicas: 0,
    coordinatorSlots: 32,
    endpoints: [
      { listener: "HTTP", host: "broker", port: 8_001 },
      { listener: "KAFKA", host: "broker", port: 9_092 },
      { listener: "EXTERNAL", host: "::1", port: 9_094 },
    ],
    dataFolder: "/data",
    logBytes: 2_048,
    segments: 2,
    diskFreeBytes: 2 ** 40,
    openFiles: 4,
    residentBytes: 2 ** 27,
    heapBytes: 2 ** 25,
    zookeeper: { state: "connected", sessionTimeoutMs: 6_000, leaseRemainingMs: 5_000 },
  }),
  "describe-configs": ({ resources }) => ({
    resources: resources.map((resource) => ({
      ...resource,
      configs: [
        {
          name: "retention.ms",
          value: "1000",
          source: "topic",
          dynamic: true,
          sensitive: false,
          default: "604800000",
          synonyms: [],
          about: "How long records are kept.",
        },
        {
          name: "segment.bytes",
          value: "1073741824",
          source: "default",
          dynamic: true,
          sensitive: false,
          synonyms: [],
          about: "",
        },
      ],
    })),
  }),
  "alter-configs": ({ resources }) => ({
    resources: resources.map(({ name, type }) => ({ name, type })),
  }),
  "create-partitions": ({ topics }) => ({
    topics: topics.map(({ count, topic }) => ({ topic, numPartitions: count })),
  }),
  "delete-records": ({ topics }) => ({
    topics: topics.map(({ partitions, topic }) => ({
      topic,
      partitions: partitions.map(({ offset: before, partition }) => ({
        partition,
        lowWatermark: before === "highWatermark" ? offset(0) : before,
      })),
    })),
  }),
  "elect-leaders": () => ({
    topics: [{ topic: "orders", partitions: [{ partition: 0, leader: brokerId(1) }] }],
  }),
};

test.each<[string[], object]>([
  [["topic", "list"], [{ topic: "orders" }]],
  [["topic", "alter", "orders", "-c", "retention.ms=5"], { topic: "orders", changed: true }],
  [
    ["topic", "partitions", "add", "orders", "--more", "3", "-y"],
    { topic: "orders", before: 2, after: 5 },
  ],
  [
    ["topic", "partitions", "add", "orders", "--total", "6", "--yes"],
    { topic: "orders", before: 2, after: 6 },
  ],
  [
    ["topic", "offsets", "orders"],
    [{ start: 100, end: 200, records: 100 }, { partition: 1 }],
  ],
  [
    ["topic", "offsets", "orders", "--at", "-1h"],
    [{ offset: 110 }, { offset: 10 }],
  ],
  [
    ["topic", "trim", "orders", "--before", "-40", "-y"],
    [
      { partition: 0, start: 100, newStart: 160, records: 60 },
      { partition: 1, newStart: 10 },
    ],
  ],
  [
    ["config", "get", "topic", "orders"],
    [{ name: "retention.ms", source: "topic" }, {}],
  ],
  [["config", "get", "broker", "2", "--changed"], [{ name: "retention.ms" }]],
  [["config", "set", "topic", "orders", "retention.ms=5"], { name: "orders", changed: true }],
  [["config", "set", "broker", "default", "a=b"], { name: "default", type: "broker" }],
  [["config", "unset", "topic", "orders", "a", "--validate-only"], { changed: false }],
  [
    ["broker", "list"],
    [{ brokerId: 1, isController: true, logBytes: 2_048 }, { brokerId: 2 }],
  ],
  [["broker", "describe", "2"], { brokerId: 2, dataFolder: "/data", port: 8_002 }],
  [["cluster", "elect-leaders"], [{ topic: "orders", partition: 0, leader: 1 }]],
  [["top", "--interval", "1ms"], { brokers: [{ brokerId: 1 }, {}], groups: [{ lag: 50 }] }],
])("%j speaks every form", async (words, expected) => {
  const json = await run([...words, "-o", "json"], OPERATED);
  const yaml = await run([...words, "-o", "yaml"], OPERATED);
  const lines = await run([...words, "-o", "ndjson"], OPERATED);

  expect(json.code).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject(expected);
  if (words[0] !== "top") expect(parse(yaml.stdout)).toMatchObject(expected);
  for (const line of lines.stdout.trimEnd().split("\n")) JSON.parse(line);
  for (const form of ["csv", "name", "wide", "table"]) {
    expect(await run([...words, "-o", form], OPERATED)).toMatchObject({ code: 0 });
  }
});

test("settings of a broker that is not there are taken, and that is said", async () => {
  const absent = await run(["config", "set", "broker", "9", "a=b"], OPERATED);
  const present = await run(["config", "set", "broker", "2", "a=b"], OPERATED);

  expect(absent).toMatchObject({ code: 0 });
  expect(absent.stderr).toContain("broker 9 is not there");
  expect(present.stderr).not.toContain("is not there");
});

test.each([
  [["broker", "list", "-o", "wide"], /KAFKA/],
  [["broker", "describe", "2"], /^for Kafka /m],
])("%j tells where Kafka clients connect", async (words, title) => {
  const { stdout } = await run(words, OPERATED);

  expect(stdout).toMatch(title);
  expect(stdout).toContain("broker:9092,EXTERNAL://[::1]:9094");
});

test.each(["--bootstrap", "ZOOLOG_BOOTSTRAP"])("hosts alone in %s are at port 8092", async (by) => {
  const hosts = "first, second";
  const flag = by === "--bootstrap" ? [by, hosts] : [];
  const answers = quietCluster();

  const { brokers, code } = await run(
    ["broker", "list", ...flag],
    answers,
    "",
    flag.length === 0 ? { [by]: hosts } : {},
  );

  expect(code).toBe(0);
  expect(brokers.requests[0]?.brokerId).toBe(92);
});

test("cluster info tells where Kafka clients connect", async () => {
  const quiet = quietCluster();
  const kafka = { listener: "KAFKA", host: "kafka.example", port: 9_092 };

  const { stdout } = await run(["cluster", "info"], {
    ...quiet,
    "describe-cluster": (...asked) => {
      const described = quiet["describe-cluster"]!(...asked);
      const [first, ...others] = described.brokers;
      return { ...described, brokers: [{ ...first!, endpoints: [kafka] }, ...others] };
    },
  });

  expect(stdout).toMatch(/BROKER +ADDRESS +KAFKA +RACK +ROLE/);
  expect(stdout).toContain("kafka.example:9092");
});

test("topic describe has the size of each replica and offsets of the leader", async () => {
  const json = await run(["topic", "describe", "orders", "-o", "json"]);
  const table = await run(["topic", "describe", "orders"]);

  expect(JSON.parse(json.stdout)).toMatchObject({
    partitions: [
      {
        logStartOffset: 100,
        sizeBytes: 1_000,
        replicaSizes: [
          { brokerId: 1, sizeBytes: 1_000 },
          { brokerId: 2, sizeBytes: 2_000 },
        ],
      },
      { sizeBytes: 2_000 },
    ],
  });
  expect(table.stdout).toContain("all replicas  5.9 KiB");
});

test.each<[string[], number, string]>([
  [["topic", "alter", "orders"], 2, "nothing to change was named"],
  [["topic", "trim", "orders", "--before", "end"], 2, "deletes 150 records for good"],
  [["topic", "trim", "orders"], 2, "required option '--before <where>' not specified"],
  [["topic", "trim", "orders", "--before", "500", "-y"], 1, "beyond the end of orders-0"],
  [["topic", "alter", "orders", "--set", "a=1"], 2, "Settings of topics are given with -c"],
  [
    ["topic", "alter", "orders", "--partitions", "6"],
    2,
    "zoolog topic partitions add TOPIC --total",
  ],
  [["topic", "offsets", "orders", "--at", "noon"], 2, '--at "noon" is no time'],
  [["topic", "partitions", "add", "orders", "3"], 2, "is 3 the total, or how many more?"],
  [["topic", "partitions", "add", "orders"], 2, "how many partitions was not said"],
  [["topic", "partitions", "add", "orders", "--total", "0"], 2, "--total must be a whole number"],
  [["topic", "partitions", "add", "orders", "--total", "6"], 2, "from 2 partitions → 6 for good"],
  [["config", "get", "planet", "orders"], 2, "type must be one of topic, broker"],
  [["config", "get", "broker", "one"], 2, '"one" is no broker'],
  [["config", "get", "topic", "orders", "retention.m"], 2, "topics have no setting retention.m"],
  [["config", "set", "topic", "orders", "retention.ms"], 2, "takes name=value"],
  [["broker", "describe", "9"], 3, "broker 9 is not there; live: 1, 2"],
  [["cluster", "elect-leaders", "--unclean", "-y"], 2, "--unclean gives up acknowledged records"],
  [["cluster", "elect-leaders", "--unclean", "-t", "orders:0"], 2, "nobody can be asked here"],
  [["get", "orders", "0", "999"], 3, "orders-0 has no record at offset 999; it has 100 to 199"],
  [["dev", "--http-port", "9092"], 2, "--http-port 9092 and --kafka-port 9092 overlap"],
  [["dev", "--brokers", "3", "--kafka-port", "8094"], 2, "--http-port 8092 and --kafka-port 8094"],
  [["dev", "--kafka-port", "2181"], 2, "--kafka-port 2181 and --zookeeper-port 2181 overlap"],
  [["broker", "lst"], 2, "Did you mean zoolog broker list?"],
  [["consume"], 2, "missing required argument 'topics'"],
  [["consume", "a", "b"], 2, "several topics, --pattern, --from"],
  [["consume", "a", "--from", "start"], 2, "need --group"],
  [["consume", "a", "--group", ""], 2, "a group's name has 1 to 249 characters"],
  [["consume", "a", "-g", "g", "--instance-id", ""], 2, "--instance-id must not be empty"],
  [["consume", "--pattern", "(", "-g", "g"], 2, '--pattern must be a regular expression, not "("'],
  [["consume", "--pattern", "", "-g", "g"], 2, "in quotes; the whole name has to match"],
  [["topic", "list", "--bootstrap", ","], 2, "names no broker"],
  [["consume", "a", "--assignor", "range"], 2, "--protocol and --assignor need --group"],
  [
    ["consume", "a", "-g", "g", "--assignor", "fair"],
    2,
    "--assignor must be one of uniform, range",
  ],
  [["consume", "a", "-g", "g", "--assignor", "sticky"], 2, "sticky needs --protocol classic"],
  [["consume", "a", "-g", "g", "--assignor", "range,uniform"], 2, "needs --protocol classic"],
  [
    ["consume", "a", "-g", "g", "--protocol", "classic", "--assignor", "uniform"],
    2,
    "--assignor uniform is the coordinator's",
  ],
  [["consume", "a", "--group", "g", "--tail", "3"], 2, "--group goes on where the group is"],
  [
    ["consume", "a", "--group", "g", "--pattern", "b"],
    2,
    "topics and --pattern exclude each other",
  ],
  [["consume", "a", "--group", "g", "--from", "5"], 2, "--from is start, end or a time"],
  [["group", "lag", "--watch", "-o", "csv"], 2, "--watch and -o csv exclude each other"],
])("%j is refused with %i, in words", async (words, code, message) => {
  const refused = await run(words, OPERATED);

  expect(refused).toMatchObject({ code });
  expect(refused.stderr).toContain(message);
  expect(refused.stderr).toMatch(/^try: {3}\S/m);
});

test("what was meant is named: a setting, and the wrong name of one", async () => {
  const misspelt = await run(["config", "get", "topic", "orders", "retention.m"], OPERATED);
  const refused = await run(["config", "set", "topic", "orders", "x=1"], {
    ...OPERATED,
    "alter-configs": () => {
      throw new ZoologError({ code: "INVALID_CONFIG", message: "no x", hint: "Did you mean y?" });
    },
  });

  expect(misspelt.stderr).toContain("Did you mean retention.ms?");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain("try:   Did you mean y?");
});

test.each([
  [["help", "nope"], "error: unknown command 'nope'", "tells more."],
  [["help", "topc"], "error: unknown command 'topc'", "Did you mean topic?"],
  [["help", "topic", "creat"], "error: unknown command 'creat'", "Did you mean create?"],
  [["topic", "help", "nope"], "error: unknown command 'nope'", "`zoolog topic --help`"],
  [["help", "topic", "create", "x"], "error: unknown command 'x'", "`zoolog topic create --help`"],
])("%j is wrong usage, as the command itself is", async (words, what, hint) => {
  const { code, stderr, stdout } = await run(words);

  expect(code).toBe(2);
  expect(stderr).toContain(what);
  expect(stderr).toContain(hint);
  expect(stdout).toBe("");
});

test.each([
  [["help"], "Usage: zoolog "],
  [["help", "topic"], "Usage: zoolog topic "],
  [["help", "topic", "create"], "Usage: zoolog topic create "],
  [["topic", "help", "create"], "Usage: zoolog topic create "],
])("%j shows help", async (words, usage) => {
  const { code, stdout } = await run(words);

  expect(code).toBe(0);
  expect(stdout).toContain(usage);
});

test("changes are sent as they were meant", async () => {
  const { brokers } = await run(
    ["topic", "alter", "orders", "-c", "a=1", "--unset", "b", "--validate-only"],
    OPERATED,
  );

  expect(sent(brokers, "alter-configs")).toMatchObject([
    {
      validateOnly: true,
      resources: [
        {
          type: "topic",
          name: "orders",
          changes: [
            { name: "a", operation: "set", value: "1" },
            { name: "b", operation: "delete" },
          ],
        },
      ],
    },
  ]);
});

test("an election that leaves a partition without leader is a failure that names the way out", async () => {
  const { code, stderr, stdout } = await run(["cluster", "elect-leaders", "-o", "json"], {
    ...quietCluster(),
    "elect-leaders": () => ({
      topics: [
        {
          topic: "orders",
          partitions: [
            {
              partition: 0,
              error: { code: "ELIGIBLE_LEADERS_NOT_AVAILABLE", message: "nobody is in sync" },
            },
          ],
        },
      ],
    }),
  });

  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toHaveLength(1);
  expect(JSON.parse(stderr.trim().split("\n").at(-1) ?? "")).toMatchObject({
    error: { code: "ELIGIBLE_LEADERS_NOT_AVAILABLE" },
  });
});

test("unset says what holds now, unless who answers does not know it yet", async () => {
  const words = ["config", "unset", "topic", "orders", "segment.bytes", "retention.ms"];

  const { code, stderr } = await run(words, OPERATED);

  expect(code).toBe(0);
  expect(stderr).toContain("segment.bytes is 1073741824 now (default)");
  expect(stderr).not.toContain("retention.ms is");
});

test("trim shows its plan also where it is refused for want of --yes", async () => {
  const { code, stderr } = await run(["topic", "trim", "orders", "--before", "end"], OPERATED);

  expect(code).toBe(2);
  expect(stderr).toMatch(/PARTITION +START +NEW START +END +DELETES\n/);
});
