import {
  brokerEpochField,
  brokerIdField,
  flag,
  int32,
  int64,
  object,
  optional,
  type Static,
  text,
  timestampField,
} from "../schema.ts";

export const describeBrokerRequest = object({});
export type DescribeBrokerRequest = Static<typeof describeBrokerRequest>;

/** What the answering broker alone knows of itself; the cluster's view is in `describe-cluster`. */
export const describeBrokerResponse = object({
  brokerId: brokerIdField,
  brokerEpoch: optional(brokerEpochField),
  rack: optional(text({ maxLength: 255 })),
  version: text({ maxLength: 50 }),
  incarnation: text({ maxLength: 100 }, { description: "Of the data folder" }),
  bootId: text({ maxLength: 100 }, { description: "Of the machine since it was started" }),
  startedAt: timestampField,
  isController: flag(),
  leaders: int32,
  replicas: int32,
  offlineReplicas: int32,
  coordinatorSlots: int32,
  groups: int32,
  dataFolder: text({ maxLength: 4_096 }),
  logBytes: int64,
  diskFreeBytes: optional(int64),
  diskBytes: optional(int64),
});
export type DescribeBrokerResponse = Static<typeof describeBrokerResponse>;
