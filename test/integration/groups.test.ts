/** Consumer groups over three brokers, by raw calls: their coordinators die, freeze and lose ZooKeeper. */
import { silentLogger } from "@zoolog/base";
import {
  nodeFileSystem,
  nodeNetwork,
  systemClock,
  systemRandom,
  systemScheduler,
} from "@zoolog/host";
import {
  type BrokerProcess,
  callBroker,
  freeTcpPorts,
  type NativeAnswer,
  startBrokerProcess,
  type TemporaryFolder,
  temporaryFolder,
} from "@zoolog/testkit";
import { startZooKeeperServer, type ZooKeeperServer } from "@zoolog/zookeeper";

const CLASSIC = "billing";
const SERVER_SIDE = "shipping";

let folder: TemporaryFolder;
let zookeeper: ZooKeeperServer;
let zookeeperPort: number;
const running = new Map<number, BrokerProcess>();

const startZooKeeper = (): Promise<ZooKeeperServer> =>
  startZooKeeperServer(
    { port: zookeeperPort, dataFolder: `${folder.path}/zookeeper` },
    {
      network: nodeNetwork,
      fileSystem: nodeFileSystem,
      clock: systemClock,
      scheduler: systemScheduler,
      random: systemRandom,
      logger: silentLogger,
    },
  );

beforeEach(async () => {
  folder = await temporaryFolder();
  [zookeeperPort] = (await freeTcpPorts(1)) as [number];
  zookeeper = await startZooKeeper();
  await Promise.all([1, 2, 3].map(start));
  for (const id of running.keys()) {
    await until(id, "describe-cluster", {}, ({ body }) => {
      return (body as { brokers?: unknown[] }).brokers?.length === 3;
    });
  }
  await ask(1, "create-topics", { topics: [{ topic: "orders", numPartitions: 4 }] });
  for (const id of running.keys()) {
    await until(id, "describe-topics", { topics: ["orders"] }, ({ body }) => {
      return (body as { topics: [{ error?: unknown }] }).topics[0].error === undefined;
    });
  }
});

afterEach(async () => {
  for (const broker of running.values()) await broker.kill("SIGKILL");
  running.clear();
  await zookeeper.close();
  await folder.remove();
});

async function start(id: number): Promise<void> {
  const broker = await startBrokerProcess({
    kind: "broker",
    settings: {
      "broker.id": id,
      "data.dir": `${folder.path}/broker-${id}`,
      "zookeeper.connect": `127.0.0.1:${zookeeperPort}`,
      "default.replication.factor": 3,
      "group.initial.rebalance.delay.ms": 0,
      "http.port": 0,
    },
  });
  running.set(id, broker);
}

const ask = (id: number, call: string, request: unknown = {}): Promise<NativeAnswer> =>
  callBroker(running.get(id)!.url, call, request);

const codeOf = ({ body }: NativeAnswer): string | undefined =>
  (body as { readonly error?: { readonly code: string } }).error?.code;

/** Asks again until the answer is as wanted; only a hang keeps it from becoming so. */
async function until(
  id: number,
  call: string,
  request: unknown,
  isWanted: (answer: NativeAnswer) => boolean,
): Promise<NativeAnswer> {
  for (;;) {
    const answer = await ask(id, call, request);
    if (isWanted(answer)) return answer;
  }
}

/** The group's coordinator, as broker `id` knows it, once it is one of `among`. */
async function coordinatorOf(
  group: string,
  id: number,
  among: readonly number[] = [1, 2, 3],
): Promise<number> {
  type Found = { readonly groups: readonly [{ readonly brokerId?: number }] };
  const { body } = await until(id, "find-coordinator", { groups: [group] }, (answer) =>
    among.includes((answer.body as Found).groups[0].brokerId ?? -1),
  );
  return (body as Found).groups[0].brokerId as number;
}

/** What a client does: looks for the coordinator, and tries again while it is told to. */
async function atCoordinator(
  group: string,
  call: string,
  request: object,
  by: number,
): Promise<NativeAnswer> {
  for (;;) {
    const coordinator = await coordinatorOf(group, by, [...running.keys()]);
    const answer = await ask(coordinator, call, request).catch(() => undefined);
    const body = answer?.body as { readonly error?: { readonly retriable?: boolean } } | undefined;
    if (answer !== undefined && body?.error?.retriable !== true) return answer;
  }
}

const bytes = (text: string): string => Buffer.from(text).toString("base64");

/** A classic group of one member, stable; what its members send with everything. */
async function joinClassic(by: number) {
  const request = {
    groupId: CLASSIC,
    protocolType: "consumer",
    protocols: [{ name: "range", metadata: bytes("subscription") }],
    sessionTimeoutMs: 30_000,
    rebalanceTimeoutMs: 60_000,
  };
  const first = await atCoordinator(CLASSIC, "join-group", request, by);
  const { memberId } = first.body as { readonly memberId: string };
  const joined = await atCoordinator(CLASSIC, "join-group", { ...request, memberId }, by);
  const { generationId } = joined.body as { readonly generationId: number };
  const member = { groupId: CLASSIC, memberId, generationId };
  const assignments = [{ memberId, assignment: bytes("everything") }];
  const synced = await atCoordinator(CLASSIC, "sync-group", { ...member, assignments }, by);
  expect(synced).toMatchObject({ status: 200, body: { assignment: bytes("everything") } });
  return member;
}

/** A server-side group of one member that has everything. */
async function joinServerSide(by: number) {
  const member = { groupId: SERVER_SIDE, memberId: "member-1" };
  const joined = await atCoordinator(
    SERVER_SIDE,
    "consumer-group-heartbeat",
    {
      ...member,
      memberEpoch: 0,
      rebalanceTimeoutMs: 60_000,
      subscribedTopics: ["orders"],
      owned: [],
    },
    by,
  );
  expect(joined).toMatchObject({ status: 200, body: { assignment: [{ topic: "orders" }] } });
  const { memberEpoch } = joined.body as { readonly memberEpoch: number };
  return { ...member, memberEpoch };
}

const commitOf = (offset: number) => ({
  topics: [
    { topic: "orders", partitions: [0, 1, 2, 3].map((partition) => ({ partition, offset })) },
  ],
});

const OFFSETS = { topics: [{ topic: "orders", partitions: [0, 1, 2, 3] }] };

async function committed(group: string, by: number): Promise<readonly (number | undefined)[]> {
  const { body } = await atCoordinator(
    group,
    "committed-offsets",
    { groupId: group, ...OFFSETS },
    by,
  );
  type Partition = { readonly offset?: number };
  type Answer = { readonly topics: readonly [{ readonly partitions: readonly Partition[] }] };
  return (body as Answer).topics[0].partitions.map(({ offset }) => offset);
}

const others = (id: number): number[] => [1, 2, 3].filter((other) => other !== id);

test("a killed coordinator costs no rebalance and no commit, by either protocol", async () => {
  const classic = await joinClassic(1);
  const serverSide = await joinServerSide(1);
  const { memberEpoch, ...member } = serverSide;
  const byClassic = { ...classic, generationIdOrMemberEpoch: classic.generationId };
  const { generationId: _, ...classicCommit } = byClassic;
  const serverSideCommit = { ...member, generationIdOrMemberEpoch: memberEpoch };
  for (const [group, by] of [
    [CLASSIC, classicCommit],
    [SERVER_SIDE, serverSideCommit],
  ] as const) {
    const answer = await atCoordinator(group, "commit-offsets", { ...by, ...commitOf(42) }, 1);
    expect(answer.status).toBe(200);
  }

  // With two of three gone partitions have no majority; groups need none.
  for (const group of [CLASSIC, SERVER_SIDE]) {
    const victim = await coordinatorOf(group, [...running.keys()][0]!);
    await running.get(victim)?.kill("SIGKILL");
    running.delete(victim);
    await coordinatorOf(group, [...running.keys()][0]!, [...running.keys()]);
  }
  const by = [...running.keys()][0]!;

  const beat = await atCoordinator(CLASSIC, "heartbeat", classic, by);
  expect(beat).toEqual({ status: 200, body: {} });
  const reconciled = await atCoordinator(SERVER_SIDE, "consumer-group-heartbeat", serverSide, by);
  expect(reconciled).toMatchObject({ status: 200, body: { memberEpoch } });
  expect(await committed(CLASSIC, by)).toEqual([42, 42, 42, 42]);
  expect(await committed(SERVER_SIDE, by)).toEqual([42, 42, 42, 42]);
  const next = { ...serverSideCommit, ...commitOf(43) };
  expect((await atCoordinator(SERVER_SIDE, "commit-offsets", next, by)).status).toBe(200);
  expect(await committed(SERVER_SIDE, by)).toEqual([43, 43, 43, 43]);
});

test("a coordinator that stood still while another took over commits nothing more", async () => {
  const group = { groupId: SERVER_SIDE };
  await atCoordinator(SERVER_SIDE, "commit-offsets", { ...group, ...commitOf(7) }, 1);
  const zombie = await coordinatorOf(SERVER_SIDE, 1);
  const [witness] = others(zombie) as [number, number];

  process.kill(running.get(zombie)!.pid, "SIGSTOP");
  let late: Promise<NativeAnswer>;
  try {
    await coordinatorOf(SERVER_SIDE, witness, others(zombie));
    // It lies in the socket of the frozen one, and is the first thing that it sees.
    late = ask(zombie, "commit-offsets", { ...group, ...commitOf(5) });
    await atCoordinator(SERVER_SIDE, "commit-offsets", { ...group, ...commitOf(8) }, witness);
  } finally {
    process.kill(running.get(zombie)!.pid, "SIGCONT");
  }

  expect(["NOT_COORDINATOR", "COORDINATOR_NOT_AVAILABLE"]).toContain(codeOf(await late));
  expect(await committed(SERVER_SIDE, witness)).toEqual([8, 8, 8, 8]);
});

test("while ZooKeeper is away nothing is committed or told, and no member is lost", async () => {
  const classic = await joinClassic(1);
  const { generationId: generationIdOrMemberEpoch, ...member } = classic;
  const commit = { ...member, generationIdOrMemberEpoch };
  await atCoordinator(CLASSIC, "commit-offsets", { ...commit, ...commitOf(42) }, 1);
  const coordinator = await coordinatorOf(CLASSIC, 1);

  await zookeeper.close();
  const refused = await until(coordinator, "heartbeat", classic, ({ status }) => status !== 200);
  const uncommitted = await ask(coordinator, "commit-offsets", { ...commit, ...commitOf(43) });
  const untold = await ask(coordinator, "committed-offsets", { groupId: CLASSIC, ...OFFSETS });
  zookeeper = await startZooKeeper();

  for (const answer of [refused, uncommitted, untold]) {
    const error = { code: "COORDINATOR_NOT_AVAILABLE", retriable: true };
    expect(answer).toMatchObject({ status: 503, body: { error } });
  }
  const beat = await atCoordinator(CLASSIC, "heartbeat", classic, 1);
  expect(beat).toEqual({ status: 200, body: {} });
  expect(await committed(CLASSIC, 1)).toEqual([42, 42, 42, 42]);
});

test("any broker shows all groups, their members and how far behind they are", async () => {
  await joinServerSide(1);
  await atCoordinator(CLASSIC, "commit-offsets", { groupId: CLASSIC, ...commitOf(0) }, 1);
  const records = {
    records: [
      { value: "one", partition: 0 },
      { value: "two", partition: 0 },
    ],
  };
  const posts = [...running.values()].map(({ url }) =>
    fetch(`${url}/v1/topics/orders/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(records),
    }),
  );
  const statuses = (await Promise.all(posts)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1); // The leader's.

  for (const { url } of running.values()) {
    const get = async (path: string) => (await fetch(`${url}/v1/groups${path}`)).json();
    const list = (await get("")) as { readonly groups: readonly { readonly group: string }[] };
    const group = await get(`/${SERVER_SIDE}`);
    const lag = await get(`/${CLASSIC}/lag`);

    expect(list.groups.map(({ group: name }) => name)).toEqual([CLASSIC, SERVER_SIDE]);
    expect(group).toMatchObject({ type: "consumer", members: [{ memberId: "member-1" }] });
    expect(lag).toMatchObject({ state: "empty", topics: [{ topic: "orders" }] });
    const [first] = (lag as { topics: [{ partitions: object[] }] }).topics[0].partitions;
    expect(first).toMatchObject({ partition: 0, committed: 0, highWatermark: 2, lag: 2 });
    expect(lag).toMatchObject({ lag: 2 });
    expect((await fetch(`${url}/v1/groups/nobody`)).status).toBe(404);
  }
});
