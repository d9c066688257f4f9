import { brokerId, leaderEpoch } from "@zoolog/base";
import type { TopicDescription } from "@zoolog/client";
import { type ClusterFacts, findingsOf, isHealthy } from "./findings.ts";

type Partition = TopicDescription["partitions"][number];

const broker = (id: number, more: Partial<ClusterFacts["brokers"][number]> = {}) => ({
  brokerId: id,
  url: `http://broker:${8_000 + id}`,
  ready: true,
  reasons: [],
  ...more,
});

function topic(
  partition: Partial<Record<keyof Partition, unknown>>,
  configs = {},
): TopicDescription {
  const ids = [1, 2, 3].map(brokerId);
  const whole = {
    partition: 0,
    leader: ids[0],
    leaderEpoch: leaderEpoch(1),
    replicas: ids,
    isr: ids,
    offlineReplicas: [],
    ...partition,
  } as Partition;
  return {
    topic: "orders",
    topicId: "x" as never,
    isInternal: false,
    partitions: [whole],
    configs,
  };
}

const WELL: ClusterFacts = {
  controllerId: 1,
  brokers: [broker(1), broker(2), broker(3)],
  topics: [topic({})],
  slotsProbed: 512,
  slotsWithoutCoordinator: 0,
  groups: [],
  stuckGroups: [],
  lags: [],
  unknown: [],
};

const judge = (facts: Partial<ClusterFacts>) =>
  findingsOf({ ...WELL, ...facts }, { lagMs: 60_000 });

test("a cluster that is well has no findings", () => {
  expect(judge({})).toEqual([]);
  expect(isHealthy(judge({}))).toBe(true);
});

const GIB = 2 ** 30;
const twoBrokers = [broker(1), broker(2)];
const ids = (...list: number[]) => list.map(brokerId);
const listed = { type: "consumer", members: 2, coordinator: brokerId(1) } as const;

test.each<[string, Partial<ClusterFacts>, string, string]>([
  ["no controller", { controllerId: undefined }, "critical", "no broker is the controller"],
  [
    "a silent broker",
    { brokers: [broker(1), broker(2), broker(3, { silent: "timed out" })] },
    "critical",
    "broker 3 is registered and does not answer",
  ],
  ["a missing broker", { brokers: twoBrokers }, "warning", "broker 3 is missing; 1 replica"],
  [
    "what a broker says itself",
    { brokers: [broker(1, { reasons: ["ZooKeeper does not answer."] }), broker(2), broker(3)] },
    "warning",
    "broker 1: ZooKeeper does not answer.",
  ],
  [
    "an offline partition",
    { topics: [topic({ leader: undefined, isr: ids(3), offlineReason: "no disk" })] },
    "critical",
    "orders-0 has no leader: no disk",
  ],
  [
    "an ISR below its minimum",
    {
      topics: [topic({ isr: ids(1) }, { "min.insync.replicas": { value: "2", source: "topic" } })],
    },
    "critical",
    "1 partition below min.insync.replicas: orders-0",
  ],
  [
    "fewer replicas than the minimum",
    {
      topics: [
        topic(
          { isr: ids(1), replicas: ids(1) },
          { "min.insync.replicas": { value: "2", source: "topic" } },
        ),
      ],
    },
    "critical",
    "1 partition with fewer replicas than min.insync.replicas: orders-0",
  ],
  [
    "an under-replicated partition",
    { topics: [topic({ isr: ids(1, 2) })] },
    "warning",
    "1 partition under-replicated: orders-0; not in sync: broker 3",
  ],
  [
    "slots without coordinator",
    { slotsWithoutCoordinator: 8 },
    "critical",
    "8 of 512 groups that were asked for have no coordinator",
  ],
  [
    "a group that does not get out of a rebalance",
    { stuckGroups: [{ group: "billing", state: "preparingRebalance", ...listed }] },
    "warning",
    "group billing is still in preparingRebalance with 2 members",
  ],
  [
    "a group that is far behind",
    {
      lags: [
        {
          group: "billing",
          state: "stable",
          topics: [],
          lag: 1_000,
          lagMs: 120_000,
          unanswered: 0,
        },
      ],
    },
    "warning",
    "group billing is 1,000 records, 2m 0s behind",
  ],
  [
    "a group that nobody reads for",
    { lags: [{ group: "old", state: "empty", topics: [], lag: 5, lagMs: 120_000, unanswered: 0 }] },
    "note",
    "group old is 5 records, 2m 0s behind, and nobody reads",
  ],
  [
    "a full disk",
    {
      brokers: [broker(1, { diskFreeBytes: 2 ** 30 }), broker(2), broker(3)],
    },
    "warning",
    "the disk of broker 1 is nearly full: 1.0 GiB free",
  ],
  [
    "a large disk of which little is left",
    {
      brokers: [
        broker(1, { diskFreeBytes: 15 * GIB, diskTotalBytes: 100 * GIB }),
        broker(2, { diskFreeBytes: 16 * GIB, diskTotalBytes: 100 * GIB }),
        broker(3),
      ],
    },
    "warning",
    "the disk of broker 1 is nearly full: 15 GiB free of 100 GiB (85 % used)",
  ],
  [
    "a disk with hardly more than its broker keeps free",
    {
      brokers: [
        broker(1, { diskFreeBytes: 11 * GIB, diskReservedBytes: 10 * GIB }),
        broker(2, { diskFreeBytes: 12 * GIB, diskReservedBytes: 10 * GIB }),
        broker(3),
      ],
    },
    "warning",
    "the disk of broker 1 is nearly full: 11 GiB free, 10 GiB of it reserved",
  ],
  [
    "a session that is away",
    { brokers: [broker(1, { zookeeper: "suspended" }), broker(2), broker(3)] },
    "critical",
    "the ZooKeeper session of broker 1 is suspended",
  ],
  [
    "clocks that differ",
    {
      brokers: [
        broker(1, { clockOffsetMs: 0 }),
        broker(2, { clockOffsetMs: 60_000 }),
        broker(3, { clockOffsetMs: 0 }),
      ],
    },
    "warning",
    "clocks of brokers are 1m 0s apart",
  ],
  [
    "leaders away from home",
    { topics: [topic({ leader: brokerId(2) })] },
    "note",
    "1 partition not led by the preferred replica",
  ],
  [
    "a topic with one replica",
    { topics: [topic({ replicas: ids(1), isr: ids(1) })] },
    "note",
    "1 topic with one replica only: orders",
  ],
  ["what could not be asked", { unknown: ["groups (gone)"] }, "warning", "not looked at: groups"],
])("%s is found, with why and what to do", (_, facts, severity, what) => {
  const found = judge(facts).find((finding) => finding.what.startsWith(what));

  expect(found).toMatchObject({ severity });
  expect(found?.why).toMatch(/\S/);
  expect(found?.todo).toMatch(/\S/);
  expect(isHealthy(judge(facts))).toBe(severity === "note");
});

test.each([
  ["one that says not how large it is", { diskFreeBytes: 2 * GIB }],
  ["one with room above its reserve", { diskFreeBytes: 12 * GIB, diskReservedBytes: 10 * GIB }],
  ["one that is used by 84 %", { diskFreeBytes: 16 * GIB, diskTotalBytes: 100 * GIB }],
])("a disk with room is no finding: %s", (_, disk) => {
  expect(judge({ brokers: [broker(1, disk), broker(2), broker(3)] })).toEqual([]);
});

test("the worst stands first", () => {
  const severities = judge({
    controllerId: undefined,
    topics: [topic({ leader: brokerId(2) })],
    brokers: [...twoBrokers, broker(4)],
  }).map(({ severity }) => severity);

  expect(severities).toEqual(["critical", "warning", "note"]);
});

test("who is told to elect uncleanly has somebody to elect", () => {
  const todoOf = (replicas: readonly number[]) => {
    const offline = { leader: undefined, isr: ids(1), replicas: ids(...replicas) };
    const findings = judge({ topics: [topic(offline)] });
    return findings.find(({ what }) => what.includes("has no leader"))?.todo;
  };

  expect(todoOf([1, 2])).toContain("elect-leaders --unclean --topic orders:0");
  expect(todoOf([1])).toContain("nobody else has a copy");
  expect(todoOf([1])).not.toContain("--unclean");
});
