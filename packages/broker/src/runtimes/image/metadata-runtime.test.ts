import {
  brokerEpoch,
  brokerId,
  controllerEpoch,
  silentLogger,
  type TopicId,
  timestamp,
  topicPartitionKey,
  ZoologError,
} from "@zoolog/base";
import {
  applyAll,
  type ControllerEvent,
  type ControllerState,
  decide,
  loadController,
  type ReplicasOfflineEvent,
} from "@zoolog/controller";
import { ReplicaManager } from "@zoolog/replication";
import { ManualTime, MemoryPartitionLog, sampleControllerSettings } from "@zoolog/testkit";
import { parseBrokerConfig } from "../../config/config.ts";
import { partitionConfigOf } from "../../config/topic-settings.ts";
import { MetadataCache } from "./metadata-cache.ts";
import { MetadataRuntime } from "./metadata-runtime.ts";

const ME = brokerId(1);
const MY_EPOCH = brokerEpoch(11);

const config = parseBrokerConfig([
  {
    from: "test",
    settings: { "broker.id": 1, "data.dir": "/data", "zookeeper.connect": "localhost" },
  },
]);

/** The real controller core, without a store: decisions are applied at once. */
class Cluster {
  state: ControllerState;

  constructor(epoch = 1) {
    const registered = (id: number) => ({
      brokerId: brokerId(id),
      brokerEpoch: brokerEpoch(10 + id),
      incarnation: `incarnation-${id}`,
      endpoints: [],
      rack: undefined,
      boot: "clean" as const,
    });
    this.state = loadController(
      {
        clusterId: "c",
        controllerId: ME,
        controllerEpoch: controllerEpoch(epoch),
        brokers: [registered(1), registered(2)],
        topics: [],
        brokerConfigs: [],
        deletedTopics: [],
        unreadableTopics: [],
        coordinators: [],
      },
      sampleControllerSettings(),
    );
  }

  get image() {
    return this.state.image;
  }

  decide(event: ControllerEvent): void {
    const { records } = decide(this.state, event, timestamp(0));
    this.state = applyAll(this.state, records);
  }

  create(name: string, id: string, replicas: number[][] = [[1]]): TopicId {
    const topicId = id.padEnd(22, "A") as TopicId;
    this.decide({
      type: "createTopics",
      requestId: 1,
      validateOnly: false,
      topics: [
        {
          name,
          topicId,
          partitions: undefined,
          replicationFactor: undefined,
          assignment: replicas.map((ids) => ids.map(brokerId)),
          configs: {},
          assignmentStart: 0,
        },
      ],
    });
    return topicId;
  }
}

function setUp() {
  const time = new ManualTime();
  const opened: string[] = [];
  const faults = new Map<string, Error>();
  const reports: Omit<ReplicasOfflineEvent, "requestId">[] = [];
  const confirmed: TopicId[] = [];
  const deletedLogs: TopicId[] = [];
  const unreachable = { controller: false, disk: false };
  const life = { brokerEpoch: MY_EPOCH };
  const cache = new MetadataCache({ brokerId: ME }, time);
  const replicas = new ReplicaManager(
    {
      brokerId: ME,
      parkedMax: 10,
      fetchBytesMax: 1_000,
      lagTimeMaxMs: 30_000,
      selectsByRack: true,
      fetcher: { partitionMaxBytes: 1_000, responseMaxBytes: 1_000, maxWaitMs: 500, minBytes: 1 },
    },
    {
      logs: {
        startOver: () => Promise.reject(new Error("no log starts over here")),
        getOrCreate: async (topicPartition) => {
          const key = topicPartitionKey(topicPartition);
          opened.push(key);
          const log = new MemoryPartitionLog();
          log.failWith(faults.get(key));
          return log;
        },
      },
      clock: time.clock,
      scheduler: time.scheduler,
      logger: silentLogger,
      authority: () => "lease",
      isrChanges: { request: () => {} },
      peers: { replicate: () => Promise.reject(new Error("there is no other broker")) },
      whereIs: (topicPartition) => cache.whereIs(topicPartition),
      onReplicaFailed: () => runtime.wake(),
    },
  );
  const runtime: MetadataRuntime = new MetadataRuntime(
    { brokerId: ME },
    {
      cache,
      replicas,
      configOf: (topic) => partitionConfigOf(topic.configs, config),
      deleteLogs: async ({ topicId }) => {
        if (unreachable.disk) throw new Error("the disk does not delete");
        deletedLogs.push(topicId);
      },
      brokerEpoch: () => life.brokerEpoch,
      reportOffline: async (report) => {
        if (unreachable.controller) throw new Error("no controller");
        reports.push(report);
      },
      confirmDeleted: async (topicIds) => void confirmed.push(...topicIds),
      scheduler: time.scheduler,
      logger: silentLogger,
    },
  );
  const roles = () =>
    Object.fromEntries([...replicas.partitions].map(([key, { state }]) => [key, state.role]));
  return {
    time,
    runtime,
    replicas,
    cache,
    opened,
    faults,
    reports,
    confirmed,
    deletedLogs,
    unreachable,
    life,
    roles,
    settle: () => time.advanceAndSettle(0),
  };
}

describe("a leadership that was given to this broker under another registration", () => {
  test("is not taken up by a process that was started since", async () => {
    const { life, roles, runtime, settle } = setUp();
    const cluster = new Cluster();
    cluster.create("pair", "p", [
      [1, 2],
      [2, 1],
    ]);
    life.brokerEpoch = brokerEpoch(21);

    runtime.follow(cluster.image);
    await settle();
    expect(roles()).toEqual({ "pair-1": "follower" });

    const { brokers } = cluster.image;
    const anew = { ...brokers.get(ME)!, brokerEpoch: life.brokerEpoch };
    cluster.decide({ type: "brokersObserved", brokers: [anew, brokers.get(brokerId(2))!] });
    runtime.follow(cluster.image);
    await settle();
    expect(roles()["pair-0"]).toBe("leader");
    expect(cluster.image.topics.get("pair")?.partitions[0]?.leaderEpoch).toBe(1);
  });

  test("goes on in the process that has it, whose session is a new one", async () => {
    const { life, replicas, roles, runtime, settle } = setUp();
    const cluster = new Cluster();
    cluster.create("mine", "m", [[1]]);
    runtime.follow(cluster.image);
    await settle();

    life.brokerEpoch = brokerEpoch(21);
    const { image } = cluster;
    const configured = { ...image.topics.get("mine")!, configs: { "min.insync.replicas": "2" } };
    const topics = new Map([["mine", configured]]);
    runtime.follow({ ...image, version: image.version + 1, topics });
    await settle();

    expect(roles()).toEqual({ "mine-0": "leader" });
    expect(replicas.partitions.get("mine-0")?.config.minInsyncReplicas).toBe(2);
  });
});

test("replicas of this broker are opened and take their roles before clients see the image", async () => {
  const { runtime, cache, roles, settle } = setUp();
  const cluster = new Cluster();
  cluster.create("mine", "m", [[1], [2]]);
  cluster.create("pair", "p", [
    [1, 2],
    [2, 1],
  ]);

  const rolesWhenShown: unknown[] = [];
  const publish = cache.publish.bind(cache);
  cache.publish = (image) => {
    rolesWhenShown.push(roles());
    publish(image);
  };

  runtime.follow(cluster.image);
  await settle();

  expect(rolesWhenShown).toEqual([roles()]);
  expect(roles()).toEqual({ "mine-0": "leader", "pair-0": "leader", "pair-1": "follower" });
  expect(cache.image).toBe(cluster.image);
  expect(cache.whereIs({ topic: "mine", partition: 1 })).toMatchObject({
    error: "NOT_LEADER_OR_FOLLOWER",
    currentLeader: { brokerId: 2 },
  });
  expect(cache.whereIs({ topic: "mine", partition: 0 })).toMatchObject({
    error: "LEADER_NOT_AVAILABLE",
    message: "mine-0 is about to be served here",
  });
  expect(cache.whereIs({ topic: "none", partition: 0 })).toMatchObject({
    error: "UNKNOWN_TOPIC_OR_PARTITION",
  });
});

test("an image that does not touch a replica leaves it alone", async () => {
  const { runtime, opened, settle, replicas } = setUp();
  const cluster = new Cluster();
  cluster.create("one", "1");
  runtime.follow(cluster.image);
  await settle();
  const before = replicas.partitions.get("one-0")?.state;

  cluster.create("two", "2");
  runtime.follow(cluster.image);
  await settle();

  expect(opened).toEqual(["one-0", "two-0"]);
  expect(replicas.partitions.get("one-0")?.state).toBe(before);
});

test("images of a deposed controller and older versions are ignored", async () => {
  const { runtime, cache, settle } = setUp();
  const old = new Cluster(1);
  old.create("old", "o");
  const next = new Cluster(2);
  runtime.follow(next.image);
  await settle();

  runtime.follow(old.image);
  const older = next.image;
  next.create("new", "n");
  runtime.follow(next.image);
  runtime.follow(older);
  await settle();

  expect(cache.image?.controllerEpoch).toBe(2);
  expect([...(cache.image?.topics.keys() ?? [])]).toEqual(["new"]);
});

test("a deleted topic is served no more, its data goes, and that is confirmed", async () => {
  const { runtime, roles, confirmed, deletedLogs, settle } = setUp();
  const cluster = new Cluster();
  const topicId = cluster.create("gone", "g");
  runtime.follow(cluster.image);
  await settle();

  cluster.decide({ type: "deleteTopics", requestId: 1, topics: [{ name: "gone" }] });
  runtime.follow(cluster.image);
  await settle();

  expect(roles()).toEqual({});
  expect(deletedLogs).toEqual([topicId]);
  expect(confirmed).toEqual([topicId]);
});

test("a deletion that was ordered while this broker was away is done at the first image", async () => {
  const { runtime, confirmed, deletedLogs, settle } = setUp();
  const cluster = new Cluster();
  const topicId = cluster.create("gone", "g");
  cluster.decide({ type: "deleteTopics", requestId: 1, topics: [{ name: "gone" }] });

  runtime.follow(cluster.image);
  await settle();

  expect([deletedLogs, confirmed]).toEqual([[topicId], [topicId]]);
});

test("a topic made anew under its old name is another one", async () => {
  const { runtime, replicas, opened, settle } = setUp();
  const cluster = new Cluster();
  cluster.create("t", "old");
  runtime.follow(cluster.image);
  await settle();
  cluster.decide({ type: "deleteTopics", requestId: 1, topics: [{ name: "t" }] });
  const topicId = cluster.create("t", "new");

  runtime.follow(cluster.image);
  await settle();

  expect(opened).toEqual(["t-0", "t-0"]);
  expect(replicas.partitions.get("t-0")).toMatchObject({ topicId, state: { role: "leader" } });
});

test("a replica that cannot take its role is tried again without a new image", async () => {
  const { runtime, faults, roles, time, replicas, settle } = setUp();
  const cluster = new Cluster();
  cluster.create("full", "f");
  faults.set("full-0", new ZoologError({ code: "DISK_FULL", message: "full" }));
  runtime.follow(cluster.image);
  await settle();
  expect(roles()).toEqual({ "full-0": "unassigned" });

  const log = replicas.partitions.get("full-0")!.log as MemoryPartitionLog;
  log.failWith(undefined);
  await time.advanceAndSettle(1_000);

  expect(roles()).toEqual({ "full-0": "leader" });
  expect(time.pendingTimers).toBe(0);
});

test("a topic does not get the folders of a deleted one of its name before they are deleted", async () => {
  const { runtime, roles, opened, deletedLogs, unreachable, time, settle } = setUp();
  const cluster = new Cluster();
  const old = cluster.create("t", "old");
  cluster.decide({ type: "deleteTopics", requestId: 2, topics: [{ name: "t" }] });
  cluster.create("t", "new");
  unreachable.disk = true;
  runtime.follow(cluster.image);
  await settle();
  expect(opened).toEqual([]);

  unreachable.disk = false;
  await time.advanceAndSettle(1_000);

  expect(deletedLogs).toEqual([old]);
  expect(roles()).toEqual({ "t-0": "leader" });
});

test("an offline replica is reported until the image says so", async () => {
  const { runtime, faults, reports, unreachable, time, settle } = setUp();
  const cluster = new Cluster();
  const topicId = cluster.create("broken", "b", [[1, 2]]);
  faults.set("broken-0", new Error("EIO"));
  unreachable.controller = true;
  runtime.follow(cluster.image);
  await settle();
  await time.advanceAndSettle(1_000);
  expect(reports).toEqual([]);

  unreachable.controller = false;
  await time.advanceAndSettle(1_000);

  expect(reports).toMatchObject([
    { brokerId: 1, brokerEpoch: 11, replicas: [{ topicId, partition: 0, reason: "EIO" }] },
  ]);
  cluster.decide({ ...reports[0]!, requestId: undefined });
  runtime.follow(cluster.image);
  await settle();
  expect(reports).toHaveLength(1);
  expect(cluster.image.topics.get("broken")?.partitions[0]).toMatchObject({ leader: 2, isr: [2] });
});

test("callers can wait for an image, and closing answers them", async () => {
  const { runtime, cache, settle, time } = setUp();
  const cluster = new Cluster();
  const shown = cache.waitFor((image) => image.topics.has("t"), 1_000);
  const never = cache.waitFor((image) => image.topics.has("other"), 1_000);
  const late = cache.waitFor((image) => image.topics.has("late"), 60_000);
  cluster.create("t", "t");

  runtime.follow(cluster.image);
  await settle();
  expect(await shown).toBe(true);
  time.advance(1_000);
  expect(await never).toBe(false);
  await runtime.close();
  cache.close();
  expect(await late).toBe(false);
  expect(time.pendingTimers).toBe(0);
});

test("of many new replicas those that lead here come first: followers elsewhere wait for them", async () => {
  const { runtime, opened, settle } = setUp();
  const cluster = new Cluster();
  cluster.create("a", "a", [
    [2, 1],
    [1, 2],
  ]);
  cluster.create("b", "b", [
    [2, 1],
    [1, 2],
  ]);

  runtime.follow(cluster.state.image);
  await settle();

  expect(opened).toEqual(["a-1", "b-1", "a-0", "b-0"]);
});
