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
} from "@zoolog/base";
import type {
  BootKind,
  DataLosses,
  ObservedBroker,
  ObservedSlot,
  PartitionState,
  StoredState,
} from "@zoolog/controller";

/** What the commands of controller scripts are written with: brokers, partitions, states, options. */

export function parseStored(words: readonly string[]): StoredState {
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

/** `1@21`, `1@21/rack`, `1@21!newFolder`, `1@31!clean!newFolder=21`, `1@31!clean!damaged=orders-0`, `1@31!clean!outdated=12-`, `1@31!unclean!synced=orders-0:12!unsynced=orders-1`. */
export function parseBrokers(words: readonly string[]): ObservedBroker[] {
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
          if (how === "unsynced") return [[how, new Set(since.split(","))]];
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

export function parseSlots(words: readonly string[]): ObservedSlot[] {
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

export function parseBrokerOf(word: string): { brokerId: BrokerId; brokerEpoch: BrokerEpoch } {
  const [id, epoch] = word.split("@");
  return { brokerId: brokerId(Number(id)), brokerEpoch: brokerEpoch(Number(epoch ?? 0)) };
}

export function parseIds(text: string): BrokerId[] {
  return text
    .split(",")
    .filter((id) => id !== "")
    .map((id) => brokerId(Number(id)));
}

export function parsePartition(key: string): TopicPartition {
  const dash = key.lastIndexOf("-");
  return { topic: key.slice(0, dash), partition: Number(key.slice(dash + 1)) };
}

export function parseIdPartition(key: string): { topicId: TopicId; partition: number } {
  const { topic, partition } = parsePartition(key);
  return { topicId: topicIdOf(topic), partition };
}

/** Scripts name a topic's id after the topic. */
export function topicIdOf(name: string): TopicId {
  return `#${name}` as TopicId;
}

export function parseOptions(words: readonly string[]): Map<string, string> {
  return new Map(
    words.flatMap((word): [string, string][] => {
      const equals = word.indexOf("=");
      return equals < 0 ? [] : [[word.slice(0, equals), word.slice(equals + 1)]];
    }),
  );
}
