import {
  type BrokerEpoch,
  type BrokerId,
  brokerEpoch,
  brokerId,
  controllerEpoch,
  leaderEpoch,
  partitionEpoch,
  ZoologError,
} from "@zoolog/base";
import { malformed } from "../errors.ts";
import type { PartitionState, StoredState } from "../port/cluster-snapshot.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

const NO_LEADER = -1;
const UNKNOWN_EPOCH = -1;

/** Batches carry it in 31 bits, and the next election adds 1. */
const LEADER_EPOCH_MAX = 2 ** 31 - 2;

export function encodePartitionState(state: PartitionState): Uint8Array {
  return encodeJson({
    version: 1,
    controller_epoch: state.controllerEpoch,
    leader: state.leader ?? NO_LEADER,
    leader_epoch: state.leaderEpoch,
    isr: state.isr,
    isr_broker_epochs: state.isrBrokerEpochs.map((epoch) => epoch ?? UNKNOWN_EPOCH),
  });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodePartitionState(path: string, data: Uint8Array): PartitionState {
  const znode = ZnodeObject.decode(path, data);
  const leader = znode.integer("leader", { min: NO_LEADER });
  const isr = znode.brokerIds("isr");
  if (isr.length === 0) throw malformed(path, "isr is empty");
  if (leader !== NO_LEADER && !isr.includes(brokerId(leader))) {
    throw malformed(path, `leader ${leader} is not in the isr [${isr}]`);
  }
  return {
    leader: leader === NO_LEADER ? undefined : brokerId(leader),
    leaderEpoch: leaderEpoch(znode.integer("leader_epoch", { min: 0, max: LEADER_EPOCH_MAX })),
    isr,
    isrBrokerEpochs: decodeBrokerEpochs(znode, isr),
    controllerEpoch: controllerEpoch(znode.integer("controller_epoch", { min: 0 })),
  };
}

function decodeBrokerEpochs(
  znode: ZnodeObject,
  isr: readonly BrokerId[],
): readonly (BrokerEpoch | undefined)[] {
  if (!znode.has("isr_broker_epochs")) return isr.map(() => undefined);
  const epochs = znode.integers("isr_broker_epochs", { min: UNKNOWN_EPOCH });
  if (epochs.length !== isr.length) {
    throw malformed(znode.path, "isr_broker_epochs is not as long as isr");
  }
  return epochs.map((epoch) => (epoch === UNKNOWN_EPOCH ? undefined : brokerEpoch(epoch)));
}

/** What a state znode says, for whoever has to decide about it. */
export function storedState(
  path: string,
  znode: { readonly data: Uint8Array; readonly stat: { readonly version: number } } | undefined,
): StoredState {
  if (znode === undefined) return { status: "absent" };
  try {
    return {
      status: "present",
      state: decodePartitionState(path, znode.data),
      partitionEpoch: partitionEpoch(znode.stat.version),
    };
  } catch (error) {
    if (!(error instanceof ZoologError)) throw error;
    return { status: "unreadable", reason: error.message };
  }
}
