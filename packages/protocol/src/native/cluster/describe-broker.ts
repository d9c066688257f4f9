import {
  brokerEpochField,
  brokerIdField,
  flag,
  int32,
  int64,
  list,
  object,
  oneOfNames,
  optional,
  type Static,
  text,
  timestampField,
} from "../schema.ts";
import { brokerEndpoint } from "./metadata.ts";

export const describeBrokerRequest = object({});
export type DescribeBrokerRequest = Static<typeof describeBrokerRequest>;

/** What the answering broker alone knows of itself; the cluster's view is in `describe-cluster`. */
export const describeBrokerResponse = object({
  brokerId: brokerIdField,
  brokerEpoch: optional(brokerEpochField),
  rack: optional(text({ maxLength: 255 })),
  version: text({ maxLength: 50 }),
  incarnation: text({ maxLength: 100 }, { description: "Of the data folder" }),
  bootId: optional(
    text({ maxLength: 100 }, { description: "Of the machine since it was started" }),
  ),
  startedAt: timestampField,
  endpoints: list(brokerEndpoint),
  isController: flag(),
  leaders: int32,
  replicas: int32,
  offlineReplicas: int32,
  coordinatorSlots: int32,
  dataFolder: text({ maxLength: 4_096 }),
  logBytes: int64,
  segments: int32,
  /** Of the volume of the data folder, taken or free. */
  diskTotalBytes: optional(int64),
  diskFreeBytes: optional(int64),
  /** `log.reserved.bytes`: with no more free than this, appends are refused. */
  diskReservedBytes: optional(int64),
  openFiles: int32,
  residentBytes: int64,
  heapBytes: int64,
  /** 99 of 100 turns of the event loop were no later since the last call. */
  eventLoopDelayMs: optional(int32),
  zookeeper: object({
    state: oneOfNames(["connected", "suspended", "expired", "closed"]),
    sessionTimeoutMs: int32,
    leaseRemainingMs: int32,
  }),
});
export type DescribeBrokerResponse = Static<typeof describeBrokerResponse>;
