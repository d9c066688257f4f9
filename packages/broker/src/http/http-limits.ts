const KIB = 1024;
const MIB = 1024 * KIB;

/**
 * Everything that bounds what strangers can make this plane hold or wait for. Each number has its
 * reason beside it; docs/formats/native-plane.md repeats those that a client can run into.
 */
export const DEFAULT_HTTP_LIMITS = {
  /** A produce body: many partitions' batches of at most `message.max.bytes` each. */
  produceBodyBytesMax: 32 * MIB,
  /** Any other body: 10,000 partitions of a fetch or 10,000 JSON records fit well. */
  bodyBytesMax: 8 * MIB,
  /** A replicate call that names 100,000 partitions takes 13 MB; what brokers send else is shorter. */
  peerBodyBytesMax: 16 * MIB,
  /**
   * A body in JSON, whatever the route: decoding it takes the event loop some 8 ms and three times
   * its size per MiB, where msgpack takes next to nothing. JSON is for people.
   */
  jsonBodyBytesMax: 8 * MIB,
  /** Bodies being read or worked on plus answers being written, over all connections. */
  inFlightBytesMax: 256 * MIB,
  /**
   * The same for calls of brokers alone. One replicate answer is an eighth of it: the 10 MiB that a
   * follower asks for (`replica.fetch.response.max.bytes`) and then some.
   */
  peerInFlightBytesMax: 128 * MIB,
  /**
   * Shortest wait of a reader for room among them, whatever it may wait for records: others' answers
   * are on their way out, and turning it away would only bring it back.
   */
  roomWaitMs: 1_000,
  /**
   * Keys, values and headers in one answer of records for people, and batches read for it: a screen
   * holds less, and 256 readers who do not read fit into the bytes in flight.
   */
  readAnswerBytesMax: 1 * MIB,
  /** The same for one step of an event stream: all streams together may hold a quarter of them. */
  streamStepBytesMax: 64 * KIB,
  /** Calls being worked on, waiting fetches included; each costs some 10 KiB. */
  inFlightCallsMax: 10_000,
  /** Calls that one connection may pipeline; more than the SDK sends, and no flood. */
  pipelinedCallsMax: 64,
  /** Open event streams. Each is a waiting fetch and a socket for as long as its reader likes. */
  streamsMax: 1_000,
  /** Sockets; more are closed at once. Below the usual 65,536 open files, which the log needs. */
  connectionsMax: 10_000,
  /** Answers per connection, 0: unlimited. Cutting a producer's connection only costs retries. */
  callsPerConnectionMax: 0,
  /** Node's default; our clients send some 300 bytes. */
  headerBytesMax: 16 * KIB,
  /** Longest path parameter: a topic name of 249 characters must reach the check that names it. */
  pathParameterLengthMax: 300,
  /** From the first byte of a connection or request to the end of its headers. */
  headersTimeoutMs: 10_000,
  /**
   * From the first byte of a request to the end of its body: 32 MiB at 9 Mbit/s. While others need room,
   * who would take longer at his pace is cut before.
   */
  requestTimeoutMs: 30_000,
  /** How often Node looks for requests past these two, and we for slow bodies: so late they may be cut. */
  timeoutCheckIntervalMs: 1_000,
  /**
   * A client that takes nothing of its answer for so long is cut: what it does not read is memory that
   * others wait for. Clients give up a call after 30 s themselves. `answer.unread.timeout.ms`.
   */
  unreadTimeoutMs: 30_000,
  /** The same while the plane closes: whoever reads at all takes something in this time. */
  closingUnreadTimeoutMs: 2_000,
  /** An idle connection between two calls; above the 60 s after which proxies drop theirs. */
  keepAliveTimeoutMs: 65_000,
  /** An event stream with no record says so this often, below the idle limits of proxies. */
  heartbeatMs: 10_000,
  /** How long `close` waits for calls in flight before it cuts them. */
  closeTimeoutMs: 10_000,
} as const;

export type HttpLimits = { readonly [Name in keyof typeof DEFAULT_HTTP_LIMITS]: number };
