/** `zoolog dev`, `broker` and `zookeeper` as processes: starting, saying where, ending. */
import { once } from "node:events";
import { stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { freeTcpPorts, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";
import { buildCommandLine, killLeftOvers, startZoolog, zoolog } from "./cli-process.ts";

/** Less than what such a broker waits for, and plenty for a busy machine. */
const STARTS_GIVE_UP_MS = 5_000;

let folder: TemporaryFolder;

beforeAll(buildCommandLine, 120_000);
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  await killLeftOvers();
  await folder.remove();
});

const start = (words: readonly string[], env: Record<string, string> = {}) =>
  startZoolog(words, { cwd: folder.path, env });

/** What a server prints for programs once it is ready. */
async function ready(server: ReturnType<typeof startZoolog>): Promise<Record<string, unknown>> {
  const text = await new Promise<string>((resolve, reject) => {
    server.child.stdout.once("data", (chunk) => resolve(String(chunk)));
    void server.result.then(({ stderr }) => reject(new Error(stderr)));
  });
  return JSON.parse(text);
}

const anyPorts = ["--http-port", "0", "--kafka-port", "0", "--zookeeper-port", "0", "-o", "ndjson"];

test.each(["SIGINT", "SIGTERM"] as const)(
  "dev says where it listens and what to type next, and ends with 0 on %s",
  async (signal) => {
    const server = start(["dev", "--ephemeral", ...anyPorts]);
    const { brokers, dataFolder } = (await ready(server)) as {
      brokers: string[];
      dataFolder: string;
    };
    const said = await server.says(/Ctrl-C/);
    const env = { ZOOLOG_BOOTSTRAP: brokers[0]! };
    await zoolog(["topic", "create", "t"], { env });
    await zoolog(["produce", "t"], { env, input: "hello\n" });
    const { stdout } = await zoolog(["consume", "t", "-b", "-e"], { env });

    server.child.kill(signal);
    const { code } = await server.result;

    expect(said).toContain(brokers[0]);
    expect(said).toContain("npx zoolog topic create orders");
    expect(stdout).toBe("hello\n");
    expect(code).toBe(0);
    await expect(stat(dataFolder)).rejects.toMatchObject({ code: "ENOENT" });
  },
);

test("dev with fewer brokers than its folder has says which are not there, and how to start them", async () => {
  const whole = start(["dev", "--brokers", "3", ...anyPorts]);
  await ready(whole);
  whole.child.kill("SIGTERM");
  const first = await whole.result;

  const part = start(["dev", "--brokers", "1", ...anyPorts]);
  const said = await part.says(/Ctrl-C/);

  expect(first.stderr).not.toContain("not started");
  expect(said).toMatch(/^brokers 2, 3 of .*zoolog-data are not started:/m);
  expect(said).toContain("all of them by --brokers 3;");
});

test("dev keeps its data in ./zoolog-data, also through a kill -9", async () => {
  const first = start(["dev", ...anyPorts]);
  const env = { ZOOLOG_BOOTSTRAP: ((await ready(first)) as { brokers: string[] }).brokers[0]! };
  await zoolog(["topic", "create", "t", "-p", "2"], { env });
  const lines = Array.from({ length: 5_000 }, (_, index) => `line ${index}`);
  await zoolog(["produce", "t"], { env, input: lines.join("\n") });
  const before = await zoolog(["consume", "t", "-b", "-e", "-F", "%p:%o %s\\n"], { env });

  first.child.kill("SIGKILL");
  await first.result;
  const second = start(["dev", ...anyPorts]);
  const again = { ZOOLOG_BOOTSTRAP: ((await ready(second)) as { brokers: string[] }).brokers[0]! };
  const after = await zoolog(["consume", "t", "-b", "-e", "-F", "%p:%o %s\\n"], { env: again });

  const sorted = (text: string) => text.trimEnd().split("\n").sort();
  expect(sorted(after.stdout)).toEqual(sorted(before.stdout));
  expect(sorted(after.stdout)).toHaveLength(5_000);
  await expect(stat(`${folder.path}/zoolog-data`)).resolves.toBeDefined();
});

test("a busy port is told by its number, with the flag to choose another", async () => {
  const ports = (await freeTcpPorts(4)).map(String);
  const [zookeeperPort, httpPort, kafkaPort, spare] = ports as [string, string, string, string];
  const dev = (http: string, kafka: string, zookeeper: string) => [
    ...["dev", "--ephemeral", "--http-port", http, "--kafka-port", kafka],
    ...["--zookeeper-port", zookeeper],
  ];
  await ready(start([...dev(httpPort, kafkaPort, zookeeperPort), "-o", "ndjson"]));

  const all = await zoolog(dev(httpPort, kafkaPort, zookeeperPort));
  const http = await zoolog(dev(httpPort, "0", spare));
  const kafka = await zoolog(dev("0", kafkaPort, spare));
  const zookeeper = await zoolog(["zookeeper", "--ephemeral", "--port", zookeeperPort]);

  for (const [result, port, flag] of [
    [all, zookeeperPort, "--zookeeper-port"],
    [http, httpPort, "--http-port"],
    [kafka, kafkaPort, "--kafka-port"],
    [zookeeper, zookeeperPort, "--port"],
  ] as const) {
    expect(result).toMatchObject({ code: 1, stdout: "" });
    expect(result.stderr).toMatch(new RegExp(`^error: port ${port} .*taken by another program`));
    expect(result.stderr).toMatch(new RegExp(`try: .*${flag} \\d+`));
  }
});

/** Sends a signal while a server waits; answers how it ended, and that it took no more than a moment. */
async function endWhileStarting(
  server: ReturnType<typeof startZoolog>,
  signal: "SIGINT" | "SIGTERM",
): Promise<Awaited<typeof server.result>> {
  server.child.kill(signal);
  const giveUp = new AbortController();
  const tooLate = sleep(STARTS_GIVE_UP_MS, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`it goes on ${STARTS_GIVE_UP_MS} ms after ${signal}`);
  });
  const result = await Promise.race([server.result, tooLate]);
  giveUp.abort();
  await tooLate.catch(() => {});
  return result;
}

test.each(["SIGINT", "SIGTERM"] as const)(
  "a broker that waits for its id ends on %s, and leaves the id to its owner",
  async (signal) => {
    const zookeeper = start(["zookeeper", "--ephemeral", "--port", "0", "-o", "ndjson"]);
    const { address } = (await ready(zookeeper)) as { address: string };
    const words = [
      "broker",
      "--broker-id",
      "1",
      "--zookeeper",
      address,
      "--http-port",
      "0",
      "--kafka-port",
      "0",
    ];
    const first = start([...words, "--data", `${folder.path}/first`, "-o", "ndjson"]);
    const { url } = (await ready(first)) as { url: string };
    const second = start([...words, "--data", `${folder.path}/second`]);
    await second.says(/broker id is taken, waiting/);

    const result = await endWhileStarting(second, signal);

    expect(result).toMatchObject({ code: 0, stdout: "" });
    expect(result.stderr).toContain("broker 1 was told to end before it was ready\n");
    const info = await zoolog(["cluster", "info"], { env: { ZOOLOG_BOOTSTRAP: url } });
    expect(info.stdout).toContain("1 broker, all partitions in sync");
  },
);

test.each(["SIGINT", "SIGTERM"] as const)(
  "a broker that waits for ZooKeeper ends on %s",
  async (signal) => {
    const useless = createServer((socket) => socket.destroy());
    useless.listen(0, "127.0.0.1");
    const tried = once(useless, "connection");
    await once(useless, "listening");
    const zookeeper = `127.0.0.1:${(useless.address() as { port: number }).port}`;
    const words = ["--broker-id", "4", "--zookeeper", zookeeper, "--data", `${folder.path}/b`];
    const broker = start(["broker", ...words]);
    await tried;

    const result = await endWhileStarting(broker, signal);
    useless.close();

    expect(result).toMatchObject({ code: 0, stdout: "" });
    expect(result.stderr).toContain("broker 4 was told to end before it was ready\n");
  },
);

test("what is wrong with a server's options is told before a port is opened", async () => {
  const [zookeeperPort, httpPort] = (await freeTcpPorts(2)).map(String) as [string, string];
  const taken = [
    "--http-port",
    httpPort,
    "--kafka-port",
    "0",
    "--zookeeper-port",
    zookeeperPort,
    "-o",
    "ndjson",
  ];
  await ready(start(["dev", "--ephemeral", ...taken]));

  const unknown = await zoolog(["dev", "--data", `${folder.path}/x`, ...taken, "--set", "frob=1"]);

  expect(unknown).toMatchObject({ code: 2, stdout: "" });
  expect(JSON.parse(unknown.stderr)).toMatchObject({ error: { code: "INVALID_CONFIG" } });
  await expect(stat(`${folder.path}/x`)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a data folder that cannot be used is said at once, in three lines, by every server", async () => {
  await writeFile(`${folder.path}/file`, "");
  const inFile = [...anyPorts, "--data", "file/data"].filter((word) => !/ndjson|-o/.test(word));

  const results = await Promise.all([
    zoolog(["dev", ...inFile], { cwd: folder.path }),
    zoolog(["zookeeper", "--port", "0", "--data", "file"], { cwd: folder.path }),
    // Nobody listens there: before anybody is asked, the folder is looked at.
    zoolog(["broker", "--broker-id", "1", "--zookeeper", "127.0.0.1:1", "--data", "file"], {
      cwd: folder.path,
    }),
  ]);

  for (const { code, stderr } of results) {
    expect(stderr).toMatch(
      /^error: .*file.* cannot be used as a data folder\nwhy: {3}E(EXIST|NOTDIR): .*\ntry: {3}Name a folder.*\n$/,
    );
    expect(code).toBe(1);
  }
});

test("a folder in use is said before ZooKeeper is asked for anything", async () => {
  await ready(start(["dev", "--data", "data", ...anyPorts]));
  const words = ["broker", "--broker-id", "1", "--zookeeper", "127.0.0.1:1"];

  const { code, stderr } = await zoolog([...words, "--data", "data/broker-1"], {
    cwd: folder.path,
  });

  expect(stderr).toMatch(/^error: data\/broker-1 is in use by process \d+\ntry: /);
  expect(code).toBe(1);
});

test("a broker runs from its file, flags win over environment over file", async () => {
  const [port] = await freeTcpPorts(1);
  const zookeeper = start(["zookeeper", "--ephemeral", "--port", "0", "-o", "ndjson"]);
  const { address } = (await ready(zookeeper)) as { address: string };
  const config = `${folder.path}/broker.yaml`;
  await writeFile(
    config,
    `broker.id: 5\nhttp: { port: 1 }\nzookeeper.connect: ${address}\ndata.dir: ${folder.path}/b\n`,
  );

  const words = [
    "broker",
    "--config",
    config,
    "--http-port",
    `${port}`,
    "--kafka-port",
    "0",
    "-o",
    "ndjson",
  ];
  const broker = start(words, { ZOOLOG_BROKER_ID: "7", ZOOLOG_HTTP_PORT: "2" });

  expect(await ready(broker)).toEqual({
    brokerId: 7,
    url: `http://127.0.0.1:${port}`,
    kafka: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
  });
  broker.child.kill("SIGTERM");
  expect(await broker.result).toMatchObject({ code: 0 });
  zookeeper.child.kill("SIGTERM");
  expect(await zookeeper.result).toMatchObject({ code: 0 });
});

test.each<[string[], string, number]>([
  [["broker", "--config", "nope.yaml"], "cannot read the configuration file nope.yaml", 3],
  [["broker", "--set", "frob=1", "--broker-id", "1"], "frob", 2],
  [["broker", "--set", "frob"], "--set takes name=value", 2],
  [["dev", "--brokers", "0"], "--brokers must be a whole number from 1 to 9", 2],
  [["dev", "--set", "http.port=1"], "Use --http-port", 2],
  [["dev", "--set", "broker.id=4"], "gives each of its brokers a broker.id of its own", 2],
  [["dev", "--log-level", "loud"], "--log-level must be one of", 2],
])("%j is refused with the reason", async (words, what, code) => {
  const result = await zoolog(words, { cwd: folder.path });

  expect(result).toMatchObject({ code, stdout: "" });
  expect(result.stderr).toContain(what);
});
