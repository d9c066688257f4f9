/** Elections that an operator asks for, by any broker. Three brokers in this process come and go. */
import { silentLogger } from "@zoolog/base";
import { Broker, hostDependencies, parseBrokerConfig } from "@zoolog/broker";
import { callBroker, type TemporaryFolder, temporaryFolder } from "@zoolog/testkit";
import { startZooKeeperServer, type ZooKeeperServer } from "@zoolog/zookeeper";

const dependencies = hostDependencies({ logger: silentLogger });
const WAIT_MS = 30_000;

let folder: TemporaryFolder;
let server: ZooKeeperServer;
const running = new Map<number, Broker>();

beforeEach(async () => {
  folder = await temporaryFolder();
  server = await startZooKeeperServer({ port: 0 }, dependencies);
  for (const id of [1, 2, 3]) await start(id);
});
afterEach(async () => {
  for (const id of [...running.keys()]) await stop(id);
  await server.close();
  await folder.remove();
});

async function start(id: number): Promise<void> {
  const settings = {
    "broker.id": id,
    "data.dir": `${folder.path}/broker-${id}`,
    "zookeeper.connect": `${server.host}:${server.port}`,
    "http.port": 0,
    "kafka.port": 0,
    "auto.leader.rebalance.enable": false,
  };
  const broker = await Broker.start(parseBrokerConfig([{ from: "test", settings }]), dependencies);
  running.set(id, broker);
  await broker.ready(WAIT_MS);
}

async function stop(id: number): Promise<void> {
  await running.get(id)?.close();
  running.delete(id);
}

async function call<T>(via: number, name: string, request: object): Promise<T> {
  const broker = running.get(via);
  if (broker === undefined) throw new Error(`broker ${via} does not run`);
  const { host, port } = broker.address;
  return (await callBroker(`http://${host}:${port}`, name, request)).body as T;
}

type Partition = { readonly leader?: number; readonly isr: readonly number[] };

async function partition(via: number): Promise<Partition> {
  const { topics } = await call<{ topics: { partitions: Partition[] }[] }>(via, "describe-topics", {
    topics: ["orders"],
  });
  return topics[0]?.partitions[0] ?? { isr: [] };
}

async function until(via: number, isWanted: (partition: Partition) => boolean): Promise<void> {
  const deadline = Date.now() + WAIT_MS;
  for (;;) {
    const found = await partition(via);
    if (isWanted(found)) return;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(found)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const create = (assignment: readonly number[]) =>
  call(1, "create-topics", { topics: [{ topic: "orders", assignments: [assignment] }] });

const elect = (via: number, election: string) =>
  call(via, "elect-leaders", { election, topics: [{ topic: "orders", partitions: [0] }] });

test("the preferred replica leads again when somebody asks for it", async () => {
  await create([1, 2, 3]);
  await stop(1);
  await until(2, ({ leader }) => leader !== 1 && leader !== undefined);
  await start(1);
  await until(2, ({ isr }) => isr.length === 3);
  const elsewhere = (await partition(2)).leader;

  const answer = await elect(3, "preferred");

  expect(elsewhere).not.toBe(1);
  expect(answer).toEqual({
    topics: [{ topic: "orders", partitions: [{ partition: 0, leader: 1 }] }],
  });
  // Who asked knows it by then.
  expect((await partition(3)).leader).toBe(1);
});

test("a partition whose in-sync replicas are gone is led again when somebody accepts the loss", async () => {
  await create([1, 2]);
  await stop(2);
  await until(1, ({ isr }) => isr.length === 1);
  await stop(1);
  await start(2);
  await until(3, ({ leader }) => leader === undefined);

  const preferred = await elect(3, "preferred");
  const unclean = await elect(3, "unclean");

  expect(preferred).toMatchObject({
    topics: [{ partitions: [{ error: { code: "PREFERRED_LEADER_NOT_AVAILABLE" } }] }],
  });
  expect(unclean).toEqual({
    topics: [{ topic: "orders", partitions: [{ partition: 0, leader: 2 }] }],
  });
  await until(3, ({ leader, isr }) => leader === 2 && isr.join() === "2");
});
