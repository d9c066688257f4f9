import { type BrokerId, brokerId, leaderEpoch, partitionEpoch } from "@zoolog/base";
import type {
  ConfigChange,
  ControllerEvent,
  CreatePartitionsEvent,
  NewTopic,
  TopicToDelete,
} from "@zoolog/controller";
import {
  parseBrokerOf,
  parseBrokers,
  parseIdPartition,
  parseIds,
  parseOptions,
  parsePartition,
  parseSlots,
  parseStored,
  topicIdOf,
} from "./controller-script-words.ts";

/** One for each command that is an event: its words, and the id of the request that it makes. */
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

export function parseEvent(verb: string, words: readonly string[], step: number): ControllerEvent {
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
