import { ENCODED_NAME_LENGTH_MAX, encodedNameFault, topicNameFault } from "@zoolog/base";
import type {
  ClientIdentity,
  ConsumerGroupHeartbeatEvent,
  JoinGroupEvent,
  LeaveGroupEvent,
  SyncGroupEvent,
} from "./group-event.ts";
import type { GroupRefusal } from "./group-reply.ts";

/**
 * What a request may bring into a member's znode. A znode that ZooKeeper refuses for its size would
 * fail the writes of the whole slot, and again after each load; so it must not come so far. In all,
 * with base64, a member stays below 400 KiB.
 */
const METADATA_BYTES_MAX = 128 * 1024;
/** Of a protocol beside its name and metadata, in its znode and in memory: empty ones cost, too. */
const PROTOCOL_BYTES = 64;
/** The longest that a character of JSON may be, as names of protocols stand there: `\u0001`. */
const NAME_CHARACTER_BYTES = 6;
const ASSIGNMENT_BYTES_MAX = 128 * 1024;
const SUBSCRIPTION_LENGTH_MAX = 128 * 1024;
/** Of one topic beside its name: the quotes and the comma in the znode. */
const TOPIC_LENGTH = 3;
/** As many as a list of the native plane has. */
const SUBSCRIBED_TOPICS_MAX = 10_000;
/** Member and instance ids, client ids, racks, protocol types; a member id is a znode's name. */
const NAME_LENGTH_MAX = 249;
/** What coordinators add to an instance's or client's id for a member's: a UUID and a hyphen. */
const MEMBER_ID_SUFFIX_LENGTH = 37;
const MEMBER_ID_LENGTH_MAX = NAME_LENGTH_MAX + MEMBER_ID_SUFFIX_LENGTH;
const ENCODED_STEM_LENGTH_MAX = ENCODED_NAME_LENGTH_MAX - MEMBER_ID_SUFFIX_LENGTH;
/** Members that leave at once: more than groups have. */
const LEAVING_MEMBERS_MAX = 10_000;
/** Kafka's int32; more than a timer can wait for. */
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

export function joinTooLarge(event: JoinGroupEvent): GroupRefusal | undefined {
  const bytes = event.protocols.reduce(
    (sum, { name, metadata }) =>
      sum + PROTOCOL_BYTES + NAME_CHARACTER_BYTES * name.length + metadata.length,
    0,
  );
  if (bytes > METADATA_BYTES_MAX) {
    return refused(
      `the protocols of a member have at most ${METADATA_BYTES_MAX} bytes, ` +
        `${PROTOCOL_BYTES} for each beside its metadata and ${NAME_CHARACTER_BYTES} for each ` +
        "character of its name",
    );
  }
  if (event.protocolType.length > NAME_LENGTH_MAX) {
    return refused(`a protocol type has at most ${NAME_LENGTH_MAX} characters`);
  }
  return namesTooLong(event) ?? timeoutOutOfRange(event.rebalanceTimeoutMs);
}

export function syncTooLarge({ assignments }: SyncGroupEvent): GroupRefusal | undefined {
  return assignments.some(({ assignment }) => assignment.length > ASSIGNMENT_BYTES_MAX)
    ? refused(`the assignment of a member has at most ${ASSIGNMENT_BYTES_MAX} bytes`)
    : undefined;
}

export function leaveTooLarge({ members }: LeaveGroupEvent): GroupRefusal | undefined {
  return members.length > LEAVING_MEMBERS_MAX
    ? refused(`at most ${LEAVING_MEMBERS_MAX} members leave at once`)
    : undefined;
}

export function heartbeatTooLarge(event: ConsumerGroupHeartbeatEvent): GroupRefusal | undefined {
  const topics = event.subscribedTopics ?? [];
  if (topics.length > SUBSCRIBED_TOPICS_MAX) {
    return refused(`a subscription has at most ${SUBSCRIBED_TOPICS_MAX} topics, or a pattern`);
  }
  const length = topics.reduce((sum, name) => sum + TOPIC_LENGTH + name.length, 0);
  if (length > SUBSCRIPTION_LENGTH_MAX) {
    return refused(
      `the topics of a subscription have at most ${SUBSCRIPTION_LENGTH_MAX} characters`,
    );
  }
  const bad = topics.find((name) => topicNameFault(name) !== undefined);
  if (bad !== undefined) return refused(`${JSON.stringify(bad)} is no name of a topic`);
  return namesTooLong(event) ?? timeoutOutOfRange(event.rebalanceTimeoutMs);
}

type Names = ClientIdentity & {
  readonly memberId: string | undefined;
  readonly groupInstanceId: string | undefined;
  readonly rackId?: string | undefined;
};

function namesTooLong(names: Names): GroupRefusal | undefined {
  const { memberId, groupInstanceId, rackId = "", clientId, clientHost } = names;
  if (memberId === "" || groupInstanceId === "") {
    return refused("member and instance ids are not empty; leave them out instead");
  }
  if (memberId !== undefined && memberId.length > MEMBER_ID_LENGTH_MAX) {
    return refused(`a member id has at most ${MEMBER_ID_LENGTH_MAX} characters`);
  }
  const all = [groupInstanceId ?? "", rackId, clientId, clientHost];
  if (all.some((name) => name.length > NAME_LENGTH_MAX)) {
    return refused(`ids of instances and clients have at most ${NAME_LENGTH_MAX} characters`);
  }
  return unwritableName(names);
}

/** A member that no znode can be named by would take its whole group back to what is stored. */
function unwritableName({ memberId = "", groupInstanceId, clientId }: Names) {
  const idFault = encodedNameFault(memberId);
  if (idFault !== undefined) return refused(`a member id ${idFault}`);
  const fault = encodedNameFault(groupInstanceId ?? clientId, ENCODED_STEM_LENGTH_MAX);
  return fault === undefined ? undefined : refused(`an id of an instance or client ${fault}`);
}

function timeoutOutOfRange(timeoutMs: number | undefined): GroupRefusal | undefined {
  return timeoutMs !== undefined && !(timeoutMs >= 0 && timeoutMs <= TIMEOUT_MS_MAX)
    ? refused(`a rebalance timeout lies between 0 and ${TIMEOUT_MS_MAX} ms`)
    : undefined;
}

function refused(message: string): GroupRefusal {
  return { code: "INVALID_REQUEST", message };
}
