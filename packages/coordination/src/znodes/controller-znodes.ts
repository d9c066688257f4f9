import {
  type BrokerId,
  brokerId,
  type ControllerEpoch,
  controllerEpoch,
  type Timestamp,
} from "@zoolog/base";
import { CONTROLLER_PATH } from "../paths.ts";
import { BROKER_ID_MAX, encodeJson, encodeText, ZnodeObject } from "./znode-json.ts";

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

/** An int32, of which the last one is left: each election needs another. */
const CONTROLLER_EPOCH_MAX = 2 ** 31 - 2;

/** `undefined` when it is none. */
export function decodeControllerEpoch(data: Uint8Array): ControllerEpoch | undefined {
  const text = Buffer.from(data).toString("latin1").trim();
  const epoch = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return epoch <= CONTROLLER_EPOCH_MAX ? controllerEpoch(epoch) : undefined;
}
