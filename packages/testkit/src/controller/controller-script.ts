import {
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  controllerEpoch,
  coordinatorEpoch,
  leaderEpoch,
  partitionEpoch,
  type TopicId,
  type TopicPartition,
  timestamp,
} from "@zoolog/base";
import {
  apply,
  applyAll,
  type BootKind,
  type ConfigChange,
  type ControllerEvent,
  type ControllerLoad,
  type ControllerSettings,
  type ControllerState,
  type CreatePartitionsEvent,
  type DataLosses,
  decide,
  type LoadedTopic,
  loadController,
  type NewTopic,
  type ObservedBroker,
  type ObservedSlot,
  type PartitionState,
  type StoredState,
  type TopicToDelete,
  type UnreadableTopic,
} from "@zoolog/controller";
import { controllerViolations } from "./controller-invariants.ts";
import { sampleControllerSettings } from "./controller-samples.ts";
import { describeDecision, describeImage } from "./controller-script-output.ts";

/**
 * Interprets the commands of packages/controller/testdata. A broker is written `1@20` (id and broker
 * epoch), with `/rack`, `!unclean` or `!newFolder` behind it; a partition `orders-0`.
 *
 * ```
 * settings unclean=true rebalance=10
 * load epoch=2 brokers=0@10,1@11           lines below: topic orders-0 [0,1] leader=0 epoch=3 isr=0@9 v=4
 *                                          or: unreadable orders #orders the reason (or -, no id)
 * brokers 0@10 1@11/a                      who is registered now
 * unreachable 0@10                         its port refuses; reachable 0@10: it polls again
 * create orders partitions=2 rf=1 | audit assignment=0,1;1,0 config.flush=fsync
 *                                          full=1,2 somewhere: these brokers have no room
 * add-partitions orders=6 | pets=2 assignment=1,2;2,1 | … validate, full=1,2 as above
 * delete orders pets#old                   delete-request orders: found in ZooKeeper
 * configs topic orders:flush=fsync         what stands in ZooKeeper now
 * alter-config topic orders flush=fsync retention.ms= list+=b list-=a
 * alter-partition 0@10 orders-0 epoch=1 v=0 isr=0@10,1@11
 * offline 0@10 orders-0 the reason         recovered 0@10 orders-0: its log began anew
 * deleted 0 orders                         broker 0 has deleted its replicas
 * shutdown 0@10
 * elect preferred orders-0                 or unclean; without partitions: all
 * observe orders-0 leader=1 epoch=3 isr=1  or absent, or unreadable
 * timer leaderImbalance
 * refused observe orders-0 absent          any event; ZooKeeper refuses the states it makes
 * slots 0:1@10:3 1:?:4                     znodes of slots now: broker, version; settings slots=4, load slots=…
 * show
 * ```
 */
export class ControllerScript {
  #settings = DEFAULT_SETTINGS;
  #state: ControllerState | undefined;
  #step = 0;

  /** Runs one command (the lines of one paragraph) and answers what it printed. */
  run(command: string): string {
    const [first = "", ...rest] = command.split("\n");
    const [verb = "", ...words] = first.trim().split(/\s+/);
    if (verb === "settings") {
      this.#settings = parseSettings(words);
      return "ok";
    }
    if (verb === "load") {
      this.#state = loadController(parseLoad(words, rest), this.#settings);
      return this.#decide({ type: "controllerElected" });
    }
    if (verb === "show") return describeImage(this.#current);
    if (verb === "refused") {
      const [event = "", ...rest] = words;
      return this.#decide(parseEvent(event, rest, this.#step), "states are refused");
    }
    return this.#decide(parseEvent(verb, words, this.#step));
  }

  get #current(): ControllerState {
    if (this.#state === undefined) throw new Error("a script begins with load");
    return this.#state;
  }

  #decide(event: ControllerEvent, fate: "persisted" | "states are refused" = "persisted"): string {
    const before = this.#current;
    const now = timestamp(1_000 + this.#step);
    this.#step += 1;
    const decision = decide(before, event, now);
    const again = decide(before, event, now);
    if (JSON.stringify(decision) !== JSON.stringify(again)) throw new Error("decided otherwise");

    const persisted = decision.records.filter(
      ({ type }) =>
        fate === "persisted" || (type !== "partitionStateChanged" && type !== "slotChanged"),
    );
    const after = applyAll(before, persisted);
    const replayed = persisted.reduce(apply, before);
    if (describeImage(after) !== describeImage(replayed)) throw new Error("replay differs");
    const violations = controllerViolations(before, after);
    if (violations.length > 0) throw new Error(violations.join("\n"));
    this.#state = after;
    return describeDecision(decision);
  }
}

const DEFAULT_SETTINGS = sampleControllerSettings({
  configs: {
    fault: (_resource, name, value) => {
      if (name.startsWith("unknown")) return `unknown setting ${name}`;
      return value?.split(",").includes("bad") ? `${name} cannot be bad` : undefined;
    },
    listDefault: (_resource, name) => (name === "list" ? ["a"] : undefined),
  },
});

function parseSettings(words: readonly string[]): ControllerSettings {
  const options = parseOptions(words);
  const percent = options.get("rebalance");
  return {
    ...DEFAULT_SETTINGS,
    uncleanLeaderElection: options.get("unclean") === "true",
    deleteTopicEnabled: options.get("delete") !== "false",
    coordinatorSlots: Number(options.get("slots") ?? 0),
    leaderRebalance:
      percent === undefined
        ? undefined
        : { checkIntervalMs: 300_000, imbalancePercentMax: Number(percent) },
  };
}

function parseLoad(words: readonly string[], lines: readonly string[]): ControllerLoad {
  const options = parseOptions(words);
  const topics = new Map<string, LoadedTopic>();
  const deleted = (options.get("deleted") ?? "").split(",").filter((name) => name !== "");
  const unreadableTopics: UnreadableTopic[] = [];
  for (const line of lines) {
    const [verb, key = "", replicas = "", ...state] = line.trim().split(/\s+/);
    if (verb === "unreadable") {
      const topicId = replicas === "-" ? undefined : (replicas as TopicId);
      unreadableTopics.push({ name: key, topicId, reason: state.join(" ") });
      continue;
    }
    if (verb !== "topic") throw new Error(`expected a topic: ${line}`);
    const { topic: name, partition } = parsePartition(key);
    const topic = topics.get(name) ?? emptyTopic(name);
    const partitions = [...topic.partitions];
    partitions[partition] = {
      replicas: parseIds(replicas.slice(1, -1)),
      stored: parseStored(state),
    };
    topics.set(name, { ...topic, partitions });
  }
  return {
    clusterId: "cluster",
    controllerId: brokerId(Number(options.get("controller") ?? 0)),
    controllerEpoch: controllerEpoch(Number(options.get("epoch") ?? 1)),
    brokers: parseBrokers((options.get("brokers") ?? "").split(",")),
    topics: [...topics.values()],
    unreadableTopics,
    brokerConfigs: [],
    coordinators: parseSlots((options.get("slots") ?? "").split(",")),
    deletedTopics: deleted.map((name) => ({ topicId: topicIdOf(name), name, pending: [] })),
  };
}

function emptyTopic(name: string): LoadedTopic {
  return { name, topicId: topicIdOf(name), configs: {}, partitions: [] };
}

function parseStored(words: readonly string[]): StoredState {
  if (words[0] === "absent") return { status: "absent" };
  if (words[0] === "unreadable") return { status: "unreadable", reason: words.slice(1).join(" ") };
  const options = parseOptions(words);
  return {
    status: "present",
    state: parseState(options),
    partitionEpoch: partitionEpoch(Number(options.get("v") ?? 0)),
  };
}

function parseState(options: ReadonlyMap<string, string>): PartitionState {
  const leader = options.get("leader");
  const isr = (options.get("isr") ?? "").split(",").map((member) => member.split("@"));
  return {
    leader: leader === undefined || leader === "none" ? undefined : brokerId(Number(leader)),
    leaderEpoch: leaderEpoch(Number(options.get("epoch") ?? 0)),
    isr: isr.map(([id]) => brokerId(Number(id))),
    isrBrokerEpochs: isr.map(([, epoch]) =>
      epoch === undefined ? undefined : brokerEpoch(Number(epoch)),
    ),
    controllerEpoch: controllerEpoch(Number(options.get("controller") ?? 1)),
  };
}

type EventParser = (words: readonly string[], requestId: string) => ControllerEvent;

const EVENT_PARSERS: Readonly<Record<string, EventParser>> = {
  brokers: (words) => ({ type: "brokersObserved", brokers: parseBrokers(words) }),
  create: (words, requestId) => ({
    type: "createTopics",
    requestId,
    validateOnly: words.includes("validate"),
    fullBrokers: fullBrokersOf(words),
    topics: words.join(" ").split(" | ").map(parseNewTopic),
  }),
  "add-partitions": (words, requestId) => ({
    type: "createPartitions",
    requestId,
    validateOnly: words.includes("validate"),
    fullBrokers: fullBrokersOf(words),
    topics: words.join(" ").split(" | ").map(parseMorePartitions),
  }),
  delete: (words, requestId) => ({
    type: "deleteTopics",
    requestId,
    topics: words.map(parseTopicToDelete),
  }),
  unreachable: (words) => ({ type: "brokerUnreachable", ...parseBrokerOf(words[0] ?? "") }),
  reachable: (words) => ({ type: "brokerReachable", ...parseBrokerOf(words[0] ?? "") }),
  "delete-request": (words) => ({
    type: "deleteTopics",
    requestId: undefined,
    topics: words.map(parseTopicToDelete),
  }),
  configs: (words) => ({
    type: "configsObserved",
    kind: words[0] === "topic" ? "topic" : "broker",
    configs: words.slice(1).map((word) => {
      const [name = "", entries = ""] = word.split(":");
      return { name, overrides: Object.fromEntries(parseOptions(entries.split(","))) };
    }),
  }),
  "alter-config": (words, requestId) => ({
    type: "alterConfigs",
    requestId,
    validateOnly: words.includes("validate"),
    alterations: [
      {
        kind: words[0] === "topic" ? "topic" : "broker",
        name: words[1] ?? "",
        changes: words.slice(2).flatMap(parseConfigChange),
      },
    ],
  }),
  "alter-partition": (words, requestId) => ({
    ...parseBrokerOf(words[0] ?? ""),
    ...parseIsrChange(words),
    requestId,
  }),
  offline: (words, requestId) => ({
    type: "replicasOffline",
    requestId,
    ...parseBrokerOf(words[0] ?? ""),
    replicas: [{ ...parseIdPartition(words[1] ?? ""), reason: words.slice(2).join(" ") }],
  }),
  recovered: (words, requestId) => ({
    type: "replicasOffline",
    requestId,
    ...parseBrokerOf(words[0] ?? ""),
    replicas: [],
    recovered: [parseIdPartition(words[1] ?? "")],
  }),
  deleted: (words, requestId) => ({
    type: "replicasDeleted",
    requestId,
    brokerId: brokerId(Number(words[0] ?? "")),
    topicIds: words.slice(1).map(topicIdOf),
  }),
  shutdown: (words, requestId) => ({
    type: "controlledShutdown",
    requestId,
    ...parseBrokerOf(words[0] ?? ""),
  }),
  elect: (words, requestId) => ({
    type: "electLeaders",
    requestId,
    election: words[0] === "unclean" ? "unclean" : "preferred",
    partitions: words.length === 1 ? undefined : words.slice(1).map(parsePartition),
  }),
  observe: (words) => ({
    type: "partitionsObserved",
    partitions: [{ ...parsePartition(words[0] ?? ""), stored: parseStored(words.slice(1)) }],
  }),
  slots: (words) => ({ type: "slotsObserved", slots: parseSlots(words) }),
  timer: () => ({ type: "timerFired", key: "leaderImbalance" }),
};

function parseEvent(verb: string, words: readonly string[], step: number): ControllerEvent {
  const parse = EVENT_PARSERS[verb];
  if (parse === undefined) throw new Error(`unknown command ${verb}`);
  return parse(words, `r${step}`);
}

function parseIsrChange(words: readonly string[]) {
  const options = parseOptions(words);
  const isr = (options.get("isr") ?? "").split(",").filter((member) => member !== "");
  return {
    type: "alterPartition",
    changes: [
      {
        ...parseIdPartition(words[1] ?? ""),
        leaderEpoch: leaderEpoch(Number(options.get("epoch"))),
        partitionEpoch: partitionEpoch(Number(options.get("v"))),
        isr: isr.map(parseBrokerOf),
      },
    ],
  } as const;
}

function parseNewTopic(text: string): NewTopic {
  const [name = "", ...words] = text.split(" ");
  const options = parseOptions(words);
  const number = (key: string): number | undefined => {
    const value = options.get(key);
    return value === undefined ? undefined : Number(value);
  };
  return {
    name,
    topicId: topicIdOf(name),
    partitions: number("partitions"),
    replicationFactor: number("rf"),
    assignment: options.get("assignment")?.split(";").map(parseIds),
    configs: Object.fromEntries(
      [...options].flatMap(([key, value]) =>
        key.startsWith("config.") ? [[key.slice("config.".length), value]] : [],
      ),
    ),
    assignmentStart: number("start") ?? 0,
  };
}

/** `name=value`, `name=` deletes, `name+=item`, `name-=item`. */
function parseConfigChange(word: string): ConfigChange[] {
  const [, name, sign, value] = /^([^=]+?)([+-]?)=(.*)$/.exec(word) ?? [];
  if (name === undefined || value === undefined) return [];
  if (sign === "+") return [{ name, operation: "append", value }];
  if (sign === "-") return [{ name, operation: "subtract", value }];
  return value === "" ? [{ name, operation: "delete" }] : [{ name, operation: "set", value }];
}

function parseMorePartitions(text: string): CreatePartitionsEvent["topics"][number] {
  const [counted = "", ...words] = text.split(" ");
  const [name = "", count] = counted.split("=");
  const assignment = parseOptions(words).get("assignment")?.split(";").map(parseIds);
  return { name, count: Number(count), assignment };
}

function fullBrokersOf(words: readonly string[]): ReadonlyMap<BrokerId, string> {
  const full = parseIds(parseOptions(words).get("full") ?? "");
  return new Map(full.map((id) => [id, "its disk is full"]));
}

/** `orders`, or `orders#old` for the incarnation with that id. */
function parseTopicToDelete(word: string): TopicToDelete {
  const [name = "", incarnation] = word.split("#");
  return incarnation === undefined ? { name } : { name, topicId: topicIdOf(incarnation) };
}

/** `1@21`, `1@21/rack`, `1@21!newFolder`, `1@31!clean!newFolder=21`, `1@31!clean!damaged=orders-0`, `1@31!clean!outdated=12-`, `1@31!unclean!synced=orders-0:12`. */
function parseBrokers(words: readonly string[]): ObservedBroker[] {
  return words
    .filter((word) => word !== "")
    .map((word) => {
      const [named = "", boot = "clean", ...lost] = word.split("!");
      const [registered = "", rack] = named.split("/");
      const id = parseBrokerOf(registered);
      const endpoints = [{ listener: "HTTP", host: `b${id.brokerId}`, port: 8092 }];
      const incarnation = `data-${id.brokerId}`;
      const damaged = lost.flatMap((loss) => /^damaged=(.+)$/.exec(loss)?.[1] ?? []);
      const losses: DataLosses = Object.fromEntries(
        lost.flatMap((loss): [string, unknown][] => {
          const [how = "", since = ""] = loss.split("=");
          if (how === "outdated") return [[how, since.split(",").map(parseMissed)]];
          if (how === "synced") return [[how, parseSynced(since)]];
          return how === "damaged" ? [] : [[how, brokerEpoch(Number(since))]];
        }),
      );
      return { ...id, incarnation, endpoints, rack, boot: boot as BootKind, losses, damaged };
    });
}

/** `orders-0:12,orders-1:31`: since those broker epochs. */
function parseSynced(text: string): NonNullable<DataLosses["synced"]> {
  return Object.fromEntries(
    text.split(",").map((log) => {
      const [name = "", since = ""] = log.split(":");
      return [name, brokerEpoch(Number(since))];
    }),
  );
}

/** `12-41`, `12-`, `-41`: between those broker epochs. */
function parseMissed(text: string): NonNullable<DataLosses["outdated"]>[number] {
  const [after, before] = text
    .split("-")
    .map((epoch) => (epoch === "" ? undefined : brokerEpoch(Number(epoch))));
  return { after, before };
}

function parseSlots(words: readonly string[]): ObservedSlot[] {
  return words
    .filter((word) => word !== "")
    .map((word) => {
      const [slot = "", broker = "", version = ""] = word.split(":");
      const holder =
        broker === "?" ? { brokerId: undefined, brokerEpoch: undefined } : parseBrokerOf(broker);
      return {
        slot: Number(slot),
        ...holder,
        coordinatorEpoch: coordinatorEpoch(Number(version)),
      };
    });
}

function parseBrokerOf(word: string): { brokerId: BrokerId; brokerEpoch: BrokerEpoch } {
  const [id, epoch] = word.split("@");
  return { brokerId: brokerId(Number(id)), brokerEpoch: brokerEpoch(Number(epoch ?? 0)) };
}

function parseIds(text: string): BrokerId[] {
  return text
    .split(",")
    .filter((id) => id !== "")
    .map((id) => brokerId(Number(id)));
}

function parsePartition(key: string): TopicPartition {
  const dash = key.lastIndexOf("-");
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}

function parseIdPartition(key: string): { topicId: TopicId; partition: number } {
  const { topic, partition } = parsePartition(key);
  return { topicId: topicIdOf(topic), partition };
}

/** Scripts name a topic's id after the topic. */
function topicIdOf(name: string): TopicId {
  return `#${name}` as TopicId;
}

function parseOptions(words: readonly string[]): Map<string, string> {
  return new Map(
    words.flatMap((word): [string, string][] => {
      const equals = word.indexOf("=");
      return equals < 0 ? [] : [[word.slice(0, equals), word.slice(equals + 1)]];
    }),
  );
}
