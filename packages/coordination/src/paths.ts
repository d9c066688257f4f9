/** Where everything stands; docs/formats/znodes.md says what. */
/** Empty; its version counts how often brokers found that ZooKeeper was set back. */
export const CLUSTER_PATH = "/cluster";
export const CLUSTER_ID_PATH = "/cluster/id";
/** Marks of brokers, by which they find that ZooKeeper was set back: cluster/history-marks.ts. */
export const HISTORY_PATH = "/cluster/history";
export const BROKER_SECRET_PATH = "/cluster/broker_secret";
export const BROKER_IDS_PATH = "/brokers/ids";
export const BROKER_FOLDERS_PATH = "/brokers/folders";
export const TOPICS_PATH = "/brokers/topics";
export const CONTROLLER_PATH = "/controller";
export const CONTROLLER_EPOCH_PATH = "/controller_epoch";
export const CONFIG_CHANGES_PATH = "/config/changes";
export const DELETE_TOPICS_PATH = "/admin/delete_topics";
export const DELETED_TOPICS_PATH = "/admin/deleted_topics";
export const PREFERRED_ELECTION_PATH = "/admin/preferred_replica_election";
export const PRODUCER_ID_BLOCK_PATH = "/latest_producer_id_block";

export const COORDINATORS_PATH = "/coordinators";
export const CONSUMERS_PATH = "/consumers";

/** Persistent znodes that everything else stands below; parents before children. */
export const BASE_PATHS: readonly string[] = [
  CLUSTER_PATH,
  "/brokers",
  BROKER_IDS_PATH,
  BROKER_FOLDERS_PATH,
  TOPICS_PATH,
  "/config",
  "/config/topics",
  "/config/brokers",
  "/config/users",
  "/config/clients",
  CONFIG_CHANGES_PATH,
  "/admin",
  DELETE_TOPICS_PATH,
  DELETED_TOPICS_PATH,
  COORDINATORS_PATH,
  CONSUMERS_PATH,
];

export type ConfigKind = "topic" | "broker";

export const brokerPath = (brokerId: number): string => `${BROKER_IDS_PATH}/${brokerId}`;
export const brokerFolderPath = (brokerId: number): string => `${BROKER_FOLDERS_PATH}/${brokerId}`;
export const topicPath = (topic: string): string => `${TOPICS_PATH}/${topic}`;
export const partitionsPath = (topic: string): string => `${topicPath(topic)}/partitions`;
export const partitionPath = (topic: string, partition: number): string =>
  `${partitionsPath(topic)}/${partition}`;
export const statePath = (topic: string, partition: number): string =>
  `${partitionPath(topic, partition)}/state`;
export const configsPath = (kind: ConfigKind): string => `/config/${kind}s`;
export const configPath = (kind: ConfigKind, name: string): string =>
  `${configsPath(kind)}/${name}`;
export const CONFIG_CHANGE_PREFIX = `${CONFIG_CHANGES_PATH}/config_change_`;
export const deleteRequestPath = (topic: string): string => `${DELETE_TOPICS_PATH}/${topic}`;
export const deletedTopicPath = (topicId: string): string => `${DELETED_TOPICS_PATH}/${topicId}`;
export const slotPath = (slot: number): string => `${COORDINATORS_PATH}/${slot}`;

/** Names of groups, members and topics below `/consumers` are encoded: see groups/group-names.ts. */
export const groupPath = (group: string): string => `${CONSUMERS_PATH}/${group}`;
export const membersPath = (group: string): string => `${groupPath(group)}/ids`;
export const memberPath = (group: string, member: string): string =>
  `${membersPath(group)}/${member}`;
export const offsetsPath = (group: string): string => `${groupPath(group)}/offsets`;
export const topicOffsetsPath = (group: string, topic: string): string =>
  `${offsetsPath(group)}/${topic}`;
export const offsetPath = (group: string, topic: string, partition: number): string =>
  `${topicOffsetsPath(group, topic)}/${partition}`;
