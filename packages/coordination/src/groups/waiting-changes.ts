import { type Deferred, deferred, type TopicId } from "@zoolog/base";
import { groupNameUnusable, groupTooLarge } from "../errors.ts";
import { MULTI_BYTES_MAX } from "../limits.ts";
import type { CommittedOffset } from "../port/group-state.ts";
import type { GroupChange } from "../port/slot-writer.ts";
import { encodeGroup } from "../znodes/group-znode.ts";
import { encodeMember } from "../znodes/member-znode.ts";
import { groupNameFault } from "./group-names.ts";

/** A change that has become bytes, where that is its last form. */
export type EncodedChange =
  | { readonly type: "group"; readonly groupId: string; readonly data: Uint8Array | undefined }
  | {
      readonly type: "member";
      readonly groupId: string;
      readonly memberId: string;
      readonly data: Uint8Array | undefined;
    }
  | Extract<GroupChange, { readonly type: "offset" | "staleOffset" | "topicOffsets" }>;

/** Path and envelope of a znode: what is left of a multi is its content at most. */
const ZNODE_BYTES_MAX = MULTI_BYTES_MAX - 16 * 1024;
/** Far more than `offset.metadata.max.bytes` should ever be. */
const METADATA_CHARACTERS_MAX = 64 * 1024;

/** @throws ZoologError `GROUP_TOO_LARGE`, `GROUP_NAME_UNUSABLE`: nothing of it can be written. */
export function encodeChange(change: GroupChange): EncodedChange {
  const { type, groupId } = change;
  switch (type) {
    case "group": {
      const data = change.value === undefined ? undefined : encodeGroup(change.value);
      return { type, groupId: usable(groupId), data: fitting(data, `group ${groupId}`) };
    }
    case "member": {
      const { memberId } = change;
      const data = change.value === undefined ? undefined : encodeMember(change.value);
      const what = `member ${memberId} of group ${groupId}`;
      return {
        type,
        groupId: usable(groupId),
        memberId: usable(memberId),
        data: fitting(data, what),
      };
    }
    case "offset": {
      usable(groupId);
      const characters = change.value?.metadata.length ?? 0;
      if (characters <= METADATA_CHARACTERS_MAX) return change;
      const what = `the metadata of ${groupId} for ${change.topic}-${change.partition}`;
      throw groupTooLarge(what, characters, METADATA_CHARACTERS_MAX);
    }
    case "staleOffset":
    case "topicOffsets":
      return change;
  }
}

function usable(id: string): string {
  const fault = groupNameFault(id);
  if (fault !== undefined) throw groupNameUnusable(id, fault);
  return id;
}

function fitting(data: Uint8Array | undefined, what: string): Uint8Array | undefined {
  const bytes = data?.length ?? 0;
  if (bytes > ZNODE_BYTES_MAX) throw groupTooLarge(what, bytes, ZNODE_BYTES_MAX);
  return data;
}

/** What waits for one group. What was asked for before a removal has gone with it. */
export type WaitingGroup = {
  /** All that stands below it is removed first. */
  isRemoved: boolean;
  group: Uint8Array | undefined;
  /** By member id; `undefined` removes. */
  members: Map<string, Uint8Array | undefined>;
  topics: Map<string, WaitingTopic>;
};

export type WaitingTopic = {
  /** All offsets that are there are removed first. */
  isRemoved: boolean;
  /** By partition; `undefined` removes. */
  offsets: Map<number, CommittedOffset | undefined>;
  /** By partition, the topic that an offset is removed with if it is still of that. */
  stale: Map<number, TopicId>;
};

/**
 * What was asked for since the last round began, by key, the newest of each. All who asked wait for
 * the same promise: there are thousands of commits in a round, and they have one fate.
 */
export class WaitingChanges {
  readonly groups = new Map<string, WaitingGroup>();
  readonly written: Deferred<void> = deferred();
  #keys = 0;
  #bytes = 0;
  #hasOnlyOffsets = true;

  /** No state of groups, and nothing removed with all below: nothing that has an order. */
  get hasOnlyOffsets(): boolean {
    return this.#hasOnlyOffsets;
  }

  /** How many keys wait. */
  get keys(): number {
    return this.#keys;
  }

  /** Bytes of groups and members, also of those that were replaced meanwhile. */
  get bytes(): number {
    return this.#bytes;
  }

  add(change: EncodedChange): void {
    const group = this.#group(change.groupId);
    this.#hasOnlyOffsets &&= change.type === "offset";
    switch (change.type) {
      case "group":
        this.#bytes += change.data?.length ?? 0;
        if (change.data === undefined) clear(group);
        else if (group.group === undefined) this.#keys += 1;
        group.group = change.data;
        return;
      case "member":
        this.#bytes += change.data?.length ?? 0;
        if (!group.members.has(change.memberId)) this.#keys += 1;
        group.members.set(change.memberId, change.data);
        return;
      case "offset": {
        const { offsets, stale } = topicOf(group, change.topic);
        const before = offsets.size;
        offsets.set(change.partition, change.value);
        stale.delete(change.partition);
        this.#keys += offsets.size - before;
        return;
      }
      case "staleOffset": {
        const { offsets, stale } = topicOf(group, change.topic);
        if (offsets.has(change.partition)) return;
        this.#keys += Number(!stale.has(change.partition));
        stale.set(change.partition, change.topicId);
        return;
      }
      case "topicOffsets": {
        const topic = topicOf(group, change.topic);
        topic.isRemoved = true;
        topic.offsets.clear();
        topic.stale.clear();
        return;
      }
    }
  }

  #group(groupId: string): WaitingGroup {
    let group = this.groups.get(groupId);
    if (group === undefined) {
      group = { isRemoved: false, group: undefined, members: new Map(), topics: new Map() };
      this.groups.set(groupId, group);
      this.#keys += 1;
    }
    return group;
  }
}

function clear(group: WaitingGroup): void {
  group.isRemoved = true;
  group.members.clear();
  group.topics.clear();
}

function topicOf(group: WaitingGroup, name: string): WaitingTopic {
  let topic = group.topics.get(name);
  if (topic === undefined) {
    topic = { isRemoved: false, offsets: new Map(), stale: new Map() };
    group.topics.set(name, topic);
  }
  return topic;
}
