import {
  type AbortSignalLike,
  type BrokerEpoch,
  type BrokerId,
  type Clock,
  type CoordinatorEpoch,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import type { CoordinationStore, GroupStore, SlotWriter } from "@zoolog/coordination";
import {
  coordinatorSlot,
  type GroupContext,
  type GroupResponse,
  type GroupSettings,
  type GroupState,
  groupIdFault,
} from "@zoolog/group-coordinator";
import { holdsLease } from "../membership/lease.ts";
import type { ZnodeFaults } from "../znode-faults.ts";
import {
  coordinatorLoading,
  coordinatorNotAvailable,
  invalidGroupId,
  notCoordinator,
} from "./errors.ts";
import { FollowedTopics } from "./followed-topics.ts";
import { GroupBudget } from "./group-budget.ts";
import { GroupCounters } from "./group-counters.ts";
import type { GroupRequest } from "./group-request.ts";
import { SlotTerm } from "./slot-term.ts";

export type GroupRuntimeDependencies = {
  readonly store: Pick<GroupStore, "openSlots" | "readGroups"> &
    Pick<CoordinationStore, "leaseRemainingMs" | "onStateChange" | "sessionTimeoutMs" | "state">;
  readonly settings: () => GroupSettings;
  /** Of the registration that is in force. */
  readonly brokerEpoch: () => BrokerEpoch | undefined;
  readonly faults: ZnodeFaults;
  /** The image gives a slot to this broker that ZooKeeper says is another's: it is behind. */
  readonly onOvertaken: () => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
};

/** One slot that the image gives to this broker. */
type OwnedSlot = {
  readonly slot: number;
  readonly coordinatorEpoch: CoordinatorEpoch;
  /** Not by what ZooKeeper says: an image that knows is on its way. */
  isOvertaken: boolean;
  /** `undefined`: its groups are being read, or are to be. */
  term: SlotTerm | undefined;
};

const isMissing = ({ isOvertaken, term }: OwnedSlot): boolean => !isOvertaken && term === undefined;

/** Until what could not be loaded is tried again, unless an image or ZooKeeper comes first. */
const LOAD_AGAIN_MS = 500;

/**
 * The groups that this broker coordinates: follows the image, which says whose slots are whose, and
 * gives every request to the slot of its group.
 *
 * | the image says | what happens |
 * | --- | --- |
 * | the slot is ours, under an epoch we do not have | its writer is opened, its groups are read |
 * | it is somebody else's, or ours under another epoch | who waits is told NOT_COORDINATOR |
 * | it is ours, and ZooKeeper says that it is not | the same, and a newer image is asked for |
 * | (a write was refused or failed) | the same, and the slot is loaded again while it is still ours |
 */
export class GroupRuntime {
  readonly counters: GroupCounters;
  readonly budget = new GroupBudget();
  readonly #brokerId: BrokerId;
  readonly #dependencies: GroupRuntimeDependencies;
  readonly #logger: Logger;
  readonly #owned = new Map<number, OwnedSlot>();
  readonly #topics: FollowedTopics;
  readonly #stopListening: () => void;
  #image: ClusterImage | undefined;
  #loadTimer: Timer | undefined;
  #loading = false;
  #lastRequestId = 0;
  #closed = false;

  constructor(options: { readonly brokerId: BrokerId }, dependencies: GroupRuntimeDependencies) {
    this.#brokerId = options.brokerId;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger;
    this.counters = new GroupCounters(dependencies);
    const onChange = (): void => {
      for (const { term } of this.#owned.values()) term?.topicsChanged();
    };
    this.#topics = new FollowedTopics({ onChange }, dependencies);
    this.#stopListening = dependencies.store.onStateChange((state) => {
      if (state === "connected") this.#reconnected();
    });
  }

  /** Of the image that is followed; the calls look at topics through the same eyes as the groups. */
  get image(): ClusterImage | undefined {
    return this.#image;
  }

  /** How long a member of a server-side group may be silent: told to it, for its own lease. */
  get consumerSessionTimeoutMs(): number {
    return this.#dependencies.settings().consumerSessionTimeoutMs;
  }

  /** Who coordinates the group; `undefined`: nobody, or somebody that the image does not know yet. */
  coordinatorOf(groupId: string): BrokerId | undefined {
    const slot = coordinatorSlot(groupId);
    if (this.#owned.get(slot)?.isOvertaken === true) return undefined;
    return this.#image?.coordinators[slot]?.brokerId;
  }

  /** Takes a newer image. */
  follow(image: ClusterImage): void {
    if (this.#closed) return;
    this.#image = image;
    this.#topics.follow(image);
    const brokerEpoch = this.#dependencies.brokerEpoch();
    for (const { slot, brokerId, brokerEpoch: meant, coordinatorEpoch } of image.coordinators) {
      const isOurs = brokerId === this.#brokerId && meant === brokerEpoch;
      const owned = this.#owned.get(slot);
      if (owned !== undefined && isOurs && owned.coordinatorEpoch === coordinatorEpoch) continue;
      owned?.term?.end("the slot was given to somebody else");
      this.#owned.delete(slot);
      if (!isOurs || coordinatorEpoch === undefined) continue;
      this.#owned.set(slot, { slot, coordinatorEpoch, isOvertaken: false, term: undefined });
    }
    this.#load();
  }

  /** Another registration is in force: what the image gives to this broker may be ours now. */
  reconsider(): void {
    if (this.#image !== undefined) this.follow(this.#image);
  }

  /**
   * Gives the group its request and answers what it answers. `make` is given the request's number.
   *
   * @throws ZoologError `INVALID_GROUP_ID`, `NOT_COORDINATOR`, `COORDINATOR_NOT_AVAILABLE`,
   *   `COORDINATOR_LOAD_IN_PROGRESS`, `THROTTLING_QUOTA_EXCEEDED`, and what `HostedGroup.submit` does.
   */
  async submit(
    groupId: string,
    make: (requestId: number) => GroupRequest,
    signal: AbortSignalLike,
  ): Promise<GroupResponse> {
    const term = this.#termOf(groupId);
    this.#lastRequestId += 1;
    return await term.submit(groupId, make(this.#lastRequestId), signal);
  }

  /**
   * Holds an answer back until the member's next heartbeat brings something; see
   * `HostedGroup.waitForNews`.
   *
   * @throws ZoologError as `submit`.
   */
  async waitForNews(
    groupId: string,
    memberId: string,
    limits: { readonly waitMs: number; readonly signal: AbortSignalLike },
  ): Promise<boolean> {
    return await this.#termOf(groupId).waitForNews(groupId, memberId, limits);
  }

  /**
   * The group as it is now; `undefined`: there is none.
   *
   * @throws ZoologError as `submit` when this broker may not speak of it.
   */
  state(groupId: string): GroupState | undefined {
    return this.#termOf(groupId).state(groupId);
  }

  /**
   * Removes the group if nobody is in it and it has no offsets.
   *
   * @param hasOffsets reads what is written; what it throws is thrown.
   * @throws ZoologError as `submit`.
   */
  async removeIfUnused(groupId: string, hasOffsets: () => Promise<boolean>): Promise<void> {
    await this.#termOf(groupId).removeIfUnused(groupId, hasOffsets);
  }

  /**
   * The writer of the group's slot, for what is no change of the group itself.
   *
   * @throws ZoologError as `submit`.
   */
  writer(groupId: string): SlotWriter {
    return this.#termOf(groupId).writer;
  }

  /**
   * All groups here, as far as their slots are loaded.
   *
   * @throws ZoologError `COORDINATOR_NOT_AVAILABLE`, `COORDINATOR_LOAD_IN_PROGRESS`: some are not.
   */
  list(): { readonly groupId: string; readonly state: GroupState }[] {
    this.#assertAuthority();
    if ([...this.#owned.values()].some(isMissing)) {
      throw coordinatorNotAvailable("some groups of this broker are still being read");
    }
    return this.snapshot();
  }

  /** What is in memory, for metrics: also while ZooKeeper is away. */
  snapshot(): { readonly groupId: string; readonly state: GroupState }[] {
    return [...this.#owned.values()].flatMap(({ term }) =>
      term === undefined ? [] : [...term.groups()],
    );
  }

  get slots(): { readonly loaded: number; readonly loading: number } {
    const all = [...this.#owned.values()];
    const loaded = all.filter(({ term }) => term !== undefined).length;
    return { loaded, loading: all.filter(isMissing).length };
  }

  /** Of the slot here whose groups' names take most of their room: from 0 to 1, see `GroupNames`. */
  get namesUsed(): number {
    return Math.max(0, ...[...this.#owned.values()].map(({ term }) => term?.namesUsed ?? 0));
  }

  context(): GroupContext {
    const { clock, settings } = this.#dependencies;
    return { now: clock.now(), settings: settings(), topics: this.#topics.view };
  }

  /** Who waits is sent elsewhere; nothing is loaded any more. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#stopListening();
    this.#topics.close();
    this.#loadTimer?.cancel();
    for (const { term } of this.#owned.values()) term?.end("the broker shuts down");
    this.#owned.clear();
  }

  #termOf(groupId: string): SlotTerm {
    const fault = groupIdFault(groupId);
    if (fault !== undefined) throw invalidGroupId(fault);
    this.#assertAuthority();
    const slot = coordinatorSlot(groupId);
    const owned = this.#owned.get(slot);
    if (owned === undefined) {
      if (this.#image === undefined) {
        throw coordinatorNotAvailable("this broker has no picture of the cluster yet");
      }
      throw notCoordinator(groupId, this.#image.coordinators[slot]?.brokerId);
    }
    if (owned.isOvertaken) throw notCoordinator(groupId);
    if (owned.term === undefined) throw coordinatorLoading(groupId);
    const withheld = owned.term.fault(groupId);
    if (withheld !== undefined) throw withheld;
    return owned.term;
  }

  #assertAuthority(): void {
    if (this.#closed) throw coordinatorNotAvailable("this broker shuts down");
    if (this.#isHearing()) return;
    throw coordinatorNotAvailable("ZooKeeper does not answer, so no group can be coordinated");
  }

  /** While it is not, somebody else may coordinate our slots already. */
  #isHearing(): boolean {
    const { store } = this.#dependencies;
    return store.state === "connected" && holdsLease(store);
  }

  #reconnected(): void {
    for (const { term } of this.#owned.values()) term?.restartTimers();
    this.#load();
  }

  /** Reads the slots that are ours and not loaded: all of them in one pass over the groups. */
  #load(): void {
    if (this.#loading || this.#closed) return;
    const missing = [...this.#owned.values()].filter(isMissing);
    if (missing.length === 0 || this.#dependencies.store.state !== "connected") return;
    this.#loading = true;
    this.#loadTimer?.cancel();
    runInBackground("load groups", this.#logger, async () => {
      let isDone = false;
      try {
        isDone = await this.#loadAll(missing);
      } catch (error) {
        this.#logger.warn("groups could not be loaded", { error: errorMessage(error) });
      } finally {
        this.#loading = false;
      }
      if (isDone) this.#load();
      else this.#loadLater();
    });
  }

  #loadLater(): void {
    if (this.#closed) return;
    this.#loadTimer?.cancel();
    this.#loadTimer = this.#dependencies.scheduler.after(LOAD_AGAIN_MS, () => this.#load());
  }

  /** True when all of them were loaded, or are not ours any more. */
  async #loadAll(missing: readonly OwnedSlot[]): Promise<boolean> {
    const { store } = this.#dependencies;
    const askedAt = this.#dependencies.clock.monotonic();
    const opened = await store.openSlots(missing);
    const writers = new Map(opened.map((writer) => [writer.slot, writer]));
    for (const owned of missing) if (!writers.has(owned.slot)) this.#overtaken(owned);
    if (writers.size === 0) {
      return missing.every((owned) => owned.isOvertaken || !this.#isStillOurs(owned));
    }
    const isWanted = (groupId: string): boolean => writers.has(coordinatorSlot(groupId));
    const read = await store.readGroups(isWanted).catch((error: unknown) => {
      // The next attempt opens its own; each of these would follow its session as long as that lives.
      for (const writer of opened) writer.close();
      throw error;
    });
    let isDone = true;
    for (const owned of missing) {
      const writer = writers.get(owned.slot);
      if (!this.#isStillOurs(owned)) writer?.close();
      else if (owned.isOvertaken) continue;
      else if (writer === undefined || writer.fenced) isDone = false;
      else this.#take(owned, { writer, read, askedAt });
    }
    this.#tellFaults();
    return isDone;
  }

  #tellFaults(): void {
    const terms = [...this.#owned.values()].flatMap(({ term }) => term ?? []);
    this.#dependencies.faults.report(
      "groups",
      terms.flatMap(({ faults }) => faults),
    );
  }

  #overtaken(owned: OwnedSlot): void {
    this.#logger.debug("slot is at another epoch", { slot: owned.slot });
    owned.isOvertaken = true;
    this.#dependencies.onOvertaken();
  }

  #isStillOurs(owned: OwnedSlot): boolean {
    return !this.#closed && this.#owned.get(owned.slot) === owned;
  }

  #take(owned: OwnedSlot, { read, ...given }: ConstructorParameters<typeof SlotTerm>[0]): void {
    const { slot } = owned;
    const { clock, scheduler, store } = this.#dependencies;
    const isOfSlot = (groupId: string): boolean => coordinatorSlot(groupId) === slot;
    owned.term = new SlotTerm(
      {
        ...given,
        read: {
          value: read.value.filter(({ groupId }) => isOfSlot(groupId)),
          faults: read.faults.filter(({ name }) => isOfSlot(name)),
        },
      },
      {
        store,
        context: () => this.context(),
        budget: this.budget,
        counters: this.counters,
        clock,
        scheduler,
        logger: this.#logger,
        isHearing: () => this.#isHearing(),
        onFaults: () => this.#tellFaults(),
        onEnded: () => {
          if (this.#isStillOurs(owned)) this.#owned.set(slot, { ...owned, term: undefined });
          this.#loadLater();
        },
      },
    );
  }
}
