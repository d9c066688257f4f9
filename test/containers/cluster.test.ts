import { join } from "node:path";
import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { ContainerCluster, containersFault } from "@zoolog/testkit";

/**
 * The cluster of deploy/compose.yaml from the images that deploy/ builds. CONTRIBUTING.md says how to
 * build them where none can be pulled.
 */

const images = {
  ZOOLOG_IMAGE: process.env["ZOOLOG_IMAGE"] ?? "zoolog",
  ZOOKEEPER_IMAGE: process.env["ZOOKEEPER_IMAGE"] ?? "zoolog/zookeeper-base:local",
};
const BROKERS = ["broker-1", "broker-2", "broker-3"];
/** Where commands run: no test does anything to it. */
const HERE = "broker-1";

const fault = containersFault(Object.values(images));
const suite = fault === undefined ? describe : describe.skip;
if (fault !== undefined) process.stderr.write(`no cluster in containers is tested: ${fault}\n`);

suite(`a cluster in containers${fault === undefined ? "" : ` (skipped: ${fault})`}`, () => {
  let cluster: ContainerCluster;

  beforeAll(async () => {
    const composeFile = join(__dirname, "../../deploy/compose.yaml");
    cluster = await ContainerCluster.start({ composeFile, images });
  });

  afterAll(async () => {
    await cluster?.close();
  });

  const zoolog = async (...command: string[]): Promise<string> => {
    const { status, stdout, stderr } = await cluster.run(HERE, ["zoolog", ...command]);
    expect({ command, status, stderr: status === 0 ? "" : stderr }).toMatchObject({ status: 0 });
    return stdout;
  };
  const clusterInfo = async () =>
    JSON.parse(await zoolog("cluster", "info", "-o", "json")) as {
      readonly brokers: readonly unknown[];
      readonly underReplicatedPartitionCount: number;
    };
  const whole = async (): Promise<void> => {
    for (;;) {
      const { brokers, underReplicatedPartitionCount } = await clusterInfo();
      if (brokers.length === BROKERS.length && underReplicatedPartitionCount === 0) return;
      await delay(500);
    }
  };

  test("comes up healthy, and runs as nobody of importance", async () => {
    await whole();

    for (const broker of BROKERS) {
      expect(cluster.health(broker)).toBe("healthy");
      expect((await cluster.run(broker, ["id", "-u"])).stdout.trim()).toBe("8092");
    }
  });

  test.each<[string, (cluster: ContainerCluster) => Promise<void>]>([
    [
      "a broker is killed and comes back",
      async (running) => {
        running.kill("broker-2");
        await delay(10_000);
        running.revive("broker-2");
      },
    ],
    [
      "a broker is cut off and comes back",
      async (running) => {
        running.disconnect("broker-3");
        await delay(15_000);
        running.reconnect("broker-3");
      },
    ],
    [
      "a ZooKeeper server is killed",
      async (running) => {
        running.kill("zookeeper-2");
        await delay(5_000);
        running.revive("zookeeper-2");
      },
    ],
  ])("what was acknowledged is kept, once, while %s", async (what, disturb) => {
    const topic = what.replaceAll(" ", "-");
    await zoolog("topic", "create", topic, "-p", "3", "-r", "3");
    const lines: string[] = [];
    let isOver = false;
    const load = async function* () {
      while (!isOver) {
        const line = `${topic} ${lines.length}`;
        lines.push(line);
        yield `${line}\n`;
        await delay(2);
      }
    };
    const producing = cluster.run(
      HERE,
      ["zoolog", "produce", topic, "--timeout", "60s"],
      Readable.from(load()),
    );

    await disturb(cluster);
    await whole();
    isOver = true;

    const { status, stderr } = await producing;
    expect({ status, stderr: status === 0 ? "" : stderr }).toEqual({ status: 0, stderr: "" });
    const kept = (await zoolog("consume", topic, "-b", "-e")).trimEnd().split("\n");
    expect(lines.length).toBeGreaterThan(1_000);
    expect(kept.sort()).toEqual(lines.sort());
  });

  test("every record is on other brokers, too: any one of them may be gone", async () => {
    const lines = Array.from({ length: 3_000 }, (_, i) => `record ${i}`);
    await zoolog("topic", "create", "replicated", "-p", "3", "-r", "3");
    const input = Readable.from(lines.map((line) => `${line}\n`));
    const produced = await cluster.run(HERE, ["zoolog", "produce", "replicated"], input);
    expect(produced).toMatchObject({ status: 0 });

    for (const gone of ["broker-2", "broker-3"]) {
      cluster.kill(gone);
      const read = await zoolog("consume", "replicated", "-b", "-e", "--timeout", "60s");
      expect(read.trimEnd().split("\n").sort()).toEqual([...lines].sort());
      cluster.revive(gone);
      await whole();
    }
  });
});
