import { groupSettings } from "./group-settings.ts";
import { listenerSettings } from "./listener-settings.ts";
import { boolean, integer, integerOrUnlimited, oneOf, optionalText, text } from "./setting.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const INT_MAX = 2 ** 31 - 1;
/** Kafka's word for "no limit" where −1 is none. */
const INT64_MAX = "9223372036854775807";

/**
 * Every setting of a broker. Names are Kafka's where Kafka has the setting; the dotted name is made
 * of the key here. `docs/configuration.md` is rendered from this table and a test compares them.
 */
export const brokerSettings = {
  brokerId: integer({
    min: 0,
    max: INT_MAX,
    about: "Number of this broker, unique in the cluster. It stays with its data folder for ever.",
  }),
  brokerRack: optionalText({
    takes: "a name",
    about:
      "Failure zone of this broker. Replicas of a partition are spread over racks, and consumers that " +
      "say theirs read from a replica in it.",
  }),
  dataDir: text({
    takes: "a path",
    about: "Folder of the partitions. One process at a time may use it.",
  }),

  zookeeperConnect: text({
    takes: "`host:port,host:port/chroot`",
    about: "The ZooKeeper ensemble, and the znode below which this cluster lives.",
  }),
  zookeeperSessionTimeoutMs: integer({
    byDefault: 6 * SECOND,
    min: 1 * SECOND,
    max: 2 * MINUTE,
    about:
      "A broker that is silent for so long is dead. Shorter finds a dead broker sooner; " +
      "longer forgives longer pauses of a busy machine.",
  }),
  zookeeperConnectionTimeoutMs: integer({
    byDefault: 15 * SECOND,
    min: 100,
    max: 10 * MINUTE,
    about: "How long a start waits for ZooKeeper before it gives up.",
  }),

  ...listenerSettings,

  numPartitions: integer({
    byDefault: 1,
    min: 1,
    max: 10_000,
    dynamic: "cluster",
    about: "Partitions of a new topic that does not say how many.",
  }),
  defaultReplicationFactor: integer({
    byDefault: 1,
    min: 1,
    max: 32,
    dynamic: "cluster",
    about: "Replicas of each partition of a new topic that does not say how many.",
  }),
  autoCreateTopicsEnable: boolean({
    byDefault: true,
    dynamic: "cluster",
    about:
      "Create an unknown topic when a client asks for it and lets it be created. Kafka's clients do " +
      "unless told otherwise; ours do not: a misspelt name should be an error, not a topic.",
  }),
  minInsyncReplicas: integer({
    byDefault: 1,
    min: 1,
    max: 32,
    dynamic: "cluster",
    about: "In-sync replicas that an `acks=all` produce needs. Bounded by the replication factor.",
  }),

  messageMaxBytes: integer({
    byDefault: MIB + 12,
    min: 1 * KIB,
    max: 64 * MIB,
    dynamic: "cluster",
    about: "Largest record batch, as it travels (compressed). Kafka's default.",
  }),
  deleteTopicEnable: boolean({
    byDefault: true,
    about: "Whether topics can be deleted at all.",
  }),
  uncleanLeaderElectionEnable: boolean({
    byDefault: false,
    dynamic: "cluster",
    about:
      "Elect a replica that was not in sync when no other is left. It brings the partition back " +
      "and loses acknowledged records.",
  }),
  autoLeaderRebalanceEnable: boolean({
    byDefault: true,
    about: "Give leaderships back to preferred replicas when a broker leads too few of them.",
  }),
  leaderImbalanceCheckIntervalMs: integer({
    byDefault: 5 * MINUTE,
    min: SECOND,
    max: DAY,
    about: "How often the controller looks at the balance of leaderships.",
  }),
  leaderImbalancePerBrokerPercentage: integer({
    byDefault: 10,
    min: 0,
    max: 100,
    about: "Share of a broker's preferred leaderships that may be elsewhere before they go back.",
  }),

  logMessageTimestampType: oneOf(["CreateTime", "LogAppendTime"], {
    byDefault: "CreateTime",
    dynamic: "cluster",
    about: "Whose clock stamps records: the producer's, or the broker's at the append.",
  }),
  logMessageTimestampBeforeMaxMs: integerOrUnlimited({
    byDefault: undefined,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unlimited: INT64_MAX,
    dynamic: "cluster",
    about:
      "How old a record may be when it comes, by the time its producer gave it; an older one is " +
      "refused (`INVALID_TIMESTAMP`). Not asked of topics with `LogAppendTime`. Kafka's default.",
  }),
  logMessageTimestampAfterMaxMs: integerOrUnlimited({
    byDefault: undefined,
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    unlimited: INT64_MAX,
    dynamic: "cluster",
    about:
      "How far in the future a record's time may lie; others are refused. Without a limit one wrong " +
      "clock keeps a segment from `log.retention.ms`. Kafka 3's default; Kafka 4 has 3600000.",
  }),
  logFlush: oneOf(["os", "fsync"], {
    byDefault: "os",
    dynamic: "cluster",
    about:
      "When an append is acknowledged: in the page cache (`os`: a killed process loses nothing, a " +
      "power cut may) or on the disk (`fsync`: one flush acknowledges all that wait for it).",
  }),
  logSegmentBytes: integer({
    byDefault: GIB,
    min: 1 * KIB,
    max: INT_MAX,
    dynamic: "broker",
    about: "A segment is closed and a new one begun at this size. Retention drops whole segments.",
  }),
  logRollMs: integer({
    byDefault: 7 * DAY,
    min: 1 * SECOND,
    max: 10 * 365 * DAY,
    dynamic: "broker",
    about: "A segment is closed at this age even when it is small, so that retention can drop it.",
  }),
  logRetentionMs: integerOrUnlimited({
    byDefault: 7 * DAY,
    min: 1,
    max: 100 * 365 * DAY,
    dynamic: "broker",
    about: "Records older than this are dropped, a segment at a time.",
  }),
  logRetentionBytes: integerOrUnlimited({
    byDefault: undefined,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
    dynamic: "broker",
    about: "A partition larger than this loses its oldest segments.",
  }),
  logRetentionCheckIntervalMs: integer({
    byDefault: 5 * MINUTE,
    min: 100,
    max: DAY,
    about: "How often retention looks.",
  }),
  producerIdExpirationMs: integer({
    byDefault: DAY,
    min: 1 * SECOND,
    max: INT_MAX,
    about:
      "A partition forgets an idempotent producer that was silent for so long. Its retries would " +
      "then be written again, so no producer should retry for longer.",
  }),
  logIndexIntervalBytes: integer({
    byDefault: 4 * KIB,
    min: 1,
    max: INT_MAX,
    dynamic: "broker",
    about: "One index entry for so many bytes of log. Smaller finds offsets with less reading.",
  }),

  logIndexSizeMaxBytes: integer({
    byDefault: 10 * MIB,
    min: KIB,
    max: 256 * MIB,
    dynamic: "broker",
    about: "A segment whose offset index has this size is closed.",
  }),
  logCleanupPolicy: oneOf(["delete"], {
    byDefault: "delete",
    dynamic: "cluster",
    isList: true,
    lacks: "logs are not compacted yet; retention.ms=-1 keeps every record",
    about: "What happens to old records. They are deleted; compaction is not there yet.",
  }),
  logOpenFilesMax: integer({
    byDefault: 1024,
    min: 16,
    max: 1_000_000,
    about: "Segment and index files open at a time; the least used are closed and opened again.",
  }),
  logTailCacheBytes: integer({
    byDefault: 128 * MIB,
    min: 0,
    max: 64 * GIB,
    about:
      "Memory for the newest batches of up to 16 KiB, so that readers at the tail cause no reads of files; larger ones come from the page cache.",
  }),
  logReadAheadBytes: integer({
    byDefault: 32 * MIB,
    min: 0,
    max: 64 * GIB,
    about:
      "Memory for what Kafka clients that read one piece after the other will ask for next, read while they work; 0: nothing is read ahead.",
  }),
  logIndexCacheBytes: integer({
    byDefault: 64 * MIB,
    min: MIB,
    max: 64 * GIB,
    about: "Memory for the indexes of closed segments.",
  }),
  logFlushOffsetCheckpointIntervalMs: integer({
    byDefault: 10 * SECOND,
    min: 100,
    max: DAY,
    about:
      "How often all logs are brought to the disk and their recovery points saved. A start after " +
      "a crash scans what was appended since.",
  }),
  logReservedBytes: integer({
    byDefault: 128 * MIB,
    min: 0,
    max: 1024 * GIB,
    about:
      "Space kept free on the volume: appends are refused before it is full, so that checkpoints " +
      "and the rest of the machine can still write.",
  }),

  fetchMaxBytes: integer({
    byDefault: 55 * MIB,
    min: 1 * KIB,
    max: 512 * MIB,
    about: "Most bytes in one fetch answer, whatever the request asks for. Kafka's default.",
  }),
  fetchMaxWaitMs: integer({
    byDefault: 30 * SECOND,
    min: 0,
    max: 10 * MINUTE,
    dynamic: "broker",
    about: "Longest that a long poll may ask to wait; more is cut to this.",
  }),
  produceMaxTimeoutMs: integer({
    byDefault: 2 * MINUTE,
    min: 1,
    max: 10 * MINUTE,
    dynamic: "broker",
    about: "Longest that an `acks=all` produce may ask to wait for its replicas.",
  }),
  purgatoryOperationsMax: integer({
    byDefault: 20_000,
    min: 1,
    max: 1_000_000,
    about: "Requests of each kind (produce, fetch) that may wait at the same time.",
  }),

  replicaFetchMaxBytes: integer({
    byDefault: 1 * MIB,
    min: 1 * KIB,
    max: 50 * MIB,
    about: "Most bytes of one partition that a follower asks for at a time.",
  }),
  replicaFetchResponseMaxBytes: integer({
    byDefault: 10 * MIB,
    min: 1 * KIB,
    max: 50 * MIB,
    about: "Most bytes of all partitions that a follower asks for at a time.",
  }),
  replicaFetchWaitMaxMs: integer({
    byDefault: 500,
    min: 1,
    max: 30 * SECOND,
    about: "Longest that a follower's call waits at the leader for new records.",
  }),
  replicaFetchMinBytes: integer({
    byDefault: 1,
    min: 1,
    max: 50 * MIB,
    about: "Bytes that a follower's call waits for.",
  }),
  replicaLagTimeMaxMs: integer({
    byDefault: 30 * SECOND,
    min: 100,
    max: 60 * MINUTE,
    about: "A follower that was not caught up for longer leaves the in-sync replicas.",
  }),
  replicaSelectorClass: oneOf(["rack", "leader"], {
    byDefault: "rack",
    about:
      "Who serves a consumer that says its rack: an in-sync replica of that rack, where there is " +
      "one, or always the leader. Kafka takes the name of a class here, and defaults to the leader.",
  }),
  replicaHighWatermarkCheckpointIntervalMs: integer({
    byDefault: 5 * SECOND,
    min: 100,
    max: 10 * MINUTE,
    about: "How often high watermarks are written down, for a restart to begin with.",
  }),
  controllerReconcileIntervalMs: integer({
    byDefault: 30 * SECOND,
    min: 1 * SECOND,
    max: 10 * MINUTE,
    about: "How often the controller reads everything again, in case a watch was missed.",
  }),

  ...groupSettings,

  controlledShutdownTimeoutMs: integer({
    byDefault: 10 * SECOND,
    min: 0,
    max: 10 * MINUTE,
    about:
      "How long a graceful shutdown waits for other brokers to take over what this one leads; " +
      "0: it just leaves.",
  }),
  shutdownTimeoutMs: integer({
    byDefault: 30 * SECOND,
    min: 0,
    max: 10 * MINUTE,
    about: "How long a graceful shutdown waits for requests in flight.",
  }),
  loggerLevel: oneOf(["debug", "info", "warn", "error", "silent"], {
    byDefault: "info",
    about: "The least important lines that are logged.",
  }),
};

/** Names of Kafka's `server.properties` that people bring along, with ours. */
export const settingsKnownElsewhere: Readonly<Record<string, readonly string[]>> = {
  "log.dir": ["data.dir"],
  "log.dirs": ["data.dir"],
  listeners: ["kafka.host", "kafka.port"],
  "advertised.listeners": ["kafka.advertised.host", "kafka.advertised.port"],
  "zookeeper.connection.string": ["zookeeper.connect"],
  "log.retention.hours": ["log.retention.ms"],
  "log.retention.minutes": ["log.retention.ms"],
  "log.roll.hours": ["log.roll.ms"],
  "log.message.timestamp.difference.max.ms": [
    "log.message.timestamp.before.max.ms",
    "log.message.timestamp.after.max.ms",
  ],
  "log.flush.interval.messages": ["log.flush"],
  "log.flush.interval.ms": ["log.flush"],
  "leader.imbalance.check.interval.seconds": ["leader.imbalance.check.interval.ms"],
};
