import { assert } from "./assert.ts";

declare const brand: unique symbol;

/** A number or string that cannot be passed where another kind of number or string is wanted. */
export type Branded<Base, Name extends string> = Base & { readonly [brand]: Name };

/** Position of a record in its partition; the first is 0. Always a safe integer. */
export type Offset = Branded<number, "Offset">;
/** Counter of a partition's leaderships; it fences leaders of the past. */
export type LeaderEpoch = Branded<number, "LeaderEpoch">;
/** Counter of controller elections; it fences controllers of the past. */
export type ControllerEpoch = Branded<number, "ControllerEpoch">;
/** The czxid of a broker's registration znode: one number per life of a broker. */
export type BrokerEpoch = Branded<number, "BrokerEpoch">;
/** Version of a partition's state in the coordination store (leader, ISR). */
export type PartitionEpoch = Branded<number, "PartitionEpoch">;
/** Version of a coordinator slot's assignment in the store; it fences coordinators of the past. */
export type CoordinatorEpoch = Branded<number, "CoordinatorEpoch">;
/** A broker's number, chosen by its operator; unique in the cluster. Range 0..2^31-1. */
export type BrokerId = Branded<number, "BrokerId">;
/** Milliseconds since 1970-01-01 UTC. */
export type Timestamp = Branded<number, "Timestamp">;
/** Random 128-bit id of one incarnation of a topic, 22 characters of base64url. */
export type TopicId = Branded<string, "TopicId">;

function nonNegativeInteger(value: number, what: string): number {
  assert(Number.isSafeInteger(value) && value >= 0, () => `${what} out of range: ${value}`);
  return value;
}

export const offset = (value: number): Offset => nonNegativeInteger(value, "offset") as Offset;
export const leaderEpoch = (value: number): LeaderEpoch =>
  nonNegativeInteger(value, "leader epoch") as LeaderEpoch;
export const controllerEpoch = (value: number): ControllerEpoch =>
  nonNegativeInteger(value, "controller epoch") as ControllerEpoch;
export const brokerEpoch = (value: number): BrokerEpoch =>
  nonNegativeInteger(value, "broker epoch") as BrokerEpoch;
export const partitionEpoch = (value: number): PartitionEpoch =>
  nonNegativeInteger(value, "partition epoch") as PartitionEpoch;
export const coordinatorEpoch = (value: number): CoordinatorEpoch =>
  nonNegativeInteger(value, "coordinator epoch") as CoordinatorEpoch;
export const brokerId = (value: number): BrokerId =>
  nonNegativeInteger(value, "broker id") as BrokerId;
/** Batches may carry −1 for "no timestamp"; everything else is non-negative. */
export const timestamp = (value: number): Timestamp => {
  assert(Number.isSafeInteger(value) && value >= -1, () => `timestamp out of range: ${value}`);
  return value as Timestamp;
};
