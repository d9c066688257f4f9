import { assert, type BrokerId } from "@zoolog/base";
import { malformed } from "../errors.ts";
import {
  BROKER_SECRET_PATH,
  CLUSTER_ID_PATH,
  HISTORY_PATH,
  PRODUCER_ID_BLOCK_PATH,
} from "../paths.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeClusterId(id: string): Uint8Array {
  return encodeJson({ version: "1", id });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeClusterId(data: Uint8Array): string {
  return ZnodeObject.decode(CLUSTER_ID_PATH, data).text("id");
}

/** Oldest first. */
export function encodeHistoryMarks(marks: readonly string[]): Uint8Array {
  return encodeJson({ version: 1, marks });
}

/** Ours have some 30. What is kept is written again with each mark, and must fit into a request. */
const MARK_CHARACTERS_MAX = 128;

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeHistoryMarks(data: Uint8Array): readonly string[] {
  return ZnodeObject.decode(HISTORY_PATH, data)
    .array("marks")
    .map((mark) => {
      if (typeof mark === "string" && mark.length <= MARK_CHARACTERS_MAX) return mark;
      throw malformed(
        HISTORY_PATH,
        `has a mark that is no text of ${MARK_CHARACTERS_MAX} characters`,
      );
    });
}

/** 32 bytes in base64url. */
const BROKER_SECRET = /^[A-Za-z0-9_-]{43}$/;

export function encodeBrokerSecret(secret: string): Uint8Array {
  assert(BROKER_SECRET.test(secret), "a secret is 32 bytes in base64url");
  return encodeJson({ version: 1, secret });
}

/** @throws ZoologError `ZNODE_MALFORMED`, which does not show what stands there. */
export function decodeBrokerSecret(data: Uint8Array): string {
  const secret = ZnodeObject.decode(BROKER_SECRET_PATH, data).text("secret");
  if (BROKER_SECRET.test(secret)) return secret;
  throw malformed(BROKER_SECRET_PATH, "has a secret that is not 32 bytes in base64url");
}

/** Which life of which folder a broker registered with last. */
export function encodeBrokerFolder(incarnation: string, life: string): Uint8Array {
  return encodeJson({ version: 1, incarnation, life });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeBrokerFolder(
  path: string,
  data: Uint8Array,
): { readonly incarnation: string; readonly life: string } {
  const znode = ZnodeObject.decode(path, data);
  return { incarnation: znode.text("incarnation"), life: znode.text("life") };
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
