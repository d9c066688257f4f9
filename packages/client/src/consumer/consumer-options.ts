import { MAX_WAIT_MS_MAX } from "@zoolog/protocol";
import {
  numberIn,
  oneOf,
  requireFunction,
  requireList,
  requireObject,
  requireText,
  timeMs,
} from "../arguments.ts";
import { invalidOption } from "../errors.ts";
import { notSubscribed } from "../groups/errors.ts";
import { outOfRangeChoice, resolveRack } from "../reader/read-options.ts";
import { requireSerde, type Serde } from "../serde.ts";
import { requireTopic, type Topic, topic as topicOf } from "../topic.ts";

/** A partition of a topic that a consumer reads. */
export type ConsumerPartition = { readonly topic: string; readonly partition: number };

/** Every topic whose whole name matches, now and later. */
export type TopicPattern<K, V> = {
  /** A regular expression, as RE2 and JavaScript both understand it: no look-around. */
  readonly pattern: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
};

export type AssignorName = "range" | "roundrobin" | "sticky" | "cooperative-sticky";

export type ConsumerOptions<K = Uint8Array, V = Uint8Array> = {
  /** The name under which consumers share the partitions and their offsets are kept. */
  readonly group: string;
  /** Several with values of their own: `client.consumer<string, Order | Payment>({ … })`. */
  readonly topics: readonly Topic<K, V>[] | TopicPattern<K, V>;
  /**
   * Where to begin a partition that the group has never committed an offset of; that start is
   * committed at once. There is no default: `"earliest"` may be years of records, `"latest"` skips
   * what is there. A group that has offsets does without. Partitions that were added since the group
   * began start at their first record.
   */
  readonly from?: "earliest" | "latest" | Date | undefined;
  /**
   * Who assigns: `"consumer"` (default), the coordinator, while everybody goes on reading (KIP-848);
   * `"classic"`, a member, as Kafka's consumers have always done.
   */
  readonly protocol?: "consumer" | "classic";
  /**
   * How partitions are shared out. Consumer protocol: the coordinator's own assignors, `"uniform"`
   * or `"range"`. Classic: the first that all members have; default `"cooperative-sticky"`. Several
   * together stop everybody at each rebalance, as one of them may need it.
   */
  readonly assignor?: string | readonly AssignorName[];
  /** Makes it a static member: after a restart within the session timeout nothing moves (KIP-345). */
  readonly instanceId?: string;
  /**
   * Where this process is (brokers: `broker.rack`): records come from a replica in that rack, where one
   * is in sync, and the coordinator may prefer partitions that are near.
   */
  readonly rack?: string;
  /**
   * `"handled"` (default): what is handled is committed every `commitIntervalMs`, before partitions
   * are given up and at the end. `"manual"`: only `commit()` does.
   */
  readonly commit?: "handled" | "manual";
  /** Default 1,000. */
  readonly commitIntervalMs?: number;
  /**
   * Memory for records that were fetched and not yet handed out, of all partitions; default 16 MiB. A
   * batch that is larger is fetched all the same, alone: with little memory partitions wait for each
   * other.
   */
  readonly prefetchBytes?: number;
  /** A broker waits so long for new records before it answers with none, ms; default 500. */
  readonly maxWaitMs?: number;
  /** Verify the CRC-32C of each batch; default true. */
  readonly checkCrcs?: boolean;
  /**
   * Without an answer of the coordinator for so long a member has lost its partitions, ms; default
   * 45,000. Classic: told to the coordinator. Consumer: the coordinator's own word counts instead.
   */
  readonly sessionTimeoutMs?: number;
  /** Classic protocol, ms; default 3,000. The coordinator says it in the other one. */
  readonly heartbeatIntervalMs?: number;
  /** How long giving up partitions may wait for records being handled, ms; default 60,000. */
  readonly rebalanceTimeoutMs?: number;
  /** When the committed offset is not (or no longer) in the log; default `"fail"`. */
  readonly onOffsetOutOfRange?: "fail" | "start" | "end";
  /** How long a partition or a call may fail without success before reading does; default 2 min. */
  readonly retryTimeoutMs?: number;
  /** Awaited before the first record of the partitions is handed out. */
  readonly onAssigned?: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  /** Awaited before they are given up; what was handled has been committed. */
  readonly onRevoked?: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  /** They may be another's by now; nothing can be committed any more. */
  readonly onLost?: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  /**
   * What went wrong and is tried again, or was passed over by `onPoison`; `UNKNOWN_TOPIC_OR_PARTITION`,
   * once, for a topic that does not exist and is waited for. That the coordinator moves is no error:
   * only when it has not answered for 10 s.
   */
  readonly onError?: (error: Error) => void;
  /** Ends the consumer: a loop rejects with the signal's reason. */
  readonly signal?: AbortSignal;
};

export type ResolvedConsumerOptions<K, V> = {
  readonly group: string;
  readonly subscription: Subscription<K, V>;
  readonly from: "earliest" | "latest" | Date | undefined;
  readonly protocol: "consumer" | "classic";
  readonly serverAssignor: string | undefined;
  readonly assignors: readonly AssignorName[];
  readonly instanceId: string | undefined;
  readonly rack: string | undefined;
  readonly commit: "handled" | "manual";
  readonly commitIntervalMs: number;
  readonly prefetchBytes: number;
  readonly maxWaitMs: number;
  readonly checkCrcs: boolean;
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly onOffsetOutOfRange: "fail" | "start" | "end";
  readonly retryTimeoutMs: number;
  readonly onAssigned: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  readonly onRevoked: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  readonly onLost: (partitions: readonly ConsumerPartition[]) => void | Promise<void>;
  readonly onError: (error: Error) => void;
  readonly signal: AbortSignal | undefined;
};

/** What a consumer wants to read. */
export type Subscription<K, V> = {
  readonly names: readonly string[] | undefined;
  readonly pattern: string | undefined;
  /**
   * The topic of this name with its serdes.
   *
   * @throws ZoologError `INCONSISTENT_GROUP_PROTOCOL` when it is none of them.
   */
  readonly topic: (name: string) => Topic<K, V>;
};

const MIB = 1024 * 1024;
/** Of Kafka's brokers, and ours. */
const GROUP_LENGTH_MAX = 249;
const CLASSIC_ASSIGNORS: readonly AssignorName[] = ["cooperative-sticky"];
const KNOWN = new Set<string>(["range", "roundrobin", "sticky", "cooperative-sticky"]);

/** @throws ZoologError `INVALID_OPTION`, `INVALID_TOPIC_EXCEPTION` */
export function resolveConsumerOptions<K, V>(
  options: ConsumerOptions<K, V>,
): ResolvedConsumerOptions<K, V> {
  requireObject("options", options);
  const { from, group, instanceId } = options;
  requireText("group", group, GROUP_LENGTH_MAX);
  if (instanceId !== undefined) requireText("instanceId", instanceId, GROUP_LENGTH_MAX);
  const protocol = oneOf("protocol", options.protocol ?? "consumer", ["consumer", "classic"]);
  const isStart = from === undefined || from === "earliest" || from === "latest";
  if (!isStart && !(from instanceof Date && Number.isFinite(from.getTime()))) {
    throw invalidOption("from", `must be "earliest", "latest" or a Date, not ${String(from)}`);
  }
  return {
    ...resolveAssignors(protocol, options.assignor),
    ...resolveTimes(options),
    group,
    subscription: resolveSubscription(options.topics),
    from,
    protocol,
    instanceId,
    rack: resolveRack(options.rack),
    commit: oneOf("commit", options.commit ?? "handled", ["handled", "manual"]),
    prefetchBytes: numberIn("prefetchBytes", options.prefetchBytes ?? 16 * MIB, 1, 1024 * MIB),
    checkCrcs: options.checkCrcs ?? true,
    onOffsetOutOfRange: outOfRangeChoice(options.onOffsetOutOfRange ?? "fail"),
    onAssigned: callback("onAssigned", options.onAssigned),
    onRevoked: callback("onRevoked", options.onRevoked),
    onLost: callback("onLost", options.onLost),
    onError: callback("onError", options.onError),
    signal: options.signal,
  };
}

function callback<Callback extends (given: never) => unknown>(
  name: string,
  given: Callback | undefined,
): Callback | (() => void) {
  if (given === undefined) return () => {};
  requireFunction(name, given);
  return given;
}

function resolveTimes<K, V>(options: ConsumerOptions<K, V>) {
  const sessionTimeoutMs = options.sessionTimeoutMs ?? 45_000;
  const heartbeatIntervalMs = options.heartbeatIntervalMs ?? Math.min(3_000, sessionTimeoutMs / 3);
  return {
    commitIntervalMs: timeMs("commitIntervalMs", options.commitIntervalMs ?? 1_000, 1),
    maxWaitMs: numberIn("maxWaitMs", options.maxWaitMs ?? 500, 0, MAX_WAIT_MS_MAX),
    sessionTimeoutMs: timeMs("sessionTimeoutMs", sessionTimeoutMs, 1),
    heartbeatIntervalMs: numberIn("heartbeatIntervalMs", heartbeatIntervalMs, 1, sessionTimeoutMs),
    rebalanceTimeoutMs: timeMs("rebalanceTimeoutMs", options.rebalanceTimeoutMs ?? 60_000, 1),
    retryTimeoutMs: timeMs("retryTimeoutMs", options.retryTimeoutMs ?? 120_000, 0),
  };
}

function resolveAssignors(
  protocol: "consumer" | "classic",
  assignor: string | readonly AssignorName[] | undefined,
): { serverAssignor: string | undefined; assignors: readonly AssignorName[] } {
  const names = typeof assignor === "string" ? [assignor] : assignor;
  if (protocol === "consumer") {
    if (names !== undefined && names.length !== 1) {
      throw invalidOption("assignor", "is one name in the consumer protocol: the coordinator's");
    }
    return { serverAssignor: names?.[0], assignors: [] };
  }
  const assignors = (names ?? CLASSIC_ASSIGNORS) as readonly AssignorName[];
  const unknown = assignors.find((name) => !KNOWN.has(name));
  if (assignors.length === 0 || unknown !== undefined) {
    throw invalidOption("assignor", `must be one or more of ${[...KNOWN].join(", ")}`);
  }
  return { serverAssignor: undefined, assignors };
}

function resolveSubscription<K, V>(
  topics: readonly Topic<K, V>[] | TopicPattern<K, V>,
): Subscription<K, V> {
  if (typeof topics === "object" && topics !== null && "pattern" in topics) {
    const { pattern, key, value } = topics;
    requireText("topics.pattern", pattern);
    requireSerde("topics.key", key);
    requireSerde("topics.value", value);
    try {
      new RegExp(pattern, "u");
    } catch {
      throw invalidOption("topics.pattern", `is no regular expression: ${pattern}`);
    }
    const topic = (name: string) => topicOf(name, { key, value });
    return { names: undefined, pattern, topic };
  }
  requireList("topics", topics);
  for (const topic of topics) requireTopic(topic);
  const byName = new Map(topics.map((topic) => [topic.name, topic]));
  const hint =
    "List what exists with `zoolog topic list`, or subscribe by { pattern, key, value }.";
  if (byName.size === 0) throw invalidOption("topics", "must have at least one topic", hint);
  if (byName.size !== topics.length) {
    const names = topics.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    throw invalidOption("topics", `must have each topic once, and has ${twice} twice`);
  }
  return {
    names: [...byName.keys()],
    pattern: undefined,
    topic: (name) => {
      const known = byName.get(name);
      if (known === undefined) throw notSubscribed(name);
      return known;
    },
  };
}
