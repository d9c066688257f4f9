import type { Operation } from "@zoolog/zookeeper";

export type PartitionStateWrite = {
  /** `<topic>-<partition>` */
  readonly partition: string;
  readonly controllerEpoch: number;
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
};

const STATE = /^\/brokers\/topics\/([^/]+)\/partitions\/(\d+)\/state$/;

/** The partition states that a transaction writes. */
export function partitionStatesOf(operations: readonly Operation[]): PartitionStateWrite[] {
  return operations.flatMap((operation) => {
    const [, topic, index] = STATE.exec(operation.path) ?? [];
    if (topic === undefined || !("data" in operation)) return [];
    const state = JSON.parse(Buffer.from(operation.data).toString()) as {
      readonly controller_epoch: number;
      readonly leader: number;
      readonly leader_epoch: number;
      readonly isr: readonly number[];
    };
    return {
      partition: `${topic}-${index}`,
      controllerEpoch: state.controller_epoch,
      leader: state.leader,
      leaderEpoch: state.leader_epoch,
      isr: state.isr,
    };
  });
}
