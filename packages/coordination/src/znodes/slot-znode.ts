import { brokerEpoch, brokerId, type CoordinatorEpoch, controllerEpoch } from "@zoolog/base";
import { isMalformed } from "../errors.ts";
import { slotPath } from "../paths.ts";
import type { StoredSlot } from "../port/cluster-snapshot.ts";
import type { SlotWrite } from "../port/controller-writer.ts";
import { BROKER_ID_MAX, encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeSlot(slot: SlotWrite): Uint8Array {
  return encodeJson({
    version: 1,
    broker: slot.brokerId,
    broker_epoch: slot.brokerEpoch,
    controller_epoch: slot.controllerEpoch,
  });
}

/**
 * What cannot be understood names nobody: the controller then assigns somebody, under the epoch
 * that the znode's version gives, whatever its content.
 */
export function storedSlot(slot: number, data: Uint8Array, version: CoordinatorEpoch): StoredSlot {
  try {
    const znode = ZnodeObject.decode(slotPath(slot), data);
    return {
      slot,
      coordinatorEpoch: version,
      brokerId: brokerId(znode.integer("broker", { min: 0, max: BROKER_ID_MAX })),
      brokerEpoch: znode.has("broker_epoch")
        ? brokerEpoch(znode.integer("broker_epoch", { min: 0 }))
        : undefined,
      controllerEpoch: znode.has("controller_epoch")
        ? controllerEpoch(znode.integer("controller_epoch", { min: 0 }))
        : undefined,
    };
  } catch (error) {
    if (!isMalformed(error)) throw error;
    const unknown = { brokerId: undefined, brokerEpoch: undefined, controllerEpoch: undefined };
    return { slot, coordinatorEpoch: version, ...unknown };
  }
}
