import type { Operation } from "@zoolog/zookeeper";
import { SimulatedDisk } from "../../file-system/simulated-disk.ts";
import { seededRandom } from "../../seeded-random.ts";
import { RandomTree } from "../random-tree.ts";
import { BoundedQueues } from "./bounded-queues.ts";
import { FailedSyncs } from "./failed-syncs.ts";
import { HighWatermarks } from "./high-watermarks.ts";
import { unkeptCommits } from "./history-invariants.ts";
import type { SeenLeader } from "./leader-looks.ts";
import { Liveness } from "./liveness.ts";
import { NoLeaks } from "./no-leaks.ts";
import { OneController } from "./one-controller.ts";
import { OneCoordinator } from "./one-coordinator.ts";
import { OneLeader } from "./one-leader.ts";
import { OpenSessions } from "./open-sessions.ts";
import { OrderedEnds } from "./ordered-ends.ts";
import { PartitionStates, type WrittenState } from "./partition-states.ts";
import { Recovery } from "./recovery.ts";
import { StrongIsr } from "./strong-isr.ts";

const STATE: WrittenState = {
  ...{ partition: "t-0", topic: "t", index: 0, controllerEpoch: 1 },
  ...{ leader: 1, leaderEpoch: 4, isr: [1, 2], writtenAtMs: 100 },
};
const SEEN: SeenLeader = {
  ...{ partition: "t-0", topicId: "id", brokerId: 1, leaderEpoch: 4, highWatermark: 10 },
};

function write(path: string, content: unknown): Operation {
  return { type: "setData", path, data: Buffer.from(JSON.stringify(content)) };
}

/** A batch without records, as far as its header goes. */
function batch(baseOffset: number, records: number, payload: string): Buffer {
  const bytes = Buffer.alloc(61 + payload.length);
  bytes.writeBigInt64BE(BigInt(baseOffset), 0);
  bytes.writeInt32BE(bytes.length - 12, 8);
  bytes.writeInt32BE(records - 1, 23);
  bytes.write(payload, 61);
  return bytes;
}

async function diskWith(files: Readonly<Record<string, Buffer>>): Promise<SimulatedDisk> {
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  const fileSystem = disk.mount();
  for (const [path, bytes] of Object.entries(files)) {
    await fileSystem.makeDirectory(path.slice(0, path.lastIndexOf("/")));
    await (await fileSystem.open(path, "write")).write([bytes], 0);
  }
  return disk;
}

const LOG = "/data/t-0/00000000000000000000.log";

test("I11: a commit that was acknowledged, and that ZooKeeper never had, is noticed", () => {
  const commit = { at: 1, partition: 0, offset: 7 };
  const committed = { f: "committed", ...commit, zxid: 1 } as const;
  const acknowledged = { f: "acknowledged", member: "m", ...commit } as const;
  expect(unkeptCommits([committed, acknowledged])).toEqual([]);
  expect(unkeptCommits([acknowledged, committed])).toEqual(["7 of partition 0 by m"]);
  expect(unkeptCommits([committed, { ...acknowledged, offset: 6 }])).toHaveLength(1);
});

describe("I7: a member of the ISR", () => {
  async function violationsWith(
    first: Buffer[],
    second: Buffer[],
    deletedBelow = new Map<string, number>(),
  ): Promise<readonly string[]> {
    const disks = [first, second].map((batches) => diskWith({ [LOG]: Buffer.concat(batches) }));
    const hosts = (await Promise.all(disks)).map((disk, index) => ({
      ...{ brokerId: index + 1, registeredAtMs: 0, broker: {}, disk },
    }));
    const isr = new StrongIsr({ hosts, nowMs: () => 200, deletedBelow });
    isr.seen(SEEN);
    isr.look(STATE);
    return isr.violations;
  }

  test("that lacks what was committed is noticed", async () => {
    const whole = [batch(0, 6, "a"), batch(6, 4, "b")];
    await expect(violationsWith(whole, [batch(0, 6, "a")])).resolves.toHaveLength(1);
    await expect(violationsWith([batch(0, 6, "a")], whole)).resolves.toHaveLength(1);
  });

  test("that has other bytes is noticed, what is not committed may differ", async () => {
    const one = [batch(0, 6, "a"), batch(6, 4, "b"), batch(10, 1, "c")];
    const other = [batch(0, 6, "a"), batch(6, 4, "B"), batch(10, 1, "c")];
    await expect(violationsWith(one, other)).resolves.toHaveLength(1);
    const ahead = [batch(0, 6, "a"), batch(6, 4, "b"), batch(10, 1, "C")];
    await expect(violationsWith(one, ahead)).resolves.toEqual([]);
  });

  test("may keep anything where records were deleted", async () => {
    const one = [batch(0, 6, "a"), batch(6, 4, "b")];
    const other = [batch(0, 6, "A"), batch(6, 4, "b")];
    const below = (offset: number) => new Map([[STATE.partition, offset]]);
    await expect(violationsWith(one, other, below(6))).resolves.toEqual([]);
    await expect(violationsWith(one, other, below(0))).resolves.toHaveLength(1);
  });

  test("may be behind after an unclean election, which gives up what was committed", async () => {
    const disk = await diskWith({ [LOG]: batch(0, 6, "a") });
    const hosts = [{ brokerId: 3, registeredAtMs: 0, broker: {}, disk }];
    const isr = new StrongIsr({ hosts, nowMs: () => 200 });
    isr.seen(SEEN);
    isr.written({ ...STATE, isr: [3], leader: 3, leaderEpoch: 5 }, STATE);
    isr.look({ ...STATE, isr: [3], leader: 3, leaderEpoch: 5 });
    expect(isr.violations).toEqual([]);
  });
});

describe("I8: leaders", () => {
  test.each<[string, Partial<WrittenState>, number]>([
    ["two in one epoch", { leader: 2 }, 1],
    ["an earlier epoch", { leaderEpoch: 3 }, 1],
    ["one outside of its ISR", { leaderEpoch: 5, leader: 3 }, 1],
    ["the same with another ISR", { isr: [1] }, 0],
    ["another in the next epoch", { leaderEpoch: 5, leader: 2 }, 0],
  ])("%s", (_, change, violations) => {
    const invariant = new OneLeader();
    invariant.written({ ...STATE, ...change }, STATE);
    expect(invariant.violations).toHaveLength(violations);
  });

  test("two brokers that say they lead in one epoch", () => {
    const invariant = new OneLeader();
    invariant.seen(SEEN);
    invariant.seen({ ...SEEN, brokerId: 2, leaderEpoch: 5 });
    invariant.seen({ ...SEEN, topicId: "made anew", brokerId: 2 });
    expect(invariant.violations).toEqual([]);
    invariant.seen({ ...SEEN, brokerId: 2 });
    expect(invariant.violations).toHaveLength(1);
  });
});

describe("I9: a controller's write", () => {
  const path = "/brokers/topics/t/partitions/0/state";
  const fence: Operation = { type: "check", path: "/controller_epoch", version: 1 };

  test("without its fence", () => {
    const invariant = new OneController();
    invariant.written([fence, write(path, { controller_epoch: 1 })]);
    expect(invariant.violations).toEqual([]);
    invariant.written([write(path, { controller_epoch: 1 })]);
    expect(invariant.violations).toHaveLength(1);
  });

  test("after another was elected", () => {
    const invariant = new OneController();
    invariant.written([write("/controller_epoch", 2)]);
    invariant.written([fence, write(path, { controller_epoch: 1 })]);
    expect(invariant.violations).toHaveLength(1);
  });
});

describe("I9: the check of a coordinator", () => {
  type Applied = Parameters<OneCoordinator["applied"]>[0];
  type Transaction = Applied["logged"]["transaction"];
  type SessionId = NonNullable<Applied["sessionId"]>;
  const path = "/coordinators/7";
  const first = 51 as SessionId;
  const second = 52 as SessionId;

  let zxid = 0;
  let invariant = new OneCoordinator();

  /** Brokers of epochs 1 and 2, the first of which coordinates the slot. */
  beforeEach(() => {
    zxid = 0;
    invariant = new OneCoordinator();
    for (const owner of [first, second]) {
      const znode = { path: `/brokers/ids/${zxid}`, data: undefined, owner, acl: [] };
      const create = { type: "create", ...znode, isContainer: false, parentCreations: 1 } as const;
      applied({ type: "multi", changes: [create] }, owner);
    }
    give(1);
  });

  function applied(transaction: Transaction, sessionId?: SessionId): void {
    zxid += 1;
    invariant.applied({ logged: { zxid, time: 0, transaction }, sessionId });
  }

  function give(epoch: number): void {
    const data = Buffer.from(JSON.stringify({ broker_epoch: epoch }));
    applied({ type: "setData", path, data, version: epoch });
  }

  function violationsOf(sessionId: SessionId): number {
    applied({ type: "multi", changes: [{ type: "check", path }] }, sessionId);
    return invariant.violations.length;
  }

  test("passes for the one that the slot is given to", () => {
    expect(violationsOf(first)).toBe(0);
    give(2);
    expect(violationsOf(second)).toBe(0);
  });

  test("that has a successor", () => {
    give(2);
    expect(violationsOf(first)).toBe(1);
  });

  test("whose session is over", () => {
    applied({ type: "closeSession", sessionId: first, paths: [] });
    expect(violationsOf(first)).toBe(1);
  });
});

describe("I10: a high watermark", () => {
  test("that falls while one broker leads", () => {
    const invariant = new HighWatermarks();
    invariant.seen(SEEN);
    invariant.seen({ ...SEEN, brokerId: 2, leaderEpoch: 5, highWatermark: 8 });
    expect(invariant.violations).toEqual([]);
    invariant.seen({ ...SEEN, brokerId: 2, leaderEpoch: 5, highWatermark: 7 });
    expect(invariant.violations).toHaveLength(1);
  });

  test("below which a follower cuts", () => {
    const invariant = new HighWatermarks();
    const fields = { topicPartition: "t-0", brokerId: 2, to: 4, highWatermark: 6 };
    invariant.logged("log diverged", fields);
    expect(invariant.violations).toEqual([]);
    invariant.logged("log is cut below the high watermark", fields);
    expect(invariant.violations).toHaveLength(1);
  });
});

test("I1: a sync that is tried again after it has failed", async () => {
  const invariant = new FailedSyncs();
  const disk = new SimulatedDisk({}, { random: seededRandom(1) });
  disk.onLostPagesSynced = (path) => invariant.lostPagesSynced("broker-1", path);
  const file = await disk.mount().open("/file", "write");
  await file.write([Buffer.from("a")], 0);
  disk.inject({ effect: "EIO", operations: ["datasync"] });
  await expect(file.datasync()).rejects.toThrow("EIO");
  expect(invariant.violations).toEqual([]);
  await file.datasync();
  expect(invariant.violations).toHaveLength(1);
  await file.write([Buffer.from("b")], 0);
  await file.datasync();
  expect(invariant.violations).toHaveLength(1);
});

describe("I12: a broker", () => {
  test("that does not start, or work that fails unheard", async () => {
    const invariant = new OrderedEnds([{ name: "broker-1", failures: ["BROKER_ID_TAKEN"] }]);
    invariant.logged("segment rolled", { error: "no" });
    const full = "the volume of /data has 0 bytes left for records";
    invariant.logged("background task failed", { task: "flush logs", error: full });
    expect(invariant.violations).toEqual([]);
    invariant.logged("background task failed", {
      task: "flush",
      error: "undefined is no function",
    });
    invariant.logged("replica failed", { error: "assertion failed: the log has an end" });
    await invariant.atEnd();
    expect(invariant.violations).toHaveLength(3);
  });
});

describe("I13: a start", () => {
  const checkpoint = "/data/recovery-point-offset-checkpoint";
  const batches = [batch(0, 6, "a"), batch(6, 4, "b")];

  test.each([
    ["that cuts what was synced", 10, 1],
    ["that cuts what was not", 6, 0],
  ])("%s", async (_, recoveryPoint, violations) => {
    const disk = await diskWith({
      [LOG]: Buffer.concat(batches),
      [checkpoint]: Buffer.from(`0\n1\nt 0 ${recoveryPoint}\n`),
    });
    const host = { name: "broker-1", brokerId: 1, disk };
    const invariant = new Recovery({ random: new RandomTree(1) });
    invariant.starting(host);
    disk.corrupt(LOG, (bytes) => bytes.subarray(0, batches[0]?.length));
    invariant.started(host);
    expect(invariant.violations).toHaveLength(violations);
  });

  test("that finds the topic deleted and made anew owes nothing of the former one", async () => {
    const metadata = LOG.replace(/[^/]+$/, "partition.metadata");
    const disk = await diskWith({
      [LOG]: Buffer.concat(batches),
      [metadata]: Buffer.from("the former"),
      [checkpoint]: Buffer.from("0\n1\nt 0 10\n"),
    });
    const host = { name: "broker-1", brokerId: 1, disk };
    const invariant = new Recovery({ random: new RandomTree(1) });
    invariant.starting(host);
    disk.corrupt(LOG, () => Buffer.alloc(0));
    disk.corrupt(metadata, () => Buffer.from("the later one"));
    invariant.started(host);
    expect(invariant.violations).toEqual([]);
  });
});

test("I14: what does not come to its end", () => {
  const invariant = new Liveness();
  invariant.stuck("a partition has no leader");
  expect(invariant.violations).toHaveLength(1);
});

test("I15: a queue without bounds", () => {
  const schedule = { pending: 900, observe: () => {} };
  const invariant = new BoundedQueues({ schedule });
  invariant.look();
  expect(invariant.violations).toEqual([]);
  schedule.pending = 100_000;
  invariant.look();
  expect(invariant.violations).toHaveLength(1);
});

test("I16: what a broker leaves behind", () => {
  const invariant = new NoLeaks();
  const nothing = { host: "broker-1", openFiles: [], waitsFor: [], isListening: false };
  invariant.left(nothing);
  invariant.leftInZooKeeper({ watches: 0, sessions: [] });
  expect(invariant.violations).toEqual([]);
  invariant.left({ ...nothing, openFiles: ["/file"] });
  invariant.left({ ...nothing, waitsFor: ["timer"] });
  invariant.left({ ...nothing, isListening: true });
  invariant.leftInZooKeeper({ watches: 1, sessions: ["1"] });
  expect(invariant.violations).toHaveLength(5);
});

test("I17: a session of nobody", () => {
  const invariant = new OpenSessions();
  invariant.opened(4);
  invariant.opened(5);
  invariant.closed(4);
  invariant.look(1);
  expect(invariant.violations).toEqual([]);
  invariant.look(0);
  expect(invariant.violations).toHaveLength(1);
});

test("partition states end with their topic, and tell which topic has the name", () => {
  const source = { writeListeners: [] as ((operations: readonly Operation[]) => void)[] };
  const states = new PartitionStates({ ...source, schedule: { nowMs: 5 } });
  const apply = (...operations: Operation[]): void => {
    for (const listener of source.writeListeners) listener(operations);
  };
  const path = "/brokers/topics/t/partitions/0/state";
  apply(
    write("/brokers/topics/t", { topic_id: "first" }),
    write(path, { controller_epoch: 1, leader: -1, leader_epoch: 0, isr: [1] }),
  );
  expect(states.topicId("t")).toBe("first");
  expect(states.of("t-0")).toMatchObject({ leader: undefined, isr: [1], writtenAtMs: 5 });
  apply({ type: "remove", path });
  expect(states.of("t-0")).toBeUndefined();
});
