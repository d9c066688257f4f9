/** Consumer groups over three brokers, by raw calls: their coordinators die, freeze and lose ZooKeeper. */
import { type NativeAnswer, ProcessCluster } from "@zoolog/testkit";

const CLASSIC = "billing";
const SERVER_SIDE = "shipping";

let cluster: ProcessCluster;

beforeEach(async () => {
  cluster = await ProcessCluster.start({
    settings: () => ({ "group.initial.rebalance.delay.ms": 0 }),
  });
  await cluster.ask(1, "create-topics", { topics: [{ topic: "orders", numPartitions: 4 }] });
  for (const id of cluster.ids) {
    await cluster.until(id, "describe-topics", { topics: ["orders"] }, ({ body }) => {
      return (body as { topics: [{ error?: unknown }] }).topics[0].error === undefined;
    });
  }
});
afterEach(() => cluster.close());

const codeOf = ({ body }: NativeAnswer): string | undefined =>
  (body as { readonly error?: { readonly code: string } }).error?.code;

/** The group's coordinator, as broker `id` knows it, once it is one of `among`. */
async function coordinatorOf(
  group: string,
  id: number,
  among: readonly number[] = [1, 2, 3],
): Promise<number> {
  type Found = { readonly groups: readonly [{ readonly brokerId?: number }] };
  const { body } = await cluster.until(id, "find-coordinator", { groups: [group] }, (answer) =>
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
    const coordinator = await coordinatorOf(group, by, cluster.ids);
    const answer = await cluster.ask(coordinator, call, request).catch(() => undefined);
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
    const victim = await coordinatorOf(group, cluster.ids[0]!);
    await cluster.kill(victim);
    await coordinatorOf(group, cluster.ids[0]!, cluster.ids);
  }
  const by = cluster.ids[0]!;

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

  cluster.freeze(zombie);
  let late: Promise<NativeAnswer>;
  try {
    await coordinatorOf(SERVER_SIDE, witness, others(zombie));
    // It lies in the socket of the frozen one, and is the first thing that it sees.
    late = cluster.ask(zombie, "commit-offsets", { ...group, ...commitOf(5) });
    await atCoordinator(SERVER_SIDE, "commit-offsets", { ...group, ...commitOf(8) }, witness);
  } finally {
    cluster.resume(zombie);
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

  await cluster.stopZooKeeper();
  const refused = await cluster.until(
    coordinator,
    "heartbeat",
    classic,
    ({ status }) => status !== 200,
  );
  const uncommitted = await cluster.ask(coordinator, "commit-offsets", {
    ...commit,
    ...commitOf(43),
  });
  const untold = await cluster.ask(coordinator, "committed-offsets", {
    groupId: CLASSIC,
    ...OFFSETS,
  });
  await cluster.startZooKeeper();

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
  const posts = cluster.urls.map((url) =>
    fetch(`${url}/v1/topics/orders/records`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(records),
    }),
  );
  const statuses = (await Promise.all(posts)).map(({ status }) => status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(1); // The leader's.

  for (const url of cluster.urls) {
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
