import {
  type BrokerId,
  brokerId,
  type ControllerEpoch,
  controllerEpoch,
  type Timestamp,
} from "@zoolog/base";
import { malformed } from "../errors.ts";
import { CONTROLLER_EPOCH_PATH, CONTROLLER_PATH } from "../paths.ts";
import { BROKER_ID_MAX, decodeText, encodeJson, encodeText, ZnodeObject } from "./znode-json.ts";

export function encodeController(id: BrokerId, now: Timestamp): Uint8Array {
  return encodeJson({ version: 1, brokerid: id, timestamp: String(now) });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeController(data: Uint8Array): BrokerId {
  const znode = ZnodeObject.decode(CONTROLLER_PATH, data);
  return brokerId(znode.integer("brokerid", { min: 0, max: BROKER_ID_MAX }));
}

export function encodeControllerEpoch(epoch: ControllerEpoch): Uint8Array {
  return encodeText(String(epoch));
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeControllerEpoch(data: Uint8Array): ControllerEpoch {
  const text = decodeText(CONTROLLER_EPOCH_PATH, data).trim();
  if (!/^[0-9]{1,10}$/.test(text)) {
    throw malformed(CONTROLLER_EPOCH_PATH, `${JSON.stringify(text)} is not an epoch`);
  }
  return controllerEpoch(Number(text));
}
