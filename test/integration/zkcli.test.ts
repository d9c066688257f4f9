/** Java's own command line client against the embedded server, and against Apache ZooKeeper. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { silentLogger } from "@zoolog/base";
import { hostDependencies } from "@zoolog/broker";
import { findZooKeeper, startZooKeeperEnsemble } from "@zoolog/testkit";
import { startZooKeeperServer } from "@zoolog/zookeeper";

const SCRIPT = [
  "ls /",
  "create /a hello",
  "create -e /a/ephemeral mine",
  "create -s /a/sequential- one",
  "create -s -e /a/both- two",
  "create -c /container",
  "create -t 1000 /with-ttl x",
  "create /a/ephemeral/child x",
  "ls /a",
  "ls -s /a",
  "ls -R /a",
  "get -s /a",
  "stat -w /a",
  "set /a world",
  "set -s -v 1 /a again",
  "set -v 0 /a refused",
  "delete -v 7 /a/ephemeral",
  "delete /a",
  "getEphemerals",
  "getEphemerals /a/b",
  "getAllChildrenNumber /",
  "addauth digest user:password",
  "whoami",
  "create /private secret auth::cdrwa",
  "getAcl -s /private",
  "setAcl /private world:anyone:r",
  "getAcl /private",
  "set /private refused",
  "setAcl /a ip:127.0.0.1:cdrwa",
  "getAcl /a",
  "addWatch -m PERSISTENT_RECURSIVE /a",
  "create /a/deep x",
  "create /a/deep/deeper x",
  "removewatches /a",
  "setquota -n 5 /a",
  "create /a/counted 12345",
  "listquota /a",
  "delquota /a",
  "sync /a",
  "version",
  "config",
  "reconfig -remove 3",
  "delete /zookeeper/quota",
  "create /no/parent x",
  "deleteall /a",
  "ls -R /",
  "set / root",
  "get -s /",
  "close",
];

type Transcript = { readonly out: string[]; readonly err: string[] };

/** Feeds the script to zkCli, which is what `zkCli.sh` starts. */
function runZkCli(port: number): Promise<Transcript> {
  const { java, classpath } = findZooKeeper();
  const client = spawn(java, [
    ...["-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.timezone=UTC"],
    ...["-Dorg.slf4j.simpleLogger.defaultLogLevel=error", "-cp", classpath],
    ...["org.apache.zookeeper.ZooKeeperMain", "-server", `127.0.0.1:${port}`],
  ]);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  client.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  client.stderr.on("data", (chunk: Buffer) => err.push(chunk));
  client.stdin.end(SCRIPT.map((line) => `${line}\n`).join(""));
  return new Promise((resolve, reject) => {
    client.once("error", reject);
    client.once("close", () => {
      const linesOf = (chunks: Buffer[]) => Buffer.concat(chunks).toString("utf8").split("\n");
      resolve({ out: linesOf(out), err: linesOf(err) });
    });
  });
}

/** What may differ between two servers: ports, moments, epochs, and the order of sets. */
function comparable({ out, err }: Transcript): Transcript & { readonly whoAmI: string[] } {
  const normal = (line: string): string =>
    line
      .replace(/127\.0\.0\.1:\d+/, "SERVER")
      .replace(/^([cm]time = (?!Thu Jan 01 00:00:00 UTC 1970)).*/, "$1TIME")
      .replace(/^([cmp]Zxid = 0x)100000/, "$1")
      .replace(/^([cmp]Zxid = 0x)0+(?=.)/, "$1")
      .replace(/^\[(\/.*)\]$/, (_, paths: string) => `[${paths.split(", ").sort().join(", ")}]`);
  const lines = (all: string[]) => all.filter((line) => !line.startsWith("SLF4J")).map(normal);
  const isWhoAmI = (line: string): boolean => /^(ip|digest): /.test(line);
  return {
    out: withoutFarewell(lines(out)).filter((line) => !isWhoAmI(line)),
    err: lines(err),
    whoAmI: out.filter(isWhoAmI).sort(),
  };
}

/** Whether zkCli still prints that it has closed its session is a race between its own threads. */
function withoutFarewell(lines: readonly string[]): readonly string[] {
  const closed = lines.findIndex((line) => line.startsWith("WatchedEvent state:Closed"));
  return closed < 0 ? lines : [...lines.slice(0, closed - 2), ...lines.slice(closed + 2)];
}

async function withEmbeddedServer<T>(use: (port: number) => Promise<T>): Promise<T> {
  const dataFolder = mkdtempSync(join(tmpdir(), "zoolog-zkcli-"));
  const server = await startZooKeeperServer(
    { port: 0, dataFolder },
    hostDependencies({ logger: silentLogger }),
  );
  try {
    return await use(server.port);
  } finally {
    await server.close();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}

test("zkCli gets the same answers from the embedded server as from Apache ZooKeeper", async () => {
  const ensemble = await startZooKeeperEnsemble({ servers: 1 });
  let real: Transcript;
  try {
    real = await runZkCli(Number(ensemble.connectString.split(":").at(-1)));
  } finally {
    await ensemble.close();
  }

  const ours = await withEmbeddedServer(runZkCli);

  const answers = comparable(ours);
  expect(answers.out).toEqual(
    expect.arrayContaining([
      "[/a/both-0000000002, /a/ephemeral]",
      "WatchedEvent state:SyncConnected type:NodeDataChanged path:/a",
      "WatchedEvent state:SyncConnected type:NodeCreated path:/a/deep/deeper",
      "Sync is OK",
    ]),
  );
  expect(answers).toEqual(comparable(real));
});
