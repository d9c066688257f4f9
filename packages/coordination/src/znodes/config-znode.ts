import type { ConfigKind } from "../paths.ts";
import type { ConfigOverrides } from "../port/cluster-snapshot.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeConfig(overrides: ConfigOverrides): Uint8Array {
  return encodeJson({ version: 1, config: overrides });
}

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeConfig(path: string, data: Uint8Array): ConfigOverrides {
  return ZnodeObject.decode(path, data).object("config").texts();
}

/** What tells watchers of `/config/changes` whose config to read again. */
export function encodeConfigChange(kind: ConfigKind, name: string): Uint8Array {
  return encodeJson({ version: 2, entity_path: `${kind}s/${name}` });
}
