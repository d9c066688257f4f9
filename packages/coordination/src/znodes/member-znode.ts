import { TOPIC_PARTITIONS_MAX, type TopicId } from "@zoolog/base";
import { malformed } from "../errors.ts";
import type {
  ClassicMemberZnode,
  ConsumerMemberZnode,
  GroupZnode,
  MemberZnode,
  PartitionsByTopic,
} from "../port/group-state.ts";
import { decodeGroupType, EPOCH_MAX } from "./group-znode.ts";
import { asTopicId } from "./topic-znode.ts";
import { encodeJson, ZnodeObject } from "./znode-json.ts";

export function encodeMember(member: MemberZnode): Uint8Array {
  return encodeJson(member.type === "classic" ? classicJson(member) : consumerJson(member));
}

function classicJson(member: ClassicMemberZnode): unknown {
  return {
    version: 1,
    type: "classic",
    instance: member.instanceId,
    client_id: member.clientId,
    client_host: member.clientHost,
    session_timeout_ms: member.sessionTimeoutMs,
    rebalance_timeout_ms: member.rebalanceTimeoutMs,
    protocols: member.protocols.map(({ name, metadata }) => ({ name, metadata: base64(metadata) })),
    assignment: base64(member.assignment),
    generation: member.generationId,
  };
}

function consumerJson(member: ConsumerMemberZnode): unknown {
  return {
    version: 1,
    type: "consumer",
    instance: member.instanceId,
    client_id: member.clientId,
    client_host: member.clientHost,
    rack: member.rackId,
    rebalance_timeout_ms: member.rebalanceTimeoutMs,
    subscription: member.subscription,
    assignor: member.assignor,
    epoch: member.memberEpoch,
    previous_epoch: member.previousMemberEpoch,
    away: member.isAway ? true : undefined,
    assigned: Object.fromEntries(member.assigned),
    revoking: Object.fromEntries(member.revoking),
    target: Object.fromEntries(member.target),
  };
}

/**
 * A member of a group of `type`.
 *
 * @throws ZoologError `ZNODE_MALFORMED`.
 */
export function decodeMember(
  path: string,
  data: Uint8Array,
  type: GroupZnode["type"],
): MemberZnode {
  const znode = ZnodeObject.decode(path, data);
  const own = decodeGroupType(znode);
  if (own !== type) throw malformed(path, `is a ${own} member of a ${type} group`);
  return type === "classic" ? decodeClassicMember(znode) : decodeConsumerMember(znode);
}

function decodeClassicMember(znode: ZnodeObject): ClassicMemberZnode {
  return {
    type: "classic",
    instanceId: znode.optionalText("instance"),
    clientId: znode.text("client_id"),
    clientHost: znode.text("client_host"),
    sessionTimeoutMs: znode.integer("session_timeout_ms", { min: 0 }),
    rebalanceTimeoutMs: znode.integer("rebalance_timeout_ms", { min: 0 }),
    protocols: znode.array("protocols").map((item) => {
      const protocol = ZnodeObject.of(znode.path, item, "an item of protocols");
      return { name: protocol.text("name"), metadata: bytes(protocol, "metadata") };
    }),
    assignment: bytes(znode, "assignment"),
    generationId: znode.integer("generation", { min: 0, max: EPOCH_MAX }),
  };
}

function decodeConsumerMember(znode: ZnodeObject): ConsumerMemberZnode {
  const subscription = znode.object("subscription");
  const epoch = { min: EPOCH_MIN, max: EPOCH_MAX };
  return {
    type: "consumer",
    instanceId: znode.optionalText("instance"),
    clientId: znode.text("client_id"),
    clientHost: znode.text("client_host"),
    rackId: znode.optionalText("rack"),
    rebalanceTimeoutMs: znode.integer("rebalance_timeout_ms", { min: 0 }),
    subscription: {
      topics: texts(subscription, "topics"),
      pattern: subscription.optionalText("pattern"),
    },
    assignor: znode.optionalText("assignor"),
    memberEpoch: znode.integer("epoch", epoch),
    previousMemberEpoch: znode.integer("previous_epoch", epoch),
    isAway: znode.has("away") && znode.flag("away"),
    assigned: partitions(znode, "assigned"),
    revoking: partitions(znode, "revoking"),
    target: partitions(znode, "target"),
  };
}

/** Kafka's −1 and −2 stand for having left, and for having left for now (KIP-848). */
const EPOCH_MIN = -2;

function texts(znode: ZnodeObject, name: string): readonly string[] {
  return znode.array(name).map((item) => {
    if (typeof item !== "string")
      throw malformed(znode.path, `${name} has an item that is no text`);
    return item;
  });
}

function partitions(znode: ZnodeObject, name: string): PartitionsByTopic {
  const object = znode.object(name);
  return new Map(
    object
      .entries()
      .map(([topicId]): [TopicId, readonly number[]] => [
        asTopicId(znode.path, topicId),
        object.integers(topicId, { min: 0, max: TOPIC_PARTITIONS_MAX - 1 }),
      ]),
  );
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}

function bytes(znode: ZnodeObject, name: string): Uint8Array {
  const text = znode.text(name);
  const data = Buffer.from(text, "base64");
  if (data.toString("base64") !== text) throw malformed(znode.path, `${name} is not base64`);
  return new Uint8Array(data);
}
