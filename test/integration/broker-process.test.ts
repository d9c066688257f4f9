import {
  type BrokerProcess,
  type BrokerProcessPlan,
  callBroker,
  NativeLoad,
  readAllValues,
  startBrokerProcess,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";

let folder: TemporaryFolder;
const started: BrokerProcess[] = [];

beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(async () => {
  for (const broker of started.splice(0)) await broker.kill("SIGKILL");
  await folder.remove();
});

async function start(plan: BrokerProcessPlan): Promise<BrokerProcess> {
  const broker = await startBrokerProcess(plan);
  started.push(broker);
  return broker;
}

const dev = (): BrokerProcessPlan => ({
  kind: "dev",
  options: { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: `${folder.path}/data` },
});

const createTopic = (broker: BrokerProcess, configs: Record<string, string> = {}) =>
  callBroker(broker.url, "create-topics", { topics: [{ topic: "t", configs }] });

const load = (broker: BrokerProcess): NativeLoad =>
  NativeLoad.start({ url: broker.url, topic: "t", requiredAcks: "all", inFlight: 16 });

function expectAllKept(kept: ReadonlyMap<number, string>, acknowledged: NativeLoad): void {
  const lost = [...acknowledged.acknowledged].filter(
    ([offset, value]) => kept.get(offset) !== value,
  );
  expect(lost).toEqual([]);
  expect([...kept.keys()]).toEqual([...kept.keys()].map((_, index) => index));
  expect(new Set(kept.values()).size).toBe(kept.size);
}

describe.each(["os", "fsync"])("with flush=%s", (flush) => {
  test("what was acknowledged before a kill -9 is there afterwards, at the same offsets", async () => {
    const first = await start(dev());
    await createTopic(first, { flush });
    const producing = load(first);
    await producing.reaches(500);

    await first.kill("SIGKILL");
    await producing.stop();
    const second = await start(dev());

    expectAllKept(await readAllValues(second.url, "t"), producing);
    const more = load(second);
    await more.reaches(10);
    await more.stop();
    expect(Math.min(...more.acknowledged.keys())).toBeGreaterThanOrEqual(
      producing.acknowledged.size,
    );
  });
});

test("a SIGTERM under load answers what is under way, refuses the rest by name, and exits 0", async () => {
  const first = await start(dev());
  await createTopic(first);
  const producing = load(first);
  await producing.reaches(200);

  const exit = await first.kill("SIGTERM");
  await producing.stop();

  expect(exit).toEqual({ code: 0, signal: null });
  const refusals = [...producing.failures.keys()].filter((code) => code !== "unreachable");
  expect(refusals.filter((code) => code !== "BROKER_CLOSING")).toEqual([]);
  const second = await start(dev());
  expectAllKept(await readAllValues(second.url, "t"), producing);
  expect(second.log.some((line) => line.includes('"shutdown":"inOrder"'))).toBe(true);
});

test("a broker killed and started again takes its own place, and its controllership, at once", async () => {
  const zookeeper = (await start(dev())).zookeeper!;
  const plan: BrokerProcessPlan = {
    kind: "broker",
    settings: {
      "broker.id": 7,
      "data.dir": `${folder.path}/seven`,
      "zookeeper.connect": `${zookeeper}/apart`,
      "zookeeper.session.timeout.ms": 40_000,
      "http.port": 0,
      "kafka.port": 0,
    },
  };
  const first = await start(plan);
  await createTopic(first);
  await first.kill("SIGKILL");

  const second = await start(plan);

  expect(second.log.join("\n")).toContain("earlier registration of this broker replaced");
  const { body } = await callBroker(second.url, "describe-cluster");
  expect(body).toMatchObject({ controllerId: 7, controllerEpoch: 2, offlinePartitionCount: 0 });
  const after = load(second);
  await after.reaches(1);
  await after.stop();
});

test("a second broker with the same id is refused with the address of the first", async () => {
  const first = await start(dev());
  const plan: BrokerProcessPlan = {
    kind: "broker",
    settings: {
      "broker.id": 1,
      "data.dir": `${folder.path}/other`,
      "zookeeper.connect": first.zookeeper,
      "zookeeper.session.timeout.ms": 4_000,
      "http.port": 0,
      "kafka.port": 0,
    },
  };

  const refused = await startBrokerProcess(plan).catch((error: Error) => error.message);

  const { port } = new URL(first.url);
  expect(refused).toContain("BROKER_ID_TAKEN");
  expect(refused).toContain(`127.0.0.1:${port}`);
  expect((await callBroker(first.url, "metadata")).status).toBe(200);
});
