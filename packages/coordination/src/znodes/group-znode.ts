import { malformed } from "../errors.ts";
import type { GroupZnode } from "../port/group-state.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeGroup(group: GroupZnode): Uint8Array {
  if (group.type === "classic") {
    return encodeJson({
      version: 1,
      type: "classic",
      generation: group.generationId,
      protocol_type: group.protocolType,
      protocol: group.protocolName,
      leader: group.leader,
    });
  }
  return encodeJson({
    version: 1,
    type: "consumer",
    epoch: group.groupEpoch,
    assignment_epoch: group.assignmentEpoch,
    assignor: group.assignor,
  });
}

/** What a group is that only commits offsets. */
export const EMPTY_GROUP: Uint8Array = encodeGroup({
  type: "classic",
  generationId: 0,
  protocolType: undefined,
  protocolName: undefined,
  leader: undefined,
});

/** @throws ZoologError `ZNODE_MALFORMED`. */
export function decodeGroup(path: string, data: Uint8Array): GroupZnode {
  const znode = ZnodeObject.decode(path, data);
  const type = decodeGroupType(znode);
  if (type === "classic") {
    return {
      type,
      generationId: znode.integer("generation", { min: 0, max: EPOCH_MAX }),
      protocolType: znode.optionalText("protocol_type"),
      protocolName: znode.optionalText("protocol"),
      leader: znode.optionalText("leader"),
    };
  }
  return {
    type,
    groupEpoch: znode.integer("epoch", { min: 0, max: EPOCH_MAX }),
    assignmentEpoch: znode.integer("assignment_epoch", { min: 0, max: EPOCH_MAX }),
    assignor: znode.optionalText("assignor"),
  };
}

/** They are int32 on the wire, and the next rebalance adds 1. */
export const EPOCH_MAX = 2 ** 31 - 2;

export function decodeGroupType(znode: ZnodeObject): GroupZnode["type"] {
  const type = znode.text("type");
  if (type !== "classic" && type !== "consumer") {
    throw malformed(znode.path, `type is ${JSON.stringify(type)}, not classic or consumer`);
  }
  return type;
}
