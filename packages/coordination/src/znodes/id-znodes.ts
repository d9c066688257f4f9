import type { BrokerId } from "@zoolog/base";
import { CLUSTER_ID_PATH, PRODUCER_ID_BLOCK_PATH } from "../paths.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeClusterId(id: string): Uint8Array {
  return encodeJson({ version: "1", id });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeClusterId(data: Uint8Array): string {
  return ZnodeObject.decode(CLUSTER_ID_PATH, data).text("id");
}

/** Both ends inclusive. */
export type StoredIdBlock = { readonly first: number; readonly last: number };

export function encodeIdBlock(broker: BrokerId, block: StoredIdBlock): Uint8Array {
  return encodeJson({
    version: 1,
    broker,
    block_start: String(block.first),
    block_end: String(block.last),
  });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeIdBlock(data: Uint8Array): StoredIdBlock {
  const znode = ZnodeObject.decode(PRODUCER_ID_BLOCK_PATH, data);
  return { first: znode.integerText("block_start"), last: znode.integerText("block_end") };
}
