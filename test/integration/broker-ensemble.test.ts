import {
  type BrokerProcess,
  callBroker,
  NativeLoad,
  readAllValues,
  startBrokerProcess,
  startZooKeeperEnsemble,
  type TemporaryFolder,
  temporaryFolder,
  type ZooKeeperEnsemble,
} from "@zoolog/testkit";

let ensemble: ZooKeeperEnsemble;
let folder: TemporaryFolder;
let broker: BrokerProcess;

beforeAll(async () => {
  folder = await temporaryFolder();
  ensemble = await startZooKeeperEnsemble({ servers: 3 });
  broker = await startBrokerProcess({
    kind: "broker",
    settings: {
      "broker.id": 0,
      "data.dir": `${folder.path}/broker`,
      "zookeeper.connect": `${ensemble.connectString}/zoolog/test`,
      "http.port": 0,
      "kafka.port": 0,
    },
  });
});

afterAll(async () => {
  await broker.kill("SIGTERM");
  await ensemble.close();
  await folder.remove();
});

test("a broker on a real ensemble serves, and goes on when ZooKeeper's leader is killed", async () => {
  const { url } = broker;
  await callBroker(url, "create-topics", { topics: [{ topic: "t" }] });
  const producing = NativeLoad.start({ url, topic: "t", requiredAcks: "all", inFlight: 4 });
  await producing.reaches(50);

  const leader = (await ensemble.leader())!;
  await ensemble.kill(leader);
  const before = producing.acknowledged.size;
  await producing.reaches(before + 200);
  const made = await callBroker(url, "create-topics", { topics: [{ topic: "later" }] });
  await producing.stop();

  expect([...producing.failures]).toEqual([]);
  expect(made.body).toMatchObject({ topics: [{ topic: "later", numPartitions: 1 }] });
  expect((made.body as { topics: object[] }).topics[0]).not.toHaveProperty("error");
  const kept = await readAllValues(url, "t");
  for (const [offset, value] of producing.acknowledged) expect(kept.get(offset)).toBe(value);
  ensemble.start(leader);
  await ensemble.ready();
});

test("while the ensemble has no quorum records are served, administration says why not, and it comes back", async () => {
  const { url } = broker;
  const others = [0, 1, 2].filter((server) => server !== 0);
  for (const server of others) await ensemble.kill(server);

  const producing = NativeLoad.start({ url, topic: "t", requiredAcks: "all", inFlight: 4 });
  const refused = async () =>
    callBroker(url, "create-topics", { timeoutMs: 1_000, topics: [{ topic: "without" }] });
  let answer = await refused();
  while ((answer.body as { error?: { code: string } }).error?.code === "REQUEST_TIMED_OUT") {
    answer = await refused();
  }
  await producing.reaches(100);
  await producing.stop();

  expect(answer).toMatchObject({
    status: 503,
    body: { error: { code: "COORDINATION_UNAVAILABLE", retriable: true } },
  });
  expect([...producing.failures]).toEqual([]);
  for (const server of others) ensemble.start(server);
  await ensemble.ready();
  let made = await callBroker(url, "create-topics", { topics: [{ topic: "again" }] });
  while (made.status !== 200) {
    made = await callBroker(url, "create-topics", { topics: [{ topic: "again" }] });
  }
  expect(made.body).toMatchObject({ topics: [{ topic: "again" }] });
});
