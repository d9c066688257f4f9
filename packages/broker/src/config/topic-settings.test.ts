import { parseBrokerConfig } from "./config.ts";
import { describeTopicConfig, partitionConfigOf, topicSettingFault } from "./topic-settings.ts";

const broker = parseBrokerConfig([
  {
    from: "test",
    settings: {
      "broker.id": 1,
      "data.dir": "/data",
      "zookeeper.connect": "localhost:2181",
      "log.retention.ms": 5_000,
    },
  },
]);

/** https://kafka.apache.org/documentation/#topicconfigs */
const KAFKAS_TOPIC_SETTINGS = [
  ...["cleanup.policy", "compression.gzip.level", "compression.lz4.level", "compression.type"],
  ...["compression.zstd.level", "delete.retention.ms", "file.delete.delay.ms", "flush.messages"],
  ...["flush.ms", "follower.replication.throttled.replicas", "index.interval.bytes"],
  ...["leader.replication.throttled.replicas", "local.retention.bytes", "local.retention.ms"],
  ...["max.compaction.lag.ms", "max.message.bytes", "message.timestamp.after.max.ms"],
  ...["message.timestamp.before.max.ms", "message.timestamp.type", "min.cleanable.dirty.ratio"],
  ...["min.compaction.lag.ms", "min.insync.replicas", "preallocate", "remote.copy.disable"],
  ...["remote.log.copy.disable", "remote.log.delete.on.disable", "remote.storage.enable"],
  ...["retention.bytes", "retention.ms", "segment.bytes", "segment.index.bytes"],
  ...["segment.jitter.ms", "segment.ms", "unclean.leader.election.enable"],
];

test("a topic has what it overrides, else what its broker says, else the default", () => {
  const config = partitionConfigOf({ "segment.bytes": "2048", flush: "fsync" }, broker);

  expect(config.log).toMatchObject({
    segmentBytes: 2048,
    flush: "fsync",
    retentionMs: 5_000,
    retentionBytes: undefined,
  });
  expect(describeTopicConfig({ "segment.bytes": "2048" }, broker)).toMatchObject({
    "segment.bytes": { value: "2048", source: "topic" },
    "retention.ms": { value: "5000", source: "broker" },
    "retention.bytes": { value: "-1", source: "default" },
  });
});

test("-1 of a topic lifts the limit of its broker", () => {
  expect(partitionConfigOf({ "retention.ms": "-1" }, broker).log.retentionMs).toBeUndefined();
});

test("times have no bounds until they are set, and Kafka's number lifts them again", () => {
  const [after, before] = ["message.timestamp.after.max.ms", "message.timestamp.before.max.ms"];
  const unlimited = "9223372036854775807";

  expect(partitionConfigOf({}, broker).timestampAfterMaxMs).toBeUndefined();
  expect(partitionConfigOf({ [after]: "0", [before]: "5" }, broker)).toMatchObject({
    timestampAfterMaxMs: 0,
    timestampBeforeMaxMs: 5,
  });
  expect(partitionConfigOf({ [after]: unlimited }, broker).timestampAfterMaxMs).toBeUndefined();
  expect(topicSettingFault(after, unlimited)).toBeUndefined();
  expect(topicSettingFault(after, "-1")).toContain("takes an integer");
  expect(describeTopicConfig({}, broker)).toMatchObject({
    [after]: { value: unlimited, source: "default" },
    [before]: { value: unlimited, source: "default" },
  });
});

test("an override that this broker does not understand leaves the rest alone", () => {
  const config = partitionConfigOf({ "from.the.future": "1", "segment.ms": "junk" }, broker);

  expect(config.log.segmentMs).toBe(broker.logRollMs);
});

test.each([
  ["retention.ms", "1000", undefined],
  ["retention.ms", "soon", '"retention.ms" takes an integer'],
  ["retention.m", "1000", 'unknown topic setting "retention.m"; did you mean "retention.ms"?'],
  [
    "cleanup.policy",
    "compact",
    '"cleanup.policy" takes delete (logs are not compacted yet; retention.ms=-1 keeps every record), not "compact"',
  ],
  ["broker.id", "1", 'unknown topic setting "broker.id"'],
  ["compression.type", "lz4", 'setting "compression.type": batches stay as their producers'],
  ["min.cleanable.dirty.ratio", "0.1", "logs are not compacted yet"],
  [
    "log.segment.bytes",
    "2048",
    'unknown topic setting "log.segment.bytes"; did you mean "segment.bytes"?',
  ],
  ["constructor", "1", 'unknown topic setting "constructor"'],
])("the override %s=%s is judged: %s", (name, value, fault) => {
  const found = topicSettingFault(name, value);

  if (fault === undefined) expect(found).toBeUndefined();
  else expect(found).toContain(fault);
});

test("every topic setting of Kafka 4 is known, or it is said what holds instead", () => {
  const unexplained = KAFKAS_TOPIC_SETTINGS.filter((name) => {
    const fault = topicSettingFault(name, undefined);
    return fault !== undefined && !fault.startsWith(`unknown topic setting "${name}": `);
  });

  expect(unexplained).toEqual([]);
});
