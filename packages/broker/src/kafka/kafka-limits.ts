import { SMALL_REQUEST_BYTES_MAX } from "../planes/large-requests.ts";

const MIB = 1024 * 1024;

/** Everything that bounds what strangers can make this plane hold or wait for. */
export const DEFAULT_KAFKA_LIMITS = {
  /** One request with its header: a produce of many partitions. `socket.request.max.bytes`. */
  requestBytesMax: 32 * MIB,
  /** Open connections of all listeners together; more are closed at once. `max.connections`. */
  connectionsMax: 10_000,
  /** Of them those of one address. Kafka has no limit either: many clients may be behind one proxy. */
  connectionsPerAddressMax: Number.POSITIVE_INFINITY,
  /** No byte either way and nothing being worked on: Kafka's ten minutes. `connections.max.idle.ms`. */
  idleTimeoutMs: 600_000,
  /**
   * A client that takes nothing of its answer for so long is cut: what it does not read is memory that
   * others wait for. Kafka's clients give up a request after 30 s themselves.
   * `answer.unread.timeout.ms`.
   */
  unreadTimeoutMs: 30_000,
  /** The same while the plane closes: whoever reads at all takes something in this time. */
  closingUnreadTimeoutMs: 2_000,
  /** Frames that are read while one is being worked on: clients have five in flight by default. */
  framesAheadMax: 4,
  /**
   * From the first byte of a frame to its last, while we read. Clients give up after 30 s themselves;
   * who sends a byte now and then is no client.
   */
  frameTimeoutMs: 120_000,
  /**
   * Longest wait for room among the bytes of all clients. Half-read small frames may wait for each
   * other, so the wait has to end; its client tries again.
   */
  roomWaitMs: 10_000,
  /**
   * Requests up to this size, which most are, have some of the room to themselves: an eighth at most.
   * Larger ones have half of it, and each waits until all of it fits.
   */
  smallRequestBytesMax: SMALL_REQUEST_BYTES_MAX,
  /**
   * Longest wait of a large request until it fits beside the others: Kafka's clients give up after 30 s
   * themselves. Who would take longer than this to send a request of any size is cut while others wait.
   */
  largeRequestWaitMs: 30_000,
  /** How often silence is looked for, so how late it may be found. */
  checkIntervalMs: 1_000,
  /** How long `close` waits for requests in flight before it cuts them. */
  closeTimeoutMs: 10_000,
} as const;

export type KafkaLimits = { readonly [Name in keyof typeof DEFAULT_KAFKA_LIMITS]: number };
