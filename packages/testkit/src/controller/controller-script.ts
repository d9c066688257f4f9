import { brokerId, controllerEpoch, type TopicId, timestamp } from "@zoolog/base";
import {
  apply,
  applyAll,
  type ControllerEvent,
  type ControllerLoad,
  type ControllerSettings,
  type ControllerState,
  decide,
  type LoadedTopic,
  loadController,
  type UnreadableTopic,
} from "@zoolog/controller";
import { controllerViolations } from "./controller-invariants.ts";
import { sampleControllerSettings } from "./controller-samples.ts";
import { parseEvent } from "./controller-script-events.ts";
import { describeDecision, describeImage } from "./controller-script-output.ts";
import {
  parseBrokers,
  parseIds,
  parseOptions,
  parsePartition,
  parseSlots,
  parseStored,
  topicIdOf,
} from "./controller-script-words.ts";

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
