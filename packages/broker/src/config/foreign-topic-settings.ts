const COMPRESSED_BY_PRODUCERS =
  "batches stay as their producers compressed them; set it at the producers";
const NOT_COMPACTED = "logs are not compacted yet; retention.ms=-1 keeps every record";
const FLUSHED_OR_NOT = "flush=fsync flushes what was appended before it is acknowledged";
const NOT_THROTTLED = "replication is not throttled";
const NO_REMOTE_STORAGE = "records are kept on the brokers' disks alone";
const AS_IT_IS = "records are handed out in the format they are stored in, which is Kafka's newest";

/** What to do instead of setting what Kafka's topics have and topics here do not. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ["compression.type", COMPRESSED_BY_PRODUCERS],
  ["compression.gzip.level", COMPRESSED_BY_PRODUCERS],
  ["compression.lz4.level", COMPRESSED_BY_PRODUCERS],
  ["compression.zstd.level", COMPRESSED_BY_PRODUCERS],
  ["min.cleanable.dirty.ratio", NOT_COMPACTED],
  ["min.compaction.lag.ms", NOT_COMPACTED],
  ["max.compaction.lag.ms", NOT_COMPACTED],
  ["delete.retention.ms", NOT_COMPACTED],
  ["flush.messages", FLUSHED_OR_NOT],
  ["flush.ms", FLUSHED_OR_NOT],
  ["leader.replication.throttled.replicas", NOT_THROTTLED],
  ["follower.replication.throttled.replicas", NOT_THROTTLED],
  ["remote.storage.enable", NO_REMOTE_STORAGE],
  ["remote.copy.disable", NO_REMOTE_STORAGE],
  ["remote.log.copy.disable", NO_REMOTE_STORAGE],
  ["remote.log.delete.on.disable", NO_REMOTE_STORAGE],
  ["local.retention.bytes", `${NO_REMOTE_STORAGE}: set retention.bytes`],
  ["local.retention.ms", `${NO_REMOTE_STORAGE}: set retention.ms`],
  ["message.downconversion.enable", AS_IT_IS],
  ["message.format.version", AS_IT_IS],
  [
    "message.timestamp.difference.max.ms",
    "set message.timestamp.before.max.ms and message.timestamp.after.max.ms",
  ],
  ["file.delete.delay.ms", "files of dropped records are not kept longer"],
  ["preallocate", "files are not allocated ahead of their records"],
  ["segment.jitter.ms", "segment.ms holds as it is, without a random part"],
  [
    "num.partitions",
    "it is no setting: a topic is created with it, and gets more by zoolog topic partitions add",
  ],
  ["replication.factor", "it is no setting: a topic is created with it"],
]);

/** A setting that topics have in Kafka and not here: what holds, or what is set in its place. */
export function insteadOfForeignSetting(name: string): string | undefined {
  return INSTEAD.get(name);
}
