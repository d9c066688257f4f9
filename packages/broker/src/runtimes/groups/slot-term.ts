import {
  type AbortSignalLike,
  abortable,
  type Clock,
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
  type ZoologError,
} from "@zoolog/base";
import type { GroupStore, Read, SlotWriter, StoredGroup } from "@zoolog/coordination";
import {
  type GroupContext,
  type GroupResponse,
  type GroupState,
  load,
} from "@zoolog/group-coordinator";
import type { NamedFault } from "../znode-faults.ts";
import {
  coordinatorLoading,
  groupBroken,
  groupUnreadable,
  noRoomForName,
  notCoordinator,
  notWritten,
  tookNothing,
} from "./errors.ts";
import { type GroupBudget, makesGroup } from "./group-budget.ts";
import type { GroupCounters } from "./group-counters.ts";
import { GroupNames } from "./group-names.ts";
import type { GroupRequest } from "./group-request.ts";
import { HostedGroup } from "./hosted-group.ts";
import { CONFIRMED_FOR_MS, SlotAuthority } from "./slot-authority.ts";
import { storedGroup } from "./stored-form.ts";

export type SlotTermDependencies = {
  readonly store: Pick<GroupStore, "readGroups">;
  readonly context: () => GroupContext;
  readonly budget: GroupBudget;
  readonly counters: GroupCounters;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** See `GroupTimers`. */
  readonly isHearing: () => boolean;
  /** Called once: the writer is fenced, or what is in memory is not what stands in ZooKeeper. */
  readonly onEnded: (reason: string) => void;
  /** `faults` may be others now. */
  readonly onFaults: () => void;
};

/** A group whose znodes nobody understood may have been mended. */
const READ_AGAIN_MS = 5_000;

/** A group that is not served at the moment: it is being read again, or it cannot be. */
type Withheld = {
  readonly refusal: ZoologError;
  /** What it wrote before has arrived: what is read earlier may be of before it. */
  readonly written: Promise<void>;
};

/**
 * One time that this broker coordinates a slot, from its groups as they were read to the first sign
 * that the slot has passed on.
 *
 * Invariant: what is told to a member was written under this term's epoch, so that whoever comes
 * next finds it.
 *
 * What goes wrong with one group (a znode nobody understands, a change that does not fit, a mistake of
 * ours) is withheld from service alone, and read again until it is well: the others go on.
 */
export class SlotTerm {
  readonly #writer: SlotWriter;
  readonly #authority: SlotAuthority;
  readonly #dependencies: SlotTermDependencies;
  readonly #logger: Logger;
  readonly #groups = new Map<string, HostedGroup>();
  readonly #withheld = new Map<string, Withheld>();
  /** Of both. */
  readonly #names = new GroupNames();
  #wasFull = false;
  readonly #faults = new Map<string, NamedFault & { readonly isOfGroup: boolean }>();
  #readAgain: Timer | undefined;
  /** After which the next reading begins; `undefined`: none is wanted. */
  #readAfterMs: number | undefined;
  #isReading = false;
  #ended = false;

  /**
   * @param options.read the groups of the slot, read after the writer was opened.
   * @param options.askedAt when the writer was asked for, by the monotonic clock.
   */
  constructor(
    options: {
      readonly writer: SlotWriter;
      readonly read: Read<readonly StoredGroup[]>;
      readonly askedAt: number;
    },
    dependencies: SlotTermDependencies,
  ) {
    const { writer, read, askedAt } = options;
    const { slot, coordinatorEpoch } = writer;
    this.#writer = writer;
    this.#authority = new SlotAuthority({ writer, confirmedAt: askedAt }, dependencies);
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({ slot, coordinatorEpoch });
    this.#take(read, () => true);
    this.#logger.debug("slot of groups taken over", { groups: this.#groups.size });
    writer.onFenced(() => this.#lose("somebody else coordinates the slot"));
  }

  get writer(): SlotWriter {
    return this.#writer;
  }

  /** The groups that are there. */
  *groups(): Generator<{ readonly groupId: string; readonly state: GroupState }> {
    for (const { groupId, state } of this.#groups.values()) {
      if (state !== undefined) yield { groupId, state };
    }
  }

  /** How much of its room the names of its groups take, from 0 to 1. */
  get namesUsed(): number {
    return this.#names.used;
  }

  /** What stands in ZooKeeper of these groups and cannot be understood, or worked with. */
  get faults(): readonly NamedFault[] {
    return [...this.#faults.values()];
  }

  /** Why the group cannot be spoken of; `undefined`: it can. */
  fault(groupId: string): ZoologError | undefined {
    return this.#withheld.get(groupId)?.refusal;
  }

  state(groupId: string): GroupState | undefined {
    return this.#groups.get(groupId)?.state;
  }

  /** @throws ZoologError see `HostedGroup.submit`. */
  async submit(
    groupId: string,
    request: GroupRequest,
    signal: AbortSignalLike,
  ): Promise<GroupResponse> {
    const known = this.#groups.get(groupId);
    const { budget } = this.#dependencies;
    const fault =
      this.fault(groupId) ??
      budget.fault(request, known?.state) ??
      this.#nameFault(groupId, request, known?.state);
    if (fault !== undefined) throw fault;
    const group = known ?? this.#host(groupId, undefined);
    // Of the time of its coming; heard it is at once.
    const confirmed = this.#confirmed(groupId);
    try {
      const response = await group.submit(request, signal);
      if (confirmed !== undefined) await abortable(confirmed, signal);
      return response;
    } finally {
      // Its last caller has its answer, or has gone.
      if (group.isIdle) this.#forget(group);
    }
  }

  /** @throws ZoologError see `HostedGroup.waitForNews`. */
  async waitForNews(
    groupId: string,
    memberId: string,
    limits: { readonly waitMs: number; readonly signal: AbortSignalLike },
  ): Promise<boolean> {
    return (await this.#groups.get(groupId)?.waitForNews(memberId, limits)) ?? true;
  }

  /** See `HostedGroup.removeIfUnused`. */
  async removeIfUnused(groupId: string, hasOffsets: () => Promise<boolean>): Promise<void> {
    if (this.fault(groupId) === undefined) {
      await this.#groups.get(groupId)?.removeIfUnused(hasOffsets);
    }
  }

  /** Topics have come, gone or grown. */
  topicsChanged(): void {
    for (const group of [...this.#groups.values()]) group.handle({ type: "topicsChanged" });
  }

  /** Members could not be heard for a while: their time begins anew. */
  restartTimers(): void {
    for (const group of this.#groups.values()) group.restartTimers();
  }

  /** Everybody who waits is sent to another broker. Idempotent. */
  end(reason: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#logger.debug("slot of groups given up", { reason, groups: this.#groups.size });
    this.#readAgain?.cancel();
    for (const group of this.#groups.values()) group.end(notCoordinator(group.groupId));
    this.#groups.clear();
    this.#writer.close();
  }

  /** @throws ZoologError `NOT_COORDINATOR`, and what cannot be told from it. */
  #confirmed(groupId: string): Promise<void> | undefined {
    const confirmed = this.#authority.confirm()?.catch((error: unknown) => {
      throw notWritten(groupId, error);
    });
    // Who is refused anyway does not wait for it.
    confirmed?.catch(() => {});
    return confirmed;
  }

  #lose(reason: string): void {
    if (this.#ended) return;
    this.end(reason);
    this.#dependencies.onEnded(reason);
  }

  #host(groupId: string, state: GroupState | undefined): HostedGroup {
    const group: HostedGroup = new HostedGroup(
      { groupId, state },
      {
        ...this.#dependencies,
        writer: this.#writer,
        onDiverged: (error) => this.#diverged(group, error),
        onBroken: (error) => this.#broken(group, error),
        onIdle: () => this.#forget(group),
      },
    );
    this.#groups.set(groupId, group);
    this.#names.add(groupId);
    if (state !== undefined) {
      group.handle({ type: "groupLoaded", graceMs: CONFIRMED_FOR_MS });
    }
    return group;
  }

  #forget(group: HostedGroup): void {
    if (this.#groups.get(group.groupId) !== group) return;
    this.#groups.delete(group.groupId);
    this.#names.delete(group.groupId);
  }

  #nameFault(
    groupId: string,
    request: GroupRequest,
    state: GroupState | undefined,
  ): ZoologError | undefined {
    if (state !== undefined || !makesGroup(request)) return undefined;
    const isFull = !this.#names.hasRoomFor(groupId);
    if (isFull && !this.#wasFull) this.#logger.warn("no room for more groups", { group: groupId });
    this.#wasFull = isFull;
    return isFull ? noRoomForName(groupId) : undefined;
  }

  /**
   * A change of the group was not written. A writer that can go on has taken nothing of it: then the
   * group alone is read again; else the term is over.
   */
  #diverged(group: HostedGroup, error: unknown): void {
    if (this.#ended || this.#groups.get(group.groupId) !== group) return;
    const { groupId } = group;
    const fields = { group: groupId, error: errorMessage(error) };
    if (this.#writer.fenced || !tookNothing(error)) {
      this.#logger.warn("a group could not be written", fields);
      this.#lose("a write failed");
      return;
    }
    this.#logger.warn("a group could not be written and is read again", fields);
    this.#withhold(group, coordinatorLoading(groupId));
    this.#wakeReader(0);
  }

  /**
   * What is in memory may be half of something: it is forgotten, and what stands in ZooKeeper counts.
   * Should that be at fault, it breaks again, and stays withheld.
   */
  #broken(group: HostedGroup, error: unknown): void {
    if (this.#ended || this.#groups.get(group.groupId) !== group) return;
    this.#withhold(group, this.#unwell(group.groupId, error));
    this.#wakeReader(READ_AGAIN_MS);
  }

  #withhold(group: HostedGroup, refusal: ZoologError): void {
    this.#groups.delete(group.groupId);
    this.#withheld.set(group.groupId, { refusal, written: group.written() });
    group.end(refusal);
  }

  /** A mistake of ours, or something in its znodes that is well-formed and cannot be. */
  #unwell(groupId: string, error: unknown): ZoologError {
    const refusal = groupBroken(groupId, errorMessage(error));
    const { message, hint } = refusal;
    if (this.#faults.get(groupId)?.message !== message) {
      const stack = error instanceof Error ? error.stack : undefined;
      this.#logger.error("group cannot be coordinated", { group: groupId, error: message, stack });
    }
    this.#faults.set(groupId, { message, hint, isOfGroup: true });
    this.#dependencies.onFaults();
    return refusal;
  }

  /** @param mayHost false: what was read of the group is older than what is in memory. */
  #take(read: Read<readonly StoredGroup[]>, mayHost: (groupId: string) => boolean): void {
    const faulty = new Set<string>();
    for (const { name: groupId, message, hint, czxid } of read.faults) {
      faulty.add(groupId);
      // Without a znode it is a name that nobody writes, and no group's.
      const isOfGroup = czxid !== undefined;
      this.#faults.set(groupId, { message, hint, isOfGroup });
      if (!isOfGroup || !mayHost(groupId)) continue;
      this.#names.add(groupId);
      const refusal = groupUnreadable(groupId, message, hint);
      this.#withheld.set(groupId, { refusal, written: Promise.resolve() });
    }
    for (const stored of read.value) {
      const { groupId } = stored;
      if (mayHost(groupId)) this.#load(stored);
      if (!faulty.has(groupId) && !this.#withheld.has(groupId)) this.#faults.delete(groupId);
    }
    this.#dependencies.onFaults();
    if (this.#unwellGroups().length > 0) this.#wakeReader(READ_AGAIN_MS);
  }

  #load(stored: StoredGroup): void {
    const { groupId } = stored;
    this.#withheld.delete(groupId);
    this.#names.add(groupId);
    try {
      this.#host(groupId, load(storedGroup(stored)));
    } catch (error) {
      const refusal = this.#unwell(groupId, error);
      this.#withheld.set(groupId, { refusal, written: Promise.resolve() });
    }
  }

  /** Those that are withheld, and those of which something cannot be understood. */
  #unwellGroups(): readonly string[] {
    const faulty = [...this.#faults].flatMap(([groupId, one]) => (one.isOfGroup ? groupId : []));
    return [...new Set([...this.#withheld.keys(), ...faulty])];
  }

  /** The soonest that was asked for counts. */
  #wakeReader(afterMs: number): void {
    if (this.#readAfterMs !== undefined && this.#readAfterMs <= afterMs) return;
    this.#readAfterMs = afterMs;
    if (!this.#isReading) this.#armReader(afterMs);
  }

  #armReader(afterMs: number): void {
    this.#readAgain?.cancel();
    this.#readAgain = this.#dependencies.scheduler.after(afterMs, () => {
      runInBackground("read groups again", this.#logger, () => this.#readAgainNow());
    });
  }

  /** One reading at a time: an older one must not undo what a newer one has found. */
  async #readAgainNow(): Promise<void> {
    this.#isReading = true;
    this.#readAfterMs = undefined;
    try {
      await this.#readUnwell();
    } catch (error) {
      this.#logger.warn("groups could not be read", { error: errorMessage(error) });
      this.#wakeReader(READ_AGAIN_MS);
    } finally {
      this.#isReading = false;
      if (this.#readAfterMs !== undefined && !this.#ended) this.#armReader(this.#readAfterMs);
    }
  }

  async #readUnwell(): Promise<void> {
    const asked = new Map(this.#unwellGroups().map((id) => [id, this.#withheld.get(id)]));
    await Promise.all([...asked.values()].map((withheld) => withheld?.written));
    const read = await this.#dependencies.store.readGroups([...asked.keys()]);
    if (this.#ended) return;
    const isAsAsked = (groupId: string): boolean =>
      this.#withheld.get(groupId) === asked.get(groupId);
    const found = new Set(read.value.map(({ groupId }) => groupId));
    for (const { name } of read.faults) found.add(name);
    for (const groupId of asked.keys()) {
      if (found.has(groupId) || !isAsAsked(groupId)) continue;
      this.#withheld.delete(groupId);
      this.#faults.delete(groupId);
      if (!this.#groups.has(groupId)) this.#names.delete(groupId);
    }
    this.#take(read, (id) => isAsAsked(id) && asked.get(id) !== undefined);
  }
}
