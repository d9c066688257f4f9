import { silentLogger } from "@zoolog/base";
import { MemoryCoordination, type MemoryRequest } from "@zoolog/testkit";
import { openZooKeeperStore } from "../zookeeper-store.ts";

let world: MemoryCoordination;

beforeEach(() => {
  world = new MemoryCoordination({ sessionTimeoutMs: 6_000 });
});
afterEach(() => world.close());

const MINUTE_MS = 60_000;

test("who starts at a server that lags does not take for news what others found before", async () => {
  const hand = await world.ensemble.connect("zkCli");
  const since = await world.open("since");
  world.ensemble.session("since").freezeReads();
  await hand.setData("/cluster", new Uint8Array(0));

  await since.ensureClusterId("ours");
  await world.pass(2 * MINUTE_MS);

  expect(since.state).toBe("connected");
});

test("who starts at a server that lags takes the id that another broker gave", async () => {
  const [first, second] = [await world.open("first"), await world.open("second")];
  world.ensemble.session("second").freezeReads();
  const id = await first.ensureClusterId("of the first");

  expect(await second.ensureClusterId("of the second")).toBe(id);
});

test("a new session at a server that lags behind what was seen misses no mark", async () => {
  const { ensemble, time } = world;
  const other = await world.open("other");
  await other.ensureClusterId("ours");
  await ensemble.connect("laggard");
  ensemble.session("laggard").freezeReads();
  const connect = async () => {
    const client = await ensemble.connect("a");
    ensemble.session("a").freezeReads(ensemble.session("laggard"));
    return client;
  };
  const store = await openZooKeeperStore({}, { connect, ...time, logger: silentLogger });
  await store.ensureClusterId("ours");
  await world.pass(3 * MINUTE_MS);

  ensemble.expire("a");
  await world.pass(1_000);

  expect(store.state).toBe("connected");
  await store.close();
});

test.each(["beforeApply", "afterApply"] as const)(
  "a connection that is lost %s of a mark costs nothing but the mark",
  async (when) => {
    const store = await world.open("a");
    await store.ensureClusterId("ours");
    await world.pass(0);
    const matches = ({ operations }: { operations: readonly { path: string }[] }) =>
      operations[0]?.path === "/cluster/history";
    world.ensemble.failNext({
      when,
      matches: (request) => request.kind === "write" && matches(request),
    });

    await world.pass(3 * MINUTE_MS);

    expect(world.ensemble.pendingFaults).toBe(0);
    expect(store.state).toBe("connected");
  },
);

test("a loss that was found once stays found, also when nothing shows it any more", async () => {
  const store = await world.open("a");
  await store.ensureClusterId("ours");
  await world.pass(0);
  const hand = await world.ensemble.connect("zkCli");
  await hand.remove("/cluster/history");
  const isTelling = ({ kind, operations }: MemoryRequest) =>
    kind === "write" && operations[0]?.path === "/cluster";
  world.ensemble.failNext({ when: "beforeApply", client: "a", matches: isTelling });
  world.ensemble.expire("a");
  await world.pass(50);
  await expect(store.historyLost).resolves.toMatchObject({ code: "ZOOKEEPER_HISTORY_LOST" });

  await hand.create("/cluster/history", Buffer.from('{"version":1,"marks":[]}'));
  for (let pauses = 0; pauses < 10; pauses++) await world.pass(5_000);

  expect(world.ensemble.znodes.stat("/cluster")?.version).toBe(0);
  expect(store.state).toBe("expired");
});
