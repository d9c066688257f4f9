import {
  type BrokerId,
  brokerEpoch,
  brokerId,
  type ControllerEpoch,
  controllerEpoch,
  coordinatorEpoch,
  leaderEpoch,
  type TopicId,
  timestamp,
} from "@zoolog/base";
import type {
  BrokerRegistration,
  NewTopicZnodes,
  PartitionState,
  SlotWrite,
} from "@zoolog/coordination";

/** A registration with what the test cares about; the rest is filled in. */
export function sampleBroker(
  id: number,
  changes: Partial<BrokerRegistration> = {},
): BrokerRegistration {
  return {
    brokerId: brokerId(id),
    incarnation: `folder-${id}`,
    endpoints: [
      { listener: "HTTP", host: `b${id}.example`, port: 8092, securityProtocol: "PLAINTEXT" },
    ],
    rack: undefined,
    folder: `disk-${id}`,
    bootId: "boot",
    boot: "clean",
    timestamp: timestamp(1_700_000_000_000),
    ...changes,
  };
}

export function sampleState(
  options: {
    readonly leader?: number;
    readonly epoch?: number;
    readonly isr?: readonly number[];
    readonly controller?: number;
  } = {},
): PartitionState {
  const { leader = 0, epoch = 0, isr = [leader], controller = 1 } = options;
  return {
    leader: brokerId(leader),
    leaderEpoch: leaderEpoch(epoch),
    isr: isr.map(brokerId),
    isrBrokerEpochs: isr.map((id) => brokerEpoch(100 + id)),
    controllerEpoch: controllerEpoch(controller),
  };
}

/** The slot goes to broker 0; `expected` is the epoch that it is at, `undefined` while it has none. */
export function sampleSlotWrite(options: {
  readonly slot: number;
  readonly expected?: number | undefined;
  readonly epoch?: number;
  readonly controllerEpoch: ControllerEpoch;
}): SlotWrite {
  const { slot, expected, epoch = 0, controllerEpoch: decidedIn } = options;
  return {
    slot,
    expectedCoordinatorEpoch: expected === undefined ? undefined : coordinatorEpoch(expected),
    coordinatorEpoch: coordinatorEpoch(epoch),
    brokerId: brokerId(0),
    brokerEpoch: brokerEpoch(1),
    controllerEpoch: decidedIn,
  };
}

/** A topic with one replica per partition, on broker 0. */
export function sampleTopic(name: string, partitions: number, id = name): NewTopicZnodes {
  const replicas: readonly BrokerId[] = [brokerId(0)];
  return {
    name,
    topicId: sampleTopicId(id),
    configs: {},
    partitions: Array.from({ length: partitions }, () => ({ replicas, state: sampleState() })),
  };
}

/** A well-formed topic id that can be told from others. */
export function sampleTopicId(text: string): TopicId {
  const plain = text.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return plain.padEnd(22, "-").slice(0, 22) as TopicId;
}
