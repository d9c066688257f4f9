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

test("a broker that Kafka clients cannot reach is found, with what it leads and how to mend it", () => {
  const kafka = { kafkaListeners: ["KAFKA"] };
  const without = { kafkaListeners: [] };
  const facts = { brokers: [broker(1, kafka), broker(2, without), broker(3, without)] };

  const found = judge({ ...facts, topics: [topic({ leader: brokerId(2) })] });

  expect(found.filter(({ what }) => what.includes("Kafka"))).toEqual([
    {
      what: "brokers 2, 3 have no listener KAFKA, which other brokers have: Kafka clients cannot reach them",
      severity: "warning",
      why: "the partition that they lead has no leader for those clients, and groups that they coordinate no coordinator",
      todo: "Start them with kafka.enabled=true and a kafka.port.",
    },
  ]);
});

test("each listener by name is looked at", () => {
  const both = { kafkaListeners: ["KAFKA", "EXTERNAL"] };
  const facts = {
    brokers: [broker(1, both), broker(2, both), broker(3, { kafkaListeners: ["KAFKA"] })],
  };

  expect(judge(facts)).toMatchObject([
    {
      what: expect.stringMatching(/^broker 3 has no listener EXTERNAL/),
      todo: "Name EXTERNAL in its kafka.listeners and start it again.",
    },
  ]);
});

test.each([
  ["nowhere", [[], [], []]],
  ["everywhere", [["KAFKA"], ["KAFKA"], ["KAFKA"]]],
  ["where a broker does not say", [["KAFKA"], ["KAFKA"], undefined]],
])("Kafka's protocol %s is no finding", (_, listeners) => {
  const brokers = listeners.map((kafkaListeners, index) => broker(index + 1, { kafkaListeners }));

  expect(judge({ brokers })).toEqual([]);
});

test.each([
  [["KAFKA"], "warning"],
  [["KAFKA", "EXTERNAL"], "note"],
])(
  "a host for Kafka clients that has no address here is a finding: of %s a %s",
  (names, severity) => {
    const lost = { listener: "KAFKA", host: "kafka.invalid" };
    const brokers = [
      broker(1, { kafkaListeners: names, unresolvedKafka: [lost] }),
      broker(2),
      broker(3),
    ];

    expect(judge({ brokers })).toMatchObject([
      {
        what: expect.stringMatching(/^broker 1 .* listener KAFKA to kafka\.invalid/),
        severity,
        todo: expect.stringMatching(/^Set kafka\.advertised\.host to a name that clients resolve/),
      },
    ]);
  },
);

test("the worst stands first", () => {
  const severities = judge({
    controllerId: undefined,
    topics: [topic({ leader: brokerId(2) })],
    brokers: [...twoBrokers, broker(4)],
  }).map(({ severity }) => severity);

  expect(severities).toEqual(["critical", "warning", "note"]);
});

test("a topic with fewer replicas than its minimum is well when all are in sync", () => {
  const configs = { "min.insync.replicas": { value: "2", source: "topic" } };
  const solo = topic({ isr: ids(1), replicas: ids(1) }, configs);

  expect(isHealthy(judge({ topics: [solo] }))).toBe(true);
});

describe("what to do where nobody leads", () => {
  const todoOf = (partition: Parameters<typeof topic>[0], brokers = twoBrokers) => {
    const findings = judge({ brokers, topics: [topic({ leader: undefined, ...partition })] });
    return findings.find(({ what }) => what.includes("has no leader"))?.todo;
  };

  test("a broker that is gone is started", () => {
    const todo = todoOf({ isr: ids(3), offlineReplicas: ids(3) });

    expect(todo).toContain("Start broker 3.");
    expect(todo).toContain("elect-leaders --unclean --topic orders:0");
  });

  test("the files of the only copy are restored, and nobody is told to elect it", () => {
    const todo = todoOf({ isr: ids(1), replicas: ids(1), offlineReplicas: ids(1) });

    expect(todo).toContain("Restore the files of orders-0 on broker 1");
    expect(todo).not.toContain("--unclean");
  });

  test("the right folder is mounted where an older one was found", () => {
    const offlineReason = "broker 1 came back with an older data folder than the one it ran on";
    const todo = todoOf({ isr: ids(1), replicas: ids(1), offlineReason });

    expect(todo).toContain("Stop broker 1, mount the data folder that it ran on last, start it.");
    expect(todo).toContain("--unclean");
  });
});

test("what a missing broker leaves under-replicated is told of with it, not twice", () => {
  const findings = judge({ brokers: twoBrokers, topics: [topic({ isr: ids(1, 2) })] });

  expect(findings.map(({ what }) => what)).toEqual([
    "broker 3 is missing; 1 replica should be there",
  ]);
});

test("an outage of ZooKeeper is one finding", () => {
  const reasons = ["ZooKeeper does not answer."];
  const findings = judge({
    brokers: [1, 2, 3].map((id) => broker(id, { reasons, zookeeper: "suspended" })),
    slotsWithoutCoordinator: 512,
    controllerId: undefined,
    unknown: ["groups (ZooKeeper is away)"],
  });

  expect(findings).toMatchObject([
    {
      what: "the ZooKeeper sessions of brokers 1, 2, 3 are suspended",
      why: expect.stringContaining("not looked at: groups (ZooKeeper is away)") as string,
    },
  ]);
});

test("a group that retention has overtaken is found, and how it goes on", () => {
  const partition = {
    partition: 0,
    committed: 42,
    logStartOffset: 189,
    highWatermark: 228,
    lag: 39,
  };
  const topics = [{ topic: "orders", partitions: [partition] }] as never;
  const lags = [{ group: "billing", state: "empty", topics, lag: 39, unanswered: 0 }] as const;

  expect(judge({ lags })).toMatchObject([
    {
      what: "group billing has not read 147 records that are deleted (orders-0: committed 42, log start 189)",
      severity: "warning",
      todo: expect.stringContaining("zoolog group reset billing --to-current --execute") as string,
    },
  ]);
});
