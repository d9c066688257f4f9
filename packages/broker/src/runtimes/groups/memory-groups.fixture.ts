import { type CoordinatorEpoch, type Deferred, deferred, ZoologError } from "@zoolog/base";
import type {
  CommittedOffset,
  GroupChange,
  GroupStore,
  GroupZnode,
  MemberZnode,
  SlotAtEpoch,
  SlotWriter,
  StoredOffset,
  StoreState,
} from "@zoolog/coordination";
import { coordinatorSlot } from "@zoolog/group-coordinator";

type StoredGroup = { value: GroupZnode | undefined; readonly members: Map<string, MemberZnode> };

type OffsetChange = Extract<
  GroupChange,
  { readonly type: "offset" | "staleOffset" | "topicOffsets" }
>;

/** What coordinators keep in ZooKeeper, as several brokers see it. */
export class MemoryGroups {
  readonly epochs = new Map<number, CoordinatorEpoch>();
  readonly groups = new Map<string, StoredGroup>();
  readonly offsets = new Map<string, Map<string, StoredOffset>>();
  /** By group: as if somebody had edited its znode badly. */
  readonly faults = new Map<string, string>();
  /** Groups of which somebody has edited an offset badly. */
  readonly unreadableOffsets = new Set<string>();

  apply(change: GroupChange): void {
    const { groupId } = change;
    if (change.type === "group" && change.value === undefined) {
      this.groups.delete(groupId);
      this.offsets.delete(groupId);
      return;
    }
    const group = this.groups.get(groupId) ?? { value: undefined, members: new Map() };
    this.groups.set(groupId, group);
    if (change.type === "group") group.value = change.value;
    else if (change.type === "member") {
      if (change.value === undefined) group.members.delete(change.memberId);
      else group.members.set(change.memberId, change.value);
    } else this.#applyOffset(change);
  }

  #applyOffset(change: OffsetChange): void {
    const offsets = this.offsets.get(change.groupId) ?? new Map<string, StoredOffset>();
    this.offsets.set(change.groupId, offsets);
    const { topic } = change;
    if (change.type === "topicOffsets") {
      for (const [key, stored] of offsets) if (stored.topic === topic) offsets.delete(key);
      return;
    }
    const key = `${topic}-${change.partition}`;
    const { partition, value: committed } = change;
    if (change.type === "staleOffset") {
      if (offsets.get(key)?.committed.topicId === change.topicId) offsets.delete(key);
      return;
    }
    if (committed === undefined) offsets.delete(key);
    else offsets.set(key, { topic, partition, committed });
  }

  committed(groupId: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.offsets.get(groupId)?.get(`${topic}-${partition}`)?.committed;
  }
}

/** One broker's door to them. Its writes can be held back, as a busy ensemble does. */
export class MemoryGroupStore
  implements Pick<GroupStore, "openSlots" | "readGroups" | "readOffsets">
{
  readonly #shared: MemoryGroups;
  readonly #listeners = new Set<(state: StoreState) => void>();
  #held: Deferred<void> | undefined;
  #failure: ZoologError | undefined;
  state: StoreState = "connected";
  leaseMs = 6_000;
  readonly sessionTimeoutMs = 6_000;
  /** How often slots were opened, however many at a time. */
  opened = 0;
  /** Writers that were opened and are not fenced. */
  writing = 0;
  /** What reading all groups runs into. */
  readFailure: ZoologError | undefined;
  confirms = 0;
  reads = 0;

  constructor(shared: MemoryGroups) {
    this.#shared = shared;
  }

  leaseRemainingMs(): number {
    return this.leaseMs;
  }

  onStateChange(listener: (state: StoreState) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  become(state: StoreState): void {
    this.state = state;
    for (const listener of this.#listeners) listener(state);
  }

  hold(): void {
    this.#held = deferred();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** The next write is refused with this code. */
  failNext(code: string): void {
    this.#failure = new ZoologError({ code, message: "as the test wants it" });
  }

  async openSlots(slots: readonly SlotAtEpoch[]): Promise<readonly SlotWriter[]> {
    this.opened += 1;
    return slots
      .filter(({ slot, coordinatorEpoch: epoch }) => this.#shared.epochs.get(slot) === epoch)
      .map((slot) => this.#writer(slot));
  }

  #writer({ slot, coordinatorEpoch }: SlotAtEpoch): SlotWriter {
    const listeners: (() => void)[] = [];
    const writer = { slot, coordinatorEpoch, fenced: false };
    this.writing += 1;
    const fence = (): void => {
      if (!writer.fenced) this.writing -= 1;
      writer.fenced = true;
      for (const listener of listeners.splice(0)) listener();
    };
    return Object.assign(writer, {
      onFenced: (listener: () => void): void => {
        if (writer.fenced) listener();
        else listeners.push(listener);
      },
      close: fence,
      confirm: async (): Promise<void> => {
        this.confirms += 1;
        await this.#held?.promise;
        if (this.#shared.epochs.get(slot) === coordinatorEpoch) return;
        fence();
        throw fenced();
      },
      write: async (changes: readonly GroupChange[]): Promise<void> => {
        // At once, and while others wait: as what does not fit into a znode.
        const failure = this.#failure;
        this.#failure = undefined;
        if (failure !== undefined) throw failure;
        await this.#held?.promise;
        if (this.#shared.epochs.get(slot) !== coordinatorEpoch) {
          fence();
          throw fenced();
        }
        for (const change of changes) {
          if (coordinatorSlot(change.groupId) !== slot) throw new Error("not of this slot");
          this.#shared.apply(change);
        }
      },
    });
  }

  async readGroups(which: ((groupId: string) => boolean) | readonly string[]) {
    this.reads += 1;
    if (this.readFailure !== undefined) throw this.readFailure;
    const isWanted = typeof which === "function" ? which : (id: string) => which.includes(id);
    const wanted = [...this.#shared.groups].filter(([groupId]) => isWanted(groupId));
    const value = wanted.flatMap(([groupId, { value: group, members }]) =>
      group === undefined || this.#shared.faults.has(groupId)
        ? []
        : [
            {
              groupId,
              group,
              members: [...members].map(([memberId, member]) => ({ memberId, member })),
              incomplete: false,
            },
          ],
    );
    const faults = [...this.#shared.faults]
      .filter(([groupId]) => isWanted(groupId))
      .map(([name, message]) => ({ name, message, czxid: 1, hint: undefined }));
    return { value, faults };
  }

  async readOffsets(
    groupId: string,
    of: readonly { readonly topic: string; readonly partitions: readonly number[] }[] | "all",
  ) {
    const all = [...(this.#shared.offsets.get(groupId)?.values() ?? [])];
    const isWanted = ({ topic, partition }: StoredOffset): boolean =>
      of === "all" || of.some((one) => one.topic === topic && one.partitions.includes(partition));
    const faults = this.#shared.unreadableOffsets.has(groupId)
      ? [{ name: "orders-0", message: "it is no JSON", czxid: 1, hint: undefined }]
      : [];
    return { value: all.filter(isWanted), faults };
  }
}

function fenced(): ZoologError {
  return new ZoologError({ code: "COORDINATOR_FENCED", message: "the slot has passed on" });
}
