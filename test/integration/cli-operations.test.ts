/** Operators' commands as processes of their own, against three brokers: what each prints as JSON. */
import {
  type BrokerProcess,
  startBrokerProcess,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";
import { buildCommandLine, killLeftOvers, startZoolog, zoolog } from "./cli-process.ts";

let folder: TemporaryFolder;
let cluster: BrokerProcess;

beforeAll(async () => {
  await buildCommandLine();
  folder = await temporaryFolder();
  cluster = await startBrokerProcess({
    kind: "dev",
    options: {
      brokers: 3,
      httpPort: 0,
      kafkaPort: 0,
      zookeeperPort: 0,
      dataFolder: `${folder.path}/cluster`,
    },
  });
  expect(await z(["topic", "create", "orders", "--partitions", "2"])).toMatchObject({ code: 0 });
  const lines = Array.from({ length: 100 }, (_, index) => `line ${index}\n`).join("");
  expect(await z(["produce", "orders", "-p", "0"], lines)).toMatchObject({ code: 0 });
});
afterEach(killLeftOvers);
afterAll(async () => {
  await cluster.kill("SIGTERM");
  await folder.remove();
});

const z = (words: readonly string[], input = "") =>
  zoolog(words, { input, env: { ZOOLOG_BOOTSTRAP: cluster.url } });

async function json(...words: string[]): Promise<unknown> {
  const { code, stderr, stdout } = await z([...words, "-o", "json"]);
  if (code !== 0) throw new Error(`${words.join(" ")} ended with ${code}: ${stderr}`);
  return JSON.parse(stdout);
}

test("brokers, elections, doctor and top", async () => {
  expect(await json("broker", "list")).toMatchObject([{ brokerId: 1 }, { brokerId: 2 }, {}]);
  expect(await json("broker", "describe", "1")).toMatchObject({
    zookeeper: { state: "connected" },
  });
  expect(await json("cluster", "elect-leaders")).toEqual([]);
  expect(await json("doctor")).toMatchObject({ healthy: true });
  expect(await json("top", "--interval", "100ms")).toMatchObject({
    brokers: [{}, {}, {}],
    topics: [{ topic: "orders", records: 100 }],
  });
});

test("a topic that is not there is told also when there is nothing to produce", async () => {
  expect(await z(["produce", "order"])).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/no topic order\n.*Did you mean orders\?/),
  });
  expect(await z(["produce", "orders"])).toMatchObject({ code: 0 });
});

test("settings, partitions, offsets, a record, trimming", async () => {
  await json("config", "set", "topic", "orders", "retention.ms=3600000");
  expect(await json("config", "get", "topic", "orders", "retention.ms")).toMatchObject([
    { value: "3600000", source: "topic", dynamic: true },
  ]);
  await json("topic", "alter", "orders", "--unset", "retention.ms");
  expect(await json("config", "get", "topic", "orders", "retention.ms")).toMatchObject([
    { source: "default" },
  ]);
  expect(await json("topic", "partitions", "add", "orders", "--more", "1", "-y")).toMatchObject({
    after: 3,
  });
  expect(await json("topic", "offsets", "orders", "--at", "-1h", "-p", "0")).toMatchObject([
    { start: 0, end: 100, offset: 0 },
  ]);
  expect(await json("get", "orders", "0", "42")).toMatchObject({ offset: 42, value: "line 42" });
  expect(await json("topic", "trim", "orders", "--before", "10", "-p", "0", "-y")).toMatchObject([
    { newStart: 10, records: 10 },
  ]);
  expect(await json("topic", "describe", "orders")).toMatchObject({
    partitions: [{ logStartOffset: 10, replicaSizes: [{}, {}, {}] }, {}, {}],
  });
});

test("with --exit a member ends at the ends of its partitions, and at once without any", async () => {
  await z(["topic", "create", "narrow", "-p", "1"]);
  await z(["produce", "narrow"], "one\ntwo\n");
  const consume = ["consume", "narrow", "--group", "narrow", "--from", "start"];
  const holder = startZoolog(consume, { env: { ZOOLOG_BOOTSTRAP: cluster.url } });
  await holder.says(/reads narrow-0/);

  const leftOut = await z([...consume, "--exit"]);
  holder.child.kill("SIGINT");
  await holder.result;
  await z(["produce", "narrow"], "three\n");
  const alone = await z([...consume, "--exit"]);
  await z(["group", "delete", "narrow", "-y"]);

  expect(leftOut).toMatchObject({ code: 0, stdout: "" });
  expect(leftOut.stderr).toContain("group narrow has no partition for this member");
  expect(alone).toMatchObject({ code: 0, stdout: "three\n" });
});

test.each(["range", "cooperative-sticky"])(
  "a classic member joins Kafka's consumers that assign by %s, as they come",
  async (assignor) => {
    const topic = `classic-${assignor}`;
    await z(["topic", "create", topic, "-p", "2"]);
    const consume = ["consume", topic, "-g", topic, "--from", "start", "--protocol", "classic"];
    const env = { ZOOLOG_BOOTSTRAP: cluster.url };
    const theirs = startZoolog([...consume, "--assignor", assignor], { env });
    await theirs.says(new RegExp(`reads .*${topic}-1`));

    const ours = startZoolog(consume, { env });
    await ours.says(/reads /);

    for (const member of [theirs, ours]) {
      member.child.kill("SIGINT");
      await member.result;
    }
    await z(["group", "delete", topic, "-y"]);
  },
);

test("who speaks another protocol than the group, or assigns by another assignor, is told the way in", async () => {
  await z(["topic", "create", "mixed", "-p", "1"]);
  const consume = ["consume", "mixed", "-g", "mixed", "--from", "start"];
  const classic = [...consume, "--protocol", "classic"];
  const member = startZoolog([...classic, "--assignor", "roundrobin"], {
    env: { ZOOLOG_BOOTSTRAP: cluster.url },
  });
  await member.says(/reads mixed-0/);

  const asConsumer = await z(consume);
  const byAnother = await z([...classic, "--assignor", "sticky,range"]);

  expect([asConsumer.code, byAnother.code]).toEqual([1, 1]);
  expect(asConsumer.stderr).toContain("add --protocol classic --assignor roundrobin");
  expect(byAnother.stderr).toContain("group mixed: the group's members have in common: roundrobin");
  expect(byAnother.stderr).toContain("--assignor roundrobin");
  member.child.kill("SIGINT");
  await member.result;
  await z(["group", "delete", "mixed", "-y"]);
});

test("a group reads, is refused while it does, is moved, exported, copied and deleted", async () => {
  const first = await z(["consume", "orders", "-g", "billing", "--from", "start", "-n", "20"]);
  expect(first.code).toBe(0);
  expect(await json("group", "lag", "billing")).toMatchObject([{ state: "empty", lag: 70 }]);

  const member = startZoolog(["consume", "orders", "--group", "billing"], {
    env: { ZOOLOG_BOOTSTRAP: cluster.url },
  });
  await member.says(/reads orders-0/);
  const refused = await z(["group", "reset", "billing", "--to-start", "--execute"]);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toMatch(/group billing is active: 1 member, \S+ at 127\.0\.0\.1/);
  expect(await json("group", "members", "billing")).toMatchObject([{ clientHost: "127.0.0.1" }]);
  expect(await json("group", "describe", "billing")).toMatchObject({ members: [{}] });
  member.child.kill("SIGINT");
  const left = await member.result;
  expect(left.stderr).toContain("go on with: zoolog consume orders --group billing");
  const printed = (first.stdout + left.stdout).trimEnd().split("\n");
  expect(new Set(printed).size).toBe(printed.length);

  const rewind = ["group", "reset", "billing", "--to-start", "-t", "orders:0"];
  expect(await json(...rewind)).toMatchObject([{ after: 10, executed: false }]);
  expect(await json(...rewind, "--execute")).toMatchObject([{ after: 10, executed: true }]);
  const saved = (await z(["group", "export", "billing"])).stdout;
  const copied = await z(["group", "import", "copy", "-", "--execute", "-o", "json"], saved);
  expect(JSON.parse(copied.stdout)).toMatchObject([{ topic: "orders", after: 10 }, {}, {}]);
  expect(await json("group", "list")).toMatchObject([{ group: "billing" }, { group: "copy" }]);
  expect(await json("group", "delete", "billing", "copy", "-y")).toHaveLength(2);
  expect(await json("group", "list")).toEqual([]);
});
