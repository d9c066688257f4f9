import { Client, type Consumer, serde, topic } from "@zoolog/client";
import { type BrokerProcess, callBroker } from "@zoolog/testkit";
import type { Measurement } from "./harness/measurement.ts";
import { startCluster } from "./harness/process-cluster.ts";

const BROKERS = 3;
/** As short as the coordinator lets it be, so that a death is noticed while we look. */
const SESSION_MS = 6_000;
/** One record for each partition. */
const WRITE_EVERY_MS = 100;
/** A pause that no reader notices, or that this machine makes anyway. */
const PAUSE_MS_MAX = 500;
const QUIET_MS = 4_000;
/** Longer than anything here takes; a hang is told as one. */
const PATIENCE_MS = 60_000;
const POLL_MS = 5;

/**
 * What the members of a group notice when it changes and when its coordinator dies: three brokers,
 * three ZooKeeper servers and all members on this machine.
 */
export async function measureGroupRebalances(): Promise<Measurement[]> {
  const { brokers, urls, close } = await startCluster({
    brokers: BROKERS,
    zookeepers: 3,
    settings: { "group.consumer.session.timeout.ms": SESSION_MS },
  });
  const admin = new Client({ brokers: urls });
  try {
    return [
      ...(await measureManyPartitions(urls, admin)),
      ...(await measureBusyGroup(urls, admin, brokers)),
    ];
  } finally {
    await admin.close();
    await close();
  }
}

/** Ten members of 1,000 partitions: from the trigger until each partition has its one member. */
async function measureManyPartitions(urls: string[], admin: Client): Promise<Measurement[]> {
  const group = new Group(urls, { group: "many", topic: "many", partitions: 1_000 });
  await admin.admin.createTopic({ topic: "many", partitions: 1_000, replicationFactor: 1 });
  const settled = async (change: () => unknown, members: number): Promise<number> => {
    const began = performance.now();
    change();
    await until(`${members} members share the partitions`, () => group.isBalanced(members));
    return performance.now() - began;
  };
  try {
    const start = await settled(() => {
      for (let i = 0; i < 10; i++) group.join();
    }, 10);
    const givenOut = group.givenOut;
    const left = await settled(() => group.leave(), 9);
    const joined = await settled(() => group.join(), 10);
    return [
      rebalance("10 join an empty group", start),
      {
        name: "of 1,000 partitions, given out while 10 join an empty group",
        value: givenOut,
        unit: "",
      },
      rebalance("one of 10 leaves", left, 2_000),
      rebalance("a tenth joins", joined, 2_000),
    ];
  } finally {
    await group.close();
  }
}

function rebalance(what: string, value: number, valueMax?: number): Measurement {
  return {
    name: `rebalance of 1,000 partitions, ${what}`,
    value,
    unit: "ms",
    ...(valueMax === undefined ? {} : { bar: { valueMax } }),
  };
}

/** Twenty members of 100 partitions, which are written to all the time. */
async function measureBusyGroup(
  urls: string[],
  admin: Client,
  brokers: readonly BrokerProcess[],
): Promise<Measurement[]> {
  const group = new Group(urls, { group: "busy", topic: "busy", partitions: 100 });
  await admin.admin.createTopic({ topic: "busy", partitions: 100, replicationFactor: 3 });
  for (let i = 0; i < 20; i++) group.join();
  await until("20 members share the partitions", () => group.isBalanced(20));
  const writer = new Writer(admin, group);
  try {
    await until("records of all partitions come", () => group.seen.size === 100);
    const quiet = await group.longestPause(() => wait(QUIET_MS));
    const joined = await group.longestPause(async () => {
      group.join();
      await until("the new member has its share", () => group.isBalanced(21));
      await wait(1_000);
    });
    const died = await group.longestPause(async () => {
      await joinAndDie(admin, brokers, group);
      await until("its partitions are back", () => group.isBalanced(21));
      await wait(1_000);
    });
    const repeatedBefore = group.repeated;

    const before = await admin.admin.groups.describe("busy");
    const committed = await committedOffsets(admin);
    const coordinator = (await admin.admin.groups.coordinators(["busy"])).get("busy") ?? 0;
    const killed = await group.longestPause(async () => {
      await brokers[coordinator - 1]?.kill("SIGKILL");
      await wait(QUIET_MS);
    });
    const after = await admin.admin.groups.describe("busy");
    const kept = await committedOffsets(admin);
    const lost = [...committed].filter(([p, offset]) => (kept.get(p) ?? 0) < offset).length;
    const rebalances =
      Number("epoch" in after && after.epoch) - Number("epoch" in before && before.epoch);
    const pauseMsMax = Math.max(PAUSE_MS_MAX, 2 * quiet.staying);
    return [
      pause("no change", quiet.staying),
      pause("of partitions that stay, one joins 20", joined.staying, pauseMsMax),
      pause("of partitions that stay, one of 22 dies", died.staying, pauseMsMax),
      count("records repeated while one joins and one dies", repeatedBefore),
      pause("of any partition, the coordinator is killed", killed.all, 1_500),
      count("rebalances when the coordinator is killed", rebalances),
      count("commits lost when the coordinator is killed", lost),
      count("records repeated when the coordinator is killed", group.repeated - repeatedBefore),
      count("records skipped", group.skipped),
    ];
  } finally {
    await writer.close();
    await group.close();
  }
}

function pause(what: string, value: number, valueMax?: number): Measurement {
  const bar = valueMax === undefined ? {} : { bar: { valueMax } };
  return { name: `longest pause, 20 members, ${what}`, value, unit: "ms", ...bar };
}

function count(what: string, value: number): Measurement {
  return { name: what, value, unit: "", bar: { valueMax: 0 } };
}

async function committedOffsets(admin: Client): Promise<Map<number, number>> {
  const offsets = await admin.admin.groups.offsets("busy");
  return new Map(offsets.map(({ partition, offset }) => [partition, offset]));
}

/** A member that is given partitions and then is heard no more. */
async function joinAndDie(
  admin: Client,
  brokers: readonly BrokerProcess[],
  group: Group,
): Promise<void> {
  const id = (await admin.admin.groups.coordinators(["busy"])).get("busy") ?? 0;
  const url = brokers[id - 1]?.url ?? "";
  let memberEpoch = 0;
  let partitions = 0;
  await until("the member that is to die has partitions", async () => {
    const isJoin = memberEpoch === 0;
    const { body } = await callBroker(url, "consumer-group-heartbeat", {
      ...{ groupId: "busy", memberId: "mortal", memberEpoch },
      ...(isJoin ? { rebalanceTimeoutMs: 60_000, subscribedTopics: ["busy"], owned: [] } : {}),
    });
    const answer = body as { memberEpoch: number; assignment?: { partitions: number[] }[] };
    memberEpoch = answer.memberEpoch;
    partitions = answer.assignment?.[0]?.partitions.length ?? partitions;
    return partitions > 0;
  });
  await until("others have given them up", () => !group.isBalanced(21));
}

type Seen = { at: number; offset: number; longestMs: number };

/** The members of one group and what they see, as if each were a process. */
class Group {
  readonly seen = new Map<number, Seen>();
  /** Partitions, each time that a member got one. */
  givenOut = 0;
  repeated = 0;
  skipped = 0;
  readonly topic: string;
  readonly partitions: number;
  readonly #urls: string[];
  readonly #group: string;
  readonly #members: { readonly client: Client; readonly consumer: Consumer<string, string> }[] =
    [];
  readonly #moved = new Set<number>();

  constructor(urls: string[], options: { group: string; topic: string; partitions: number }) {
    this.#urls = urls;
    this.#group = options.group;
    this.topic = options.topic;
    this.partitions = options.partitions;
  }

  join(): void {
    const client = new Client({ brokers: this.#urls });
    const moved = (partitions: readonly { readonly partition: number }[]): void => {
      for (const { partition } of partitions) this.#moved.add(partition);
    };
    const consumer = client.consumer({
      group: this.#group,
      topics: [topic(this.topic, { key: serde.string(), value: serde.string() })],
      from: "latest",
      commitIntervalMs: 200,
      onAssigned: (partitions) => {
        this.givenOut += partitions.length;
        moved(partitions);
      },
      ...{ onRevoked: moved, onLost: moved },
    });
    this.#members.push({ client, consumer });
    const read = async (): Promise<void> => {
      for await (const { partition, offset } of consumer) this.#saw(partition, offset);
    };
    read().catch((error: unknown) => {
      if (this.#members.some((member) => member.consumer === consumer)) console.error(error);
    });
  }

  leave(): void {
    const member = this.#members.shift();
    void member?.consumer.close().then(() => member.client.close());
  }

  async close(): Promise<void> {
    const members = this.#members.splice(0);
    await Promise.all(
      members.map(async ({ client, consumer }) => {
        await consumer.close();
        await client.close();
      }),
    );
  }

  isBalanced(members: number): boolean {
    const sizes = this.#members.map(({ consumer }) => consumer.assignment().length);
    const all = sizes.reduce((sum, size) => sum + size, 0);
    return (
      sizes.length === members &&
      all === this.partitions &&
      Math.max(...sizes) - Math.min(...sizes) <= 1
    );
  }

  /** Of all partitions, and of those that no member gave up or got, while `happen` takes place. */
  async longestPause(happen: () => Promise<void>): Promise<{ all: number; staying: number }> {
    const from = performance.now();
    this.#moved.clear();
    for (const seen of this.seen.values()) Object.assign(seen, { longestMs: 0 });
    await happen();
    const now = performance.now();
    const pauses = [...this.seen].map(([partition, { at, longestMs }]) => ({
      partition,
      longest: Math.max(longestMs, now - Math.max(from, at)),
    }));
    const staying = pauses.filter(({ partition }) => !this.#moved.has(partition));
    const longest = (of: typeof pauses) => Math.max(0, ...of.map((one) => one.longest));
    return { all: longest(pauses), staying: longest(staying) };
  }

  #saw(partition: number, offset: number): void {
    const now = performance.now();
    const seen = this.seen.get(partition);
    if (seen === undefined) {
      this.seen.set(partition, { at: now, offset, longestMs: 0 });
      return;
    }
    if (offset <= seen.offset) this.repeated += 1;
    else if (offset > seen.offset + 1) this.skipped += 1;
    seen.longestMs = Math.max(seen.longestMs, now - seen.at);
    seen.at = now;
    seen.offset = Math.max(seen.offset, offset);
  }
}

/** Writes to each partition at an even pace. */
class Writer {
  readonly #timer: NodeJS.Timeout;
  readonly #closing: () => Promise<void>;

  constructor(client: Client, { topic: name, partitions }: Group) {
    const producer = client.producer({ lingerMs: 5 });
    const records = topic(name, { key: serde.string(), value: serde.string() });
    this.#timer = setInterval(() => {
      for (let partition = 0; partition < partitions; partition++) {
        producer.send(records, { value: "x", partition }).catch(console.error);
      }
    }, WRITE_EVERY_MS);
    this.#closing = () => producer.close();
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#closing();
  }
}

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const giveUpAt = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    if (performance.now() > giveUpAt) throw new Error(`not in time: ${what}`);
    await wait(POLL_MS);
  }
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
