import type { Random } from "@zoolog/base";
import { oneOf } from "../chance.ts";

type Settings = Readonly<Record<string, string>>;

/** What every world has: promises that hold, and times that fit into seconds. */
const ALWAYS: Settings = {
  "min.insync.replicas": "2",
  "log.retention.check.interval.ms": "700",
  "group.initial.rebalance.delay.ms": "200",
  "group.consumer.session.timeout.ms": "6000",
  "group.consumer.heartbeat.interval.ms": "1000",
};

/**
 * Settings that bring rare things about often: rolled segments, snapshots, checkpoints, closed files,
 * followers out of sync. Each is the default half of the time.
 */
const CHOICES: readonly (readonly [name: string, ...others: string[]])[] = [
  ["log.segment.bytes", "1024", "4096", "32768"],
  ["log.index.interval.bytes", "1", "256"],
  ["log.index.size.max.bytes", "1024"],
  ["log.roll.ms", "1000", "4000"],
  ["log.flush", "fsync"],
  ["log.flush.offset.checkpoint.interval.ms", "300", "2000"],
  ["log.tail.cache.bytes", "0", "4096"],
  ["log.open.files.max", "16"],
  ["replica.high.watermark.checkpoint.interval.ms", "200"],
  ["replica.lag.time.max.ms", "500", "3000"],
  ["replica.fetch.wait.max.ms", "50", "2000"],
  ["replica.fetch.max.bytes", "1024"],
  ["zookeeper.session.timeout.ms", "2000", "3000", "10000"],
  ["controller.reconcile.interval.ms", "1000"],
  ["leader.imbalance.check.interval.ms", "1000"],
  ["controlled.shutdown.timeout.ms", "0", "1000"],
  ["fetch.max.bytes", "2048"],
  ["log.message.timestamp.type", "LogAppendTime"],
];

export function drawSettings(random: Random): Settings {
  const drawn: Record<string, string> = { ...ALWAYS };
  for (const [name, ...others] of CHOICES) {
    const isOther = random.next() < 0.5;
    const other = oneOf(others, random);
    if (isOther && other !== undefined) drawn[name] = other;
  }
  // A leader would take followers for lagging that wait for its answer, as it allows them to.
  const { "replica.lag.time.max.ms": lag, "replica.fetch.wait.max.ms": wait } = drawn;
  if (Number(wait) > Number(lag)) delete drawn["replica.fetch.wait.max.ms"];
  return drawn;
}
