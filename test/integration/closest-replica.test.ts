/** Three brokers in three racks, and consumers that read from the replica in theirs (KIP-392). */
import { Client, serde, topic } from "@zoolog/client";
import { ProcessCluster } from "@zoolog/testkit";
import { buildCommandLine, killLeftOvers, zoolog } from "./cli-process.ts";

const RACKS: Readonly<Record<number, string>> = { 1: "a", 2: "b", 3: "c" };
const orders = topic("orders", { value: serde.string() });

let cluster: ProcessCluster;
let client: Client;

beforeEach(async () => {
  cluster = await ProcessCluster.start({
    settings: (id) => ({
      "broker.rack": RACKS[id],
      "min.insync.replicas": 1,
      "group.initial.rebalance.delay.ms": 0,
    }),
  });
  client = new Client({ brokers: cluster.urls });
  await client.admin.createTopic({ topic: "orders", partitions: 1 });
});
afterEach(async () => {
  await killLeftOvers();
  await client.close();
  await cluster.close();
});

/** Resolves when it holds; the test's own timeout ends a wait that never does. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20));
}

async function metric(id: number, name: string): Promise<number> {
  const text = await (await fetch(`${cluster.broker(id).url}/metrics`)).text();
  return Number(new RegExp(`^zoolog_${name} (.+)$`, "m").exec(text)?.[1]);
}

async function leaderOf(): Promise<number> {
  let leader: number | undefined;
  await until(async () => {
    const described = await client.admin.describeTopic("orders");
    const [partition] = described.partitions;
    leader = partition!.isr.length === 3 ? partition!.leader : undefined;
    return leader !== undefined;
  });
  return leader as number;
}

/** Keeps producing, so that a consumer has something to miss; answers what was acknowledged. */
function producing(): { readonly stop: () => Promise<string[]> } {
  const producer = client.producer();
  const acknowledged: string[] = [];
  let isStopped = false;
  const loop = (async () => {
    for (let i = 0; !isStopped; i++) {
      await producer.send(orders, { value: `${i}` });
      acknowledged.push(`${i}`);
    }
  })();
  return {
    stop: async () => {
      isStopped = true;
      await loop;
      return acknowledged;
    },
  };
}

test.each(["SIGKILL", "SIGSTOP"] as const)(
  "a consumer reads from its rack's replica, and goes on at the leader after its %s",
  async (signal) => {
    const leader = await leaderOf();
    const follower = [1, 2, 3].find((id) => id !== leader) as number;
    const writes = producing();
    const seen: string[] = [];
    const consumer = client.consumer({
      group: "closest",
      topics: [orders],
      from: "earliest",
      rack: RACKS[follower] as string,
    });
    const reading = (async () => {
      for await (const { value } of consumer) seen.push(`${value}`);
    })().catch((error: unknown) => error);

    await until(() => seen.length >= 100);
    expect(await metric(leader, "sent_to_closest_total")).toBeGreaterThan(0);
    expect(await metric(follower, "follower_fetched_bytes_total")).toBeGreaterThan(0);
    expect(await metric(leader, "fetched_bytes_total")).toBe(0);

    process.kill(cluster.broker(follower).pid, signal);
    const before = seen.length;
    await until(() => seen.length >= before + 100);
    const acknowledged = await writes.stop();
    await until(() => seen.length >= acknowledged.length);

    expect(seen).toEqual(acknowledged);
    expect(await metric(leader, "fetched_bytes_total")).toBeGreaterThan(0);
    if (signal === "SIGSTOP") process.kill(cluster.broker(follower).pid, "SIGCONT");
    await consumer.close();
    await reading;
  },
);

test("a reader without a rack, and one in the leader's, read from the leader", async () => {
  const leader = await leaderOf();
  const values = ["one", "two", "three"];
  await client.producer().sendMany(
    orders,
    values.map((value) => ({ value })),
  );

  for (const rack of [undefined, RACKS[leader]]) {
    const seen: string[] = [];
    const options = rack === undefined ? {} : { rack };
    for await (const { value } of client.read(orders, options)) seen.push(`${value}`);
    expect(seen).toEqual(values);
  }

  for (const id of cluster.ids) expect(await metric(id, "sent_to_closest_total")).toBe(0);
});

test.each([["-b"], ["--from", "start", "--group", "shell"]])(
  "zoolog consume %s … reads from the replica in its --rack",
  async (...where) => {
    await buildCommandLine();
    const leader = await leaderOf();
    const follower = [1, 2, 3].find((id) => id !== leader) as number;
    const values = ["one", "two", "three"];
    await client.producer().sendMany(
      orders,
      values.map((value) => ({ value })),
    );

    const words = ["consume", "orders", ...where, "--exit", "-F", "%s", "--rack"];
    const { code, stdout } = await zoolog([...words, RACKS[follower] as string], {
      env: { ZOOLOG_BOOTSTRAP: cluster.broker(leader).url },
    });

    expect(code).toBe(0);
    expect(stdout).toBe(values.join(""));
    expect(await metric(follower, "follower_fetched_bytes_total")).toBeGreaterThan(0);
    expect(await metric(leader, "fetched_bytes_total")).toBe(0);
  },
);

test("the leader dies: the consumer goes on, wherever it reads, without loss or repetition", async () => {
  const leader = await leaderOf();
  const follower = [1, 2, 3].find((id) => id !== leader) as number;
  const writes = producing();
  const seen: string[] = [];
  const rack = RACKS[follower] as string;
  const reader = client.reader(orders, { follow: true, rack, onOffsetOutOfRange: "start" });
  const reading = (async () => {
    for await (const { value } of reader) seen.push(`${value}`);
  })().catch((error: unknown) => error);
  await until(() => seen.length >= 100);

  process.kill(cluster.broker(leader).pid, "SIGKILL");
  const before = seen.length;
  await until(() => seen.length >= before + 100);
  const acknowledged = await writes.stop();
  await until(() => seen.length >= acknowledged.length);

  expect(seen).toEqual(acknowledged);
  await reader.close();
  await reading;
});
