import { COMPRESSION_CODECS, type CompressionCodec } from "@zoolog/protocol";
import { numberIn, requireObject, timeMs } from "../arguments.ts";
import { invalidOption } from "../errors.ts";
import { type Partitioner, roundRobinPartitioner, stickyPartitioner } from "../partitioner.ts";
import type { KafkaAcks, NamedAcks, RequiredAcks } from "./delivery.ts";

export type ProducerOptions<Acks extends RequiredAcks | KafkaAcks = RequiredAcks | KafkaAcks> = {
  /**
   * Whose copy must be written before a record counts as sent: every in-sync replica's (`"all"`,
   * the default), the leader's (`"leader"`), or nobody's (`"none"`: records may be lost without a
   * word). Kafka's -1, 1 and 0 mean the same.
   */
  readonly acks?: Acks;
  /**
   * Whether a batch that is sent again because its answer was lost is written once all the same
   * (KIP-98). True by default where `acks` is `"all"`, which it needs.
   */
  readonly idempotence?: boolean;
  /**
   * How long a batch waits for more records, ms (0 to 60,000; default 0: what is sent in one turn of
   * the event loop, and while an earlier batch is under way, travels together).
   */
  readonly lingerMs?: number;
  /** A batch takes no record beyond this, bytes before compression (1 KiB to 16 MiB; 1 MiB). */
  readonly batchBytes?: number;
  /** Largest record, bytes; default 1 MiB, Kafka's. The topic's `max.message.bytes` rules, too. */
  readonly recordBytesMax?: number;
  readonly compression?: CompressionCodec;
  /** Memory for records that are not acknowledged yet, bytes; default 32 MiB. Senders wait for it. */
  readonly maxInFlightBytes?: number;
  /**
   * Records without a partition: `"roundRobin"` (default) shares those without a key equally,
   * `"sticky"` fills one batch after the other. Keys go by Java's murmur2 in both.
   */
  readonly partitioner?: "roundRobin" | "sticky" | Partitioner;
  /** All attempts together, ms; default 2 minutes. */
  readonly deliveryTimeoutMs?: number;
};

export type ResolvedProducerOptions<Acks extends RequiredAcks> = {
  readonly acks: Acks;
  readonly idempotence: boolean;
  readonly lingerMs: number;
  readonly batchBytes: number;
  readonly recordBytesMax: number;
  readonly compression: CompressionCodec;
  readonly maxInFlightBytes: number;
  readonly partitioner: Partitioner;
  readonly deliveryTimeoutMs: number;
};

const KIB = 1024;
const MIB = 1024 * KIB;
const COMPRESSIONS: readonly string[] = COMPRESSION_CODECS;
const ACKS: ReadonlyMap<unknown, RequiredAcks> = new Map<unknown, RequiredAcks>([
  ...(["none", "leader", "all"] as const).map((name) => [name, name] as const),
  ...([
    [0, "none"],
    [1, "leader"],
    [-1, "all"],
  ] as const),
]);

/**
 * As large as brokers accept by default. A batch only grows so far while an earlier one is under
 * way, and then large ones are worth it: measured, 1 MiB takes half the processor time per byte of
 * 256 KiB.
 */
const BATCH_BYTES = MIB;

/** @throws ZoologError `INVALID_OPTION` */
export function resolveProducerOptions<Acks extends RequiredAcks | KafkaAcks>(
  options: ProducerOptions<Acks>,
): ResolvedProducerOptions<NamedAcks<Acks>> {
  requireObject("options", options);
  const { acks: given = "all", compression = "none" } = options;
  const acks = ACKS.get(given);
  if (acks === undefined) {
    throw invalidOption("acks", 'must be "all", "leader" or "none" (or Kafka\'s -1, 1, 0)');
  }
  if (!COMPRESSIONS.includes(compression)) {
    throw invalidOption("compression", `must be one of ${COMPRESSIONS.join(", ")}`);
  }
  const { idempotence = acks === "all" } = options;
  if (idempotence && acks !== "all") {
    throw invalidOption("idempotence", `needs acks "all", not "${acks}"; leave one of them away`);
  }
  return {
    acks: acks as NamedAcks<Acks>,
    idempotence,
    compression,
    lingerMs: numberIn("lingerMs", options.lingerMs ?? 0, 0, 60_000),
    batchBytes: numberIn("batchBytes", options.batchBytes ?? BATCH_BYTES, KIB, 16 * MIB),
    recordBytesMax: numberIn("recordBytesMax", options.recordBytesMax ?? MIB, KIB, 64 * MIB),
    maxInFlightBytes: numberIn(
      "maxInFlightBytes",
      options.maxInFlightBytes ?? 32 * MIB,
      KIB,
      1024 * MIB,
    ),
    deliveryTimeoutMs: timeMs("deliveryTimeoutMs", options.deliveryTimeoutMs ?? 120_000, 1),
    partitioner: partitionerOf(options.partitioner ?? "roundRobin"),
  };
}

function partitionerOf(choice: NonNullable<ProducerOptions["partitioner"]>): Partitioner {
  if (choice === "roundRobin") return roundRobinPartitioner();
  if (choice === "sticky") return stickyPartitioner();
  if (typeof choice?.partition !== "function") {
    throw invalidOption("partitioner", 'must be "roundRobin", "sticky" or a Partitioner');
  }
  return choice;
}
