import {
  list,
  object,
  oneOfNames,
  partitionIndex,
  type Schema,
  type Static,
  text,
  topicId,
  topicName,
} from "../schema.ts";

/** Kafka sets no limit; this one keeps the group's znode readable, as a topic's. */
export const groupIdField: Schema<string> = text(
  { maxLength: 249 },
  { description: "Any text of at most 249 characters; INVALID_GROUP_ID when it is empty" },
);

/**
 * Groups that are asked about, each once: what is told of one may be a hundred thousand times longer
 * than its id (as for `topicNames`).
 */
export function groupIds(): Schema<readonly string[]> {
  return { ...list(groupIdField), uniqueItems: true };
}

/** Coordinators make it of the client's id and a UUID; a client's own may be as long. */
export const memberIdField: Schema<string> = text({ maxLength: 500 });

export const groupInstanceIdField: Schema<string> = text(
  { maxLength: 249 },
  { description: "Chosen by the user: a static member, which may come back without a rebalance" },
);

/** Names of protocols, protocol types and assignors. */
export const protocolNameField: Schema<string> = text({ maxLength: 249 });

export const leaveReasonField: Schema<string> = text(
  { maxLength: 255 },
  { description: "Why, for the log of the coordinator" },
);

export const rackIdField: Schema<string> = text({ maxLength: 255 });

/** Longer ones than the broker's `offset.metadata.max.bytes` are refused one by one. */
export const offsetMetadataField: Schema<string> = text(
  { maxLength: 32_767 },
  { description: "The consumer's own note beside the offset" },
);

export const topicPatternField: Schema<string> = text(
  { maxLength: 1_000 },
  { description: "A regular expression; the whole name of a topic has to match" },
);

export const groupTypeField = oneOfNames(["classic", "consumer"], {
  description: "By which protocol the members agree: Kafka's classic one, or KIP-848's",
});
export type GroupTypeName = Static<typeof groupTypeField>;

/** Kafka's states of both protocols. */
export const groupStateField = oneOfNames([
  "empty",
  "preparingRebalance",
  "completingRebalance",
  "assigning",
  "reconciling",
  "stable",
  "dead",
]);
export type GroupStateName = Static<typeof groupStateField>;

/** Partitions of one topic that a member has, or is to have. */
export const assignedTopic = object({
  topicId,
  topic: topicName,
  partitions: list(partitionIndex),
});
