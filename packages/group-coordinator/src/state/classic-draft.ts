import type { ClassicGroup, ClassicMember, ClassicProgress } from "./classic-group.ts";
import { DraftMap } from "./draft-map.ts";
import type { ClassicGroupValue, ClassicMemberValue } from "./stored-group.ts";

const NOBODY: ReadonlySet<string> = new Set();

/** A group nobody has joined yet. */
export function emptyClassicGroup(
  generation: number,
  { isStored }: { readonly isStored: boolean },
): ClassicGroup {
  return {
    type: "classic",
    state: "Empty",
    generation,
    protocolType: "",
    protocol: undefined,
    leader: undefined,
    pendingMembers: NOBODY,
    initialDelay: undefined,
    members: new Map(),
    instances: new Map(),
    stored: NOBODY,
    isStored,
  };
}

/** A classic group in the making. */
export class ClassicDraft {
  progress: ClassicProgress;
  readonly #members: DraftMap<string, ClassicMember>;
  readonly #instances: DraftMap<string, string>;
  #stored: ReadonlySet<string>;
  #ownsStored = false;
  #isStored: boolean;

  constructor(group: ClassicGroup) {
    const { state, generation, protocolType, protocol, leader, pendingMembers, initialDelay } =
      group;
    this.progress = {
      state,
      generation,
      protocolType,
      protocol,
      leader,
      pendingMembers,
      initialDelay,
    };
    this.#members = new DraftMap(group.members);
    this.#instances = new DraftMap(group.instances);
    this.#stored = group.stored;
    this.#isStored = group.isStored;
  }

  get isStored(): boolean {
    return this.#isStored;
  }

  get members(): ReadonlyMap<string, ClassicMember> {
    return this.#members.current;
  }

  get instances(): ReadonlyMap<string, string> {
    return this.#instances.current;
  }

  get stored(): ReadonlySet<string> {
    return this.#stored;
  }

  setMember(memberId: string, member: ClassicMember): void {
    this.#members.set(memberId, member);
    const instance = member.groupInstanceId;
    if (instance !== undefined && this.#instances.get(instance) !== memberId) {
      this.#instances.set(instance, memberId);
    }
  }

  dropMember(memberId: string): void {
    const instance = this.#members.get(memberId)?.groupInstanceId;
    this.#members.delete(memberId);
    if (instance !== undefined && this.#instances.get(instance) === memberId) {
      this.#instances.delete(instance);
    }
  }

  storeGroup(value: ClassicGroupValue): void {
    this.#isStored = true;
    const { generation, protocolType, protocol, leader } = value;
    this.progress = { ...this.progress, generation, protocolType, protocol, leader };
  }

  storeMember(memberId: string, value: ClassicMemberValue): void {
    const known = this.#members.get(memberId);
    this.setMember(memberId, known === undefined ? idleMember(value) : { ...known, ...value });
    this.#ownStored().add(memberId);
  }

  unstoreMember(memberId: string): void {
    this.dropMember(memberId);
    if (this.#stored.has(memberId)) this.#ownStored().delete(memberId);
  }

  finish(): ClassicGroup {
    return {
      type: "classic",
      ...this.progress,
      members: this.members,
      instances: this.instances,
      stored: this.#stored,
      isStored: this.#isStored,
    };
  }

  #ownStored(): Set<string> {
    const own = this.#ownsStored ? (this.#stored as Set<string>) : new Set(this.#stored);
    this.#ownsStored = true;
    this.#stored = own;
    return own;
  }
}

/** A member that waits for nothing. */
export function idleMember(value: ClassicMemberValue): ClassicMember {
  return { ...value, parkedJoin: undefined, parkedSync: undefined, hasSynced: true };
}
