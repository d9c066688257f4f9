import type { TopicId } from "@zoolog/base";
import type { ConsumerGroup } from "./consumer-group.ts";
import { DraftMap } from "./draft-map.ts";
import type { ConsumerGroupValue, ConsumerMemberValue, PartitionMap } from "./stored-group.ts";

export function emptyConsumerGroup(epoch: number, assignor: string): ConsumerGroup {
  return {
    type: "consumer",
    epoch,
    assignmentEpoch: epoch,
    assignor,
    members: new Map(),
    instances: new Map(),
    owners: new Map(),
    targetsVerified: true,
  };
}

/** A server-side group in the making; it keeps the index of owners true to the members. */
export class ConsumerDraft {
  value: ConsumerGroupValue;
  targetsVerified: boolean;
  readonly #members: DraftMap<string, ConsumerMemberValue>;
  readonly #instances: DraftMap<string, string>;
  readonly #owners: DraftMap<TopicId, readonly (string | undefined)[]>;
  /** Arrays of owners that were copied already and belong to this draft. */
  readonly #ownArrays = new Map<TopicId, (string | undefined)[]>();

  constructor(group: ConsumerGroup) {
    const { epoch, assignmentEpoch, assignor } = group;
    this.value = { type: "consumer", epoch, assignmentEpoch, assignor };
    this.targetsVerified = group.targetsVerified;
    this.#members = new DraftMap(group.members);
    this.#instances = new DraftMap(group.instances);
    this.#owners = new DraftMap(group.owners);
  }

  get members(): ReadonlyMap<string, ConsumerMemberValue> {
    return this.#members.current;
  }

  get instances(): ReadonlyMap<string, string> {
    return this.#instances.current;
  }

  ownersOf(topicId: TopicId): readonly (string | undefined)[] | undefined {
    return this.#owners.get(topicId);
  }

  setMember(memberId: string, member: ConsumerMemberValue): void {
    const former = this.#members.get(memberId);
    this.#members.set(memberId, member);
    const instance = member.groupInstanceId;
    if (instance !== undefined && this.#instances.get(instance) !== memberId) {
      this.#instances.set(instance, memberId);
    }
    if (former?.assigned === member.assigned && former.revoking === member.revoking) return;
    this.#disown(memberId, former);
    this.#own(memberId, member.assigned);
    this.#own(memberId, member.revoking);
  }

  removeMember(memberId: string): void {
    const former = this.#members.get(memberId);
    this.#members.delete(memberId);
    const instance = former?.groupInstanceId;
    if (instance !== undefined && this.#instances.get(instance) === memberId) {
      this.#instances.delete(instance);
    }
    this.#disown(memberId, former);
  }

  finish(): ConsumerGroup {
    return {
      ...this.value,
      members: this.members,
      instances: this.instances,
      owners: this.#owners.current,
      targetsVerified: this.targetsVerified,
    };
  }

  #own(memberId: string, partitions: PartitionMap): void {
    for (const [topicId, list] of partitions) {
      const owners = this.#ownersToWrite(topicId);
      for (const partition of list) {
        while (owners.length <= partition) owners.push(undefined);
        owners[partition] = memberId;
      }
    }
  }

  #disown(memberId: string, member: ConsumerMemberValue | undefined): void {
    if (member === undefined) return;
    for (const map of [member.assigned, member.revoking]) {
      for (const [topicId, list] of map) {
        const owners = this.#ownersToWrite(topicId);
        for (const partition of list) {
          if (owners[partition] === memberId) owners[partition] = undefined;
        }
      }
    }
  }

  #ownersToWrite(topicId: TopicId): (string | undefined)[] {
    let owners = this.#ownArrays.get(topicId);
    if (owners === undefined) {
      owners = [...(this.#owners.get(topicId) ?? [])];
      this.#ownArrays.set(topicId, owners);
      this.#owners.set(topicId, owners);
    }
    return owners;
  }
}
