/** The real command in a process of its own: what it prints where, and how it ends. */
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import {
  type BrokerProcess,
  freeTcpPorts,
  startBrokerProcess,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";
import {
  buildCommandLine,
  type CliOptions,
  killLeftOvers,
  startZoolog,
  zoolog,
} from "./cli-process.ts";

let folder: TemporaryFolder;
let broker: BrokerProcess;
let topics = 0;

beforeAll(async () => {
  await buildCommandLine();
  folder = await temporaryFolder();
  broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: `${folder.path}/broker` },
  });
});
afterEach(killLeftOvers);
afterAll(async () => {
  await broker.kill("SIGTERM");
  await folder.remove();
});

/** With the test's broker to talk to. */
const z = (words: readonly string[], options: CliOptions = {}) =>
  zoolog(words, { ...options, env: { ZOOLOG_BOOTSTRAP: broker.url, ...options.env } });

async function newTopic(...more: string[]): Promise<string> {
  topics += 1;
  const name = `cli-${topics}`;
  expect(await z(["topic", "create", name, ...more])).toMatchObject({ code: 0 });
  return name;
}

const ESCAPE = "\u001b";

describe("the command itself", () => {
  test("--help and no words at all are answers on stdout", async () => {
    const help = await zoolog(["--help"]);
    const none = await zoolog([]);

    expect(help).toMatchObject({ code: 0, stderr: "" });
    expect(help.stdout).toContain("Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not found");
    expect(none).toMatchObject({ code: 0, stderr: "", stdout: help.stdout });
    expect(help.stdout).not.toContain("default: false");
  });

  test.each([
    [["frobnicate"], "unknown command 'frobnicate'"],
    [["topic"], "Usage: zoolog topic"],
    [["topic", "list", "--frob"], "unknown option '--frob'"],
    [["topic", "create"], "missing required argument 'topic'"],
    [
      ["topic", "list", "-o", "xml"],
      "--output must be one of table, wide, json, ndjson, yaml, csv, name",
    ],
    [["consume", "t", "-n", "0"], "--count must be a whole number"],
    [["consume", "t", "-b", "--tail", "3"], "exclude each other"],
    [["consume", "t", "--offsets", "0:2", "-f"], "has an end, and --follow goes on for ever"],
    [["consume", "t", "--offsets", "9:5"], "it ends before it begins"],
    [["consume", "t", "--offsets", "yesterday"], "does not say where to read"],
    [["consume", "t", "--format", "%q"], "there is no %q"],
    [["produce", "t", "--acks", "2"], "--acks must be none, leader or all (or 0, 1, -1)"],
    [["bench", "produce", "--acks", "toString"], "--acks must be none, leader or all"],
    [["topicc"], "try:   Did you mean topic? `zoolog --help` tells more."],
    [["create", "topic", "t"], "try:   Did you mean zoolog topic create? `zoolog --help`"],
    [["topic", "creat", "t"], "try:   Did you mean create? `zoolog topic --help` tells more."],
    [["consume", "t", "--folow"], "try:   Did you mean --follow?"],
    [["topic", "list", "--frob"], "try:   `zoolog topic list --help` tells more."],
    [["dev", "--log.flush", "fsync"], "try:   It is a setting: write --set log.flush=fsync."],
    [["broker", "--num-partitions=3"], "try:   It is a setting: write --set num.partitions=3."],
    [["topic", "create", "t", "--retention.ms"], "write --config retention.ms=VALUE."],
    [["produce", "t", "--key", "a", "--key-separator", ":"], "cannot be used with"],
    [["dev", "--data", "x", "--ephemeral"], "cannot be used with"],
    [["topic", "create", "../etc"], "is no topic name"],
    [["produce", "a b"], "is no topic name"],
    [["topic", "create", "t", "-c", "retention"], "takes name=value"],
    [["topic", "create", "t", "-c", "foo=bar"], "foo"],
    [["--bootstrap", "ftp://x", "topic", "list"], "must be URLs"],
  ])("%j is wrong usage: exit code 2, nothing on stdout", async (words, what) => {
    const result = await z(words);

    expect(result).toMatchObject({ code: 2, stdout: "" });
    expect(result.stderr).toContain(what);
    // A group of commands alone is answered with its help.
    if (!result.stderr.startsWith("Usage:")) expect(result.stderr).toMatch(/^try: {3}\S/m);
  });

  test("where no broker is, three lines say what, why and what next", async () => {
    const [port] = await freeTcpPorts(1);

    const result = await zoolog(["topic", "list", "--bootstrap", `127.0.0.1:${port}`]);

    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr.trimEnd().split("\n")).toEqual([
      `error: no broker answers at http://127.0.0.1:${port}`,
      `why:   connect ECONNREFUSED 127.0.0.1:${port}`,
      expect.stringMatching(/^try: {3}Name one that runs \(--bootstrap .*`zoolog dev`/),
    ]);
  });

  test.each<[string[], string, number, object]>([
    [["topic", "list", "--frob"], "json", 2, { code: "USAGE", hint: expect.any(String) }],
    [["topic"], "json", 2, { code: "USAGE", message: "zoolog topic needs a command" }],
    [["consume", "t", "-n", "0"], "ndjson", 2, { code: "USAGE", retriable: false }],
    [
      ["topic", "describe", "nope"],
      "ndjson",
      3,
      { code: "UNKNOWN_TOPIC_OR_PARTITION", retriable: true, hint: expect.any(String) },
    ],
  ])("%j with -o %s fails with one line of JSON on stderr", async (words, format, code, error) => {
    const result = await z([...words, "-o", format]);

    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(result.stderr)).toMatchObject({ error });
  });

  test("a broker that does not answer costs the time given and exit code 5", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };

    const url = `http://127.0.0.1:${port}`;
    const result = await zoolog(["topic", "list", "--bootstrap", url, "--timeout", "300ms"]);

    expect(result).toMatchObject({ code: 5, stdout: "" });
    expect(result.stderr).toContain("--timeout");
    expect(result.stderr).not.toContain("timeoutMs");
    const create = ["topic", "create", "t", "--bootstrap", url, "--timeout", "0.3"];
    expect((await zoolog(create)).stderr).toContain("try:   It may still go through");
    silent.close();
  });

  test("nothing is coloured in a pipe unless asked, and --debug shows the stack", async () => {
    const plain = await z(["topic", "describe", "nope"]);
    const painted = await z(["topic", "describe", "nope", "--color", "always", "--debug"]);

    expect(plain.stderr).not.toContain(ESCAPE);
    expect(painted.stderr).toContain(`${ESCAPE}[31merror:`);
    expect(painted.stderr).toMatch(/\n.*at .*\.js:\d+/);
  });

  test.each(["bash", "zsh"])("the %s completion is a script that bash can read", async (shell) => {
    const { stdout } = await zoolog(["completion", shell]);
    const file = `${folder.path}/completion`;
    await writeFile(file, stdout.replace("autoload -U +X bashcompinit && bashcompinit", ""));

    const { execFileSync } = await import("node:child_process");
    const completed = (words: string): string[] => {
      const probe = `source ${file}; COMP_WORDS=(${words}); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); _zoolog; echo "\${COMPREPLY[@]}"`;
      return execFileSync("bash", ["-c", probe], { encoding: "utf8" }).trim().split(" ").sort();
    };

    expect(completed("zoolog topic de")).toEqual(["delete", "describe"]);
    expect(completed("zoolog produce t -z g")).toEqual(["gzip"]);
    expect(completed("zoolog topic list --output n")).toEqual(["name", "ndjson"]);
  });
});

describe("every command speaks JSON", () => {
  test.each<[string[], unknown]>([
    [["version"], { zoolog: expect.any(String), node: expect.any(String) }],
    [["cluster", "info"], { brokers: [expect.anything()], offlinePartitionCount: 0 }],
    [["topic", "list"], expect.any(Array)],
    [["topic", "create", "json-topic"], { topic: "json-topic", created: true }],
    [["topic", "create", "json-topic", "--if-not-exists"], { partitions: 1, created: false }],
    [["topic", "create", "other", "--validate-only"], { topic: "other", created: false }],
    [["topic", "describe", "json-topic"], { topic: "json-topic", partitions: [{ partition: 0 }] }],
    [["produce", "json-topic"], { topic: "json-topic", records: 2 }],
    [
      ["consume", "json-topic", "-b", "-e"],
      [{ value: "a" }, { value: "b" }],
    ],
    [["bench", "produce", "--records", "50", "--size", "10"], { bench: "produce", records: 50 }],
    [["completion", "fish"], { shell: "fish" }],
    [["topic", "delete", "json-topic", "--yes"], [{ topic: "json-topic" }]],
  ])("%j", async (words, expected) => {
    const result = await z([...words, "-o", "json"], { input: "a\nb\n" });

    expect(result.code).toBe(0);
    const parsed = JSON.parse(result.stdout);
    if (typeof expected === "object") expect(parsed).toMatchObject(expected as object);
    else expect(parsed).toEqual(expected);
  });

  test("ndjson is one document per line", async () => {
    await newTopic();
    const { stdout } = await z(["topic", "list", "-o", "ndjson"]);

    const lines = stdout.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).topic)).toEqual(
      expect.arrayContaining([`cli-${topics}`]),
    );
  });
});

describe("topics", () => {
  test("are created, listed, described and deleted; talk goes to stderr", async () => {
    const name = await newTopic("-p", "3", "-c", "retention.ms=60000");

    const list = await z(["topic", "list"]);
    const describe = await z(["topic", "describe", name]);
    const gone = await z(["topic", "delete", name, "--yes"]);
    const missing = await z(["topic", "describe", name]);

    expect(list.stdout).toMatch(new RegExp(`^${name} +3 +1 +0 +0 B$`, "m"));
    expect(describe.stdout).toMatch(/retention\.ms +60000 \(topic\)/);
    expect(gone).toMatchObject({ code: 0, stdout: "", stderr: `topic ${name} deleted\n` });
    expect(missing).toMatchObject({ code: 3, stdout: "" });
  });

  test("deletion needs --yes where nobody can be asked", async () => {
    const name = await newTopic();

    const refused = await z(["topic", "delete", name]);

    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain("try:   Add --yes");
    expect(await z(["topic", "describe", name])).toMatchObject({ code: 0 });
  });

  test("a topic that exists is an error, or none with --if-not-exists", async () => {
    const name = await newTopic();

    expect(await z(["topic", "create", name])).toMatchObject({ code: 1, stdout: "" });
    expect(await z(["topic", "create", name, "--if-not-exists"])).toMatchObject({ code: 0 });
  });

  test("an existing topic that differs from what was asked for is worth a warning", async () => {
    const name = await newTopic("-p", "3");

    const words = ["-p", "7", "-r", "1", "-c", "retention.ms=60000", "--if-not-exists"];
    const { code, stderr } = await z(["topic", "create", name, ...words]);

    expect(code).toBe(0);
    expect(stderr).toContain("warning: it has partitions 3, not 7; nothing was changed\n");
    expect(stderr).toMatch(/warning: it has retention\.ms \d+, not 60000/);
    expect(stderr).not.toContain("replication factor");
  });

  test("what the cluster's state refuses is a failure, exit code 1", async () => {
    const name = await newTopic();
    const like = `${name}.x`;
    await z(["topic", "create", like]);
    const input = "x".repeat(2_000);

    const results = [
      await z(["topic", "create", name]),
      await z(["topic", "create", like.replaceAll(".", "_")]),
      await z(["produce", name, "--max-bytes", "1k"], { input }),
      await z(["produce", name, "--max-bytes", "1k", "-i", "raw"], { input }),
    ];

    expect(results.map(({ code }) => code)).toEqual([1, 1, 1, 1]);
    for (const { stderr } of results) expect(stderr).toMatch(/^try: {3}\S/m);
  });

  test("a topic that is not there is asked for by the name that was probably meant", async () => {
    await z(["topic", "create", "greetings-of-the-day"]);

    for (const words of [
      ["topic", "describe", "greeting-of-the-day"],
      ["topic", "delete", "greetings-of-teh-day", "--yes"],
      ["consume", "greetings.of.the.day", "-e"],
      ["produce", "greatings-of-the-day"],
      ["bench", "fetch", "--topic", "greetings-of-the-dy", "--records", "1"],
    ]) {
      const { code, stderr } = await z(words, { input: "a\n" });
      expect({ words, code }).toEqual({ words, code: 3 });
      expect(stderr).toContain("try:   Did you mean greetings-of-the-day?");
    }
  });

  test("more replicas than brokers are refused in words", async () => {
    const { code, stderr } = await z(["topic", "create", "wide", "-r", "3"]);

    expect(code).toBe(1);
    expect(stderr).toContain("replication factor 3 needs 3 brokers, there is 1");
    expect(stderr).toContain("try:   Each replica needs a broker of its own");
  });

  test("--validate-only creates nothing", async () => {
    expect(await z(["topic", "create", "never", "--validate-only"])).toMatchObject({ code: 0 });
    expect(await z(["topic", "describe", "never"])).toMatchObject({ code: 3 });
  });
});

describe("produce and consume", () => {
  test("every line of a large file comes out once, in order per partition, byte for byte", async () => {
    const name = await newTopic("-p", "3");
    const lines = Array.from({ length: 100_000 }, (_, index) => `${index} \u00e4\r`);
    const file = `${folder.path}/lines.txt`;
    await writeFile(file, lines.join("\n"));

    const produced = await z(["produce", name, file, "-o", "json"]);
    const consumed = await z(["consume", name, "-b", "-e", "-F", "%p %o %s\\n"]);

    expect(JSON.parse(produced.stdout)).toMatchObject({ records: 100_000 });
    const read = consumed.stdout.split("\n").slice(0, -1);
    expect(read).toHaveLength(100_000);
    const values = [0, 1, 2].map((partition) => {
      const own = read.filter((line) => line.startsWith(`${partition} `));
      expect(own.map((line) => Number(line.split(" ")[1]))).toEqual(own.map((_, index) => index));
      return own.map((line) => line.split(" ").slice(2).join(" "));
    });
    for (const [partition, own] of values.entries()) {
      expect(own).toEqual(lines.filter((_, index) => index % 3 === partition));
    }
  });

  test("keys, headers, partitions and tombstones survive a round trip through ndjson", async () => {
    const from = await newTopic();
    const to = await newTopic();
    const input = [
      '{"key":"k","value":"v","headers":{"a":"1"},"timestamp":1700000000000}',
      '{"key":"k","value":null}',
      '{"value":{"base64":"/wA="},"headers":[{"key":"h","value":null}]}',
    ].join("\n");

    await z(["produce", from, "--input", "ndjson"], { input });
    const first = await z(["consume", from, "-b", "-e", "-o", "ndjson"]);
    await z(["produce", to, "--input", "ndjson"], { input: first.stdout });
    const second = await z(["consume", to, "-b", "-e", "-o", "ndjson"]);

    const parse = (text: string) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => ({ ...JSON.parse(line), topic: undefined }));
    expect(parse(second.stdout)).toEqual(parse(first.stdout));
    expect(parse(first.stdout)).toMatchObject([
      { key: "k", value: "v", headers: [{ key: "a", value: "1" }], timestamp: 1_700_000_000_000 },
      { key: "k", value: null },
      { key: null, value: { base64: "/wA=" }, headers: [{ key: "h", value: null }] },
    ]);
  });

  test("options give every record its key, headers and partition", async () => {
    const name = await newTopic("-p", "2");

    const words = [
      "produce",
      name,
      "-k",
      "key",
      "-H",
      "a=1",
      "-H",
      "b=x=y",
      "-p",
      "1",
      "-z",
      "gzip",
    ];
    await z(words, { input: "one\ntwo" });
    const { stdout } = await z(["consume", name, "-b", "-e", "-F", "%p %k %h %s\\n"]);

    expect(stdout).toBe("1 key a=1,b=x=y one\n1 key a=1,b=x=y two\n");
  });

  test("a whole file can be one record", async () => {
    const name = await newTopic();
    const input = "line 1\nline 2\n";

    await z(["produce", name, "-", "--input", "raw"], { input });
    const { stdout } = await z(["consume", name, "-b", "-e", "-F", "%S:%s"]);

    expect(stdout).toBe(`14:${input}`);
  });

  test.each<[string[], string]>([
    [["--offsets", "start", "-e"], "0 1 2 3 4 5"],
    [["--offsets", "4"], "4 5"],
    [["--offsets", "-2"], "4 5"],
    [["--offsets", "+5"], "5"],
    [["--offsets", "1:3"], "1 2"],
    [["--offsets", "@3000"], "3 4 5"],
    [["--offsets", "@1970-01-01T00:00:04Z:"], "4 5"],
    [["--offsets", "end", "-e"], ""],
    [["--tail", "3"], "3 4 5"],
    [["-b", "-n", "2"], "0 1"],
    [["-b", "-e", "-p", "0"], "0 1 2 3 4 5"],
  ])("consume %j", async (words, expected) => {
    const name = await newTopic();
    const input = [0, 1, 2, 3, 4, 5]
      .map((n) => JSON.stringify({ value: `${n}`, timestamp: n * 1_000 }))
      .join("\n");
    await z(["produce", name, "--input", "ndjson"], { input });

    const { code, stdout } = await z(["consume", name, ...words, "-F", "%s "]);

    expect({ code, stdout: stdout.trimEnd() }).toEqual({ code: 0, stdout: expected });
  });

  test("--tail takes the newest of all partitions, by time", async () => {
    const name = await newTopic("-p", "3");
    const input = Array.from({ length: 30 }, (_, n) =>
      JSON.stringify({ value: `${n}`, timestamp: n, partition: n < 20 ? 0 : 1 + (n % 2) }),
    ).join("\n");
    await z(["produce", name, "--input", "ndjson"], { input });

    const { stdout } = await z(["consume", name, "--tail", "12", "-F", "%s "]);

    expect(stdout.trimEnd()).toBe("18 19 20 21 22 23 24 25 26 27 28 29");
  });

  test("following prints what comes, and Ctrl-C ends it with a summary and what to type next", async () => {
    const name = await newTopic();
    await z(["produce", name], { input: "before\n" });
    const env = { ZOOLOG_BOOTSTRAP: broker.url };
    const following = startZoolog(["consume", name, "--tail", "1", "--follow"], { env });

    await following.prints("before\n");
    await z(["produce", name], { input: "after\n" });
    await following.prints("before\nafter\n");
    following.child.kill("SIGINT");
    const result = await following.result;

    expect(result).toMatchObject({ code: 0, stdout: "before\nafter\n" });
    expect(result.stderr).toMatch(/^2 records, 13 B from cli-\d+, \d+ records\/s\n/);
    expect(result.stderr).toContain("next offsets: 0:2");
    expect(result.stderr).toContain(`zoolog consume ${name} --partition 0 --offsets 2 --follow`);
  });

  test("a reader that goes away ends the command quietly", async () => {
    const name = await newTopic();
    await z(["produce", name], { input: "some text\n".repeat(50_000) });
    const consuming = startZoolog(["consume", name, "-b"], {
      env: { ZOOLOG_BOOTSTRAP: broker.url },
    });

    consuming.child.stdout.once("data", () => consuming.child.stdout.destroy());
    const { code, stderr } = await consuming.result;

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });

  test.each<[string[], string, number]>([
    [["produce", "nope"], "there is no topic nope", 3],
    [["consume", "nope", "-e"], "there is no topic nope", 3],
    [["produce", "nope", "/no/such/file"], "cannot read /no/such/file", 3],
    [["produce", "nope", "/"], "/ is a folder", 2],
    [["produce", "nope", "--input", "ndjson"], "line 1: this is not JSON", 2],
    [["produce", "nope", "--max-bytes", "3"], "line 1 has more than 3 bytes", 1],
  ])("%j fails with the reason", async (words, what, code) => {
    const name = await newTopic();
    const given = words[0] === "produce" && !what.includes("no topic") ? name : "nope";

    const result = await z([words[0]!, given, ...words.slice(2)], { input: "hello" });

    expect(result).toMatchObject({ code, stdout: "" });
    expect(result.stderr).toContain(what);
  });

  test.each(["none", "leader", "all", "0", "1", "-1"])("--acks %s is understood", async (acks) => {
    const name = await newTopic();

    const produced = await z(["produce", name, `--acks=${acks}`], { input: "a\n" });
    const measured = await z(["bench", "produce", `--acks=${acks}`, "--records", "1"]);

    expect([produced.code, measured.code]).toEqual([0, 0]);
  });

  test("an offset beyond the end is worth a warning, an empty log is not", async () => {
    const name = await newTopic("-p", "2");
    await z(["produce", name, "-p", "0"], { input: "a\nb\n" });

    const beyond = await z(["consume", name, "--offsets", "99"]);
    const inOne = await z(["consume", name, "--offsets", "1"]);
    const inside = await z(["consume", name, "--offsets", "0"]);

    expect(beyond).toMatchObject({ code: 0, stdout: "" });
    expect(beyond.stderr).toMatch(
      /^warning: offset 99 is beyond the end of partitions 0 \(at 2\), 1 \(at 0\)\n/,
    );
    expect(inOne).toMatchObject({ stdout: "b\n" });
    expect(inOne.stderr).toMatch(/^warning: offset 1 is beyond the end of partition 1 \(at 0\)\n/);
    expect(inside.stderr).not.toContain("warning");
  });

  test("an offset that is not there is an error", async () => {
    const name = await newTopic();
    await z(["produce", name], { input: "a\n" });

    const result = await z(["consume", name, "--offsets", "99", "--follow"]);

    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toContain(`${name}-0 has no offset 99`);
  });

  test.each(["produce", "fetch", "e2e"])("bench %s measures and cleans up", async (what) => {
    const words = ["bench", what, "--records", "500", "--size", "100", "-o", "json"];

    const result = await z(words);

    expect(result.code).toBe(0);
    const measured = JSON.parse(result.stdout);
    expect(measured).toMatchObject({ bench: what, records: 500 });
    expect(await z(["topic", "describe", measured.topic])).toMatchObject({ code: 3 });
  });
});

describe("log dump", () => {
  test("shows batches, records and index entries of what a broker wrote", async () => {
    const name = await newTopic();
    await z(["produce", name, "-k", "key"], { input: "a\nb\n" });
    const path = `${folder.path}/broker/broker-1/${name}-0`;

    const people = await zoolog(["log", "dump", path, "--values"]);
    const json = await zoolog(["log", "dump", path, "--deep", "-o", "json"]);
    const missing = await zoolog(["log", "dump", `${path}-nope`]);
    const other = await zoolog(["log", "dump", `${path}/partition.metadata`]);

    expect(people).toMatchObject({ code: 0, stderr: "" });
    expect(people.stdout).toMatch(
      /baseOffset: 0 lastOffset: 1 count: 2 position: 0 .*isValid: true/,
    );
    expect(people.stdout).toMatch(/\| offset: 1 .*key: key value: b/);
    expect(JSON.parse(json.stdout)).toEqual(
      expect.arrayContaining([expect.objectContaining({ kind: "batch", count: 2, isValid: true })]),
    );
    expect(missing).toMatchObject({ code: 3, stdout: "" });
    expect(other).toMatchObject({ code: 2, stdout: "" });
  });

  test("finds a flipped byte and a torn end", async () => {
    const name = await newTopic();
    await z(["produce", name], { input: "some text\nand more\n" });
    const segment = `${folder.path}/broker/broker-1/${name}-0/${"0".repeat(20)}.log`;
    const bytes = await readFile(segment);
    const copy = `${folder.path}/${"0".repeat(20)}.log`;

    const flipped = Buffer.from(bytes);
    flipped[flipped.length - 3]! ^= 1;
    await writeFile(copy, flipped);
    const corrupt = await zoolog(["log", "dump", copy]);
    await writeFile(copy, bytes.subarray(0, bytes.length - 3));
    const torn = await zoolog(["log", "dump", copy]);

    expect(corrupt.code).toBe(1);
    expect(corrupt.stdout).toContain("the CRC of the batch at offset 0 is wrong");
    expect(torn.code).toBe(1);
    expect(torn.stdout).toContain("at the end are no whole batch");
    expect(torn.stderr).toContain("1 fault found");
  });

  test("takes no other program's .log files for segments", async () => {
    await writeFile(`${folder.path}/broker/npm-debug.log`, "not ours\n");

    const result = await zoolog(["log", "dump", `${folder.path}/broker`]);

    expect(result).toMatchObject({ code: 3, stdout: "" });
    expect(result.stderr).toContain("holds no segments");
  });

  test("shows what a record holds without letting it command the terminal", async () => {
    const name = await newTopic();
    await z(["produce", name], { input: `a${ESCAPE}[31m\tb\n` });

    const { stdout } = await zoolog([
      "log",
      "dump",
      `${folder.path}/broker/broker-1/${name}-0`,
      "--values",
    ]);

    expect(stdout).toContain("value: a\\x1b[31m\\x09b");
  });
});
