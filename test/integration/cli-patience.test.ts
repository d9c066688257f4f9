/** How long commands wait for brokers that are gone. */
import { startBrokerProcess, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";
import { buildCommandLine, killLeftOvers, startZoolog, zoolog } from "./cli-process.ts";

let folder: TemporaryFolder;

beforeAll(async () => {
  await buildCommandLine();
  folder = await temporaryFolder();
});
afterEach(killLeftOvers);
afterAll(() => folder.remove());

test("produce gives records up after --timeout", async () => {
  const broker = await startBrokerProcess({
    kind: "dev",
    options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: folder.path },
  });
  const env = { ZOOLOG_BOOTSTRAP: broker.url };
  expect(await zoolog(["topic", "create", "t"], { env })).toMatchObject({ code: 0 });
  const producing = startZoolog(["produce", "t", "--timeout", "1s"], { env });
  producing.child.stdin.write("a\n");
  const there = await zoolog(["consume", "t", "--offsets", "start", "--follow", "-n", "1"], {
    env,
  });
  expect(there.stdout).toBe("a\n");

  await broker.kill("SIGKILL");
  producing.child.stdin.end("b\n");
  const { code, stderr } = await producing.result;

  expect(code).not.toBe(0);
  expect(stderr).toContain("were not acknowledged within 1000 ms");
});
