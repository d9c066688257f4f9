import {
  type AbortSignalLike,
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

import { coordinatorLoading, groupUnreadable, notCoordinator, tookNothing } from "./errors.ts";
import type { GroupBudget } from "./group-budget.ts";
import type { GroupCounters } from "./group-counters.ts";
import type { GroupRequest } from "./group-request.ts";
import { HostedGroup } from "./hosted-group.ts";
import { storedGroup } from "./stored-form.ts";

export type SlotTermDependencies = {
  readonly store: Pick<GroupStore, "readGroups">;
  readonly context: () => GroupContext;
  readonly budget: GroupBudget;
  readonly counters: GroupCounters;
  readonly scheduler: Scheduler;
  readonly logger: Logger;
  /** See `GroupTimers`. */
  readonly isHearing: () => boolean;
  /** Called once: the writer is fenced, or what is in memory is not what stands in ZooKeeper. */
  readonly onEnded: (reason: string) => void;
};

/** A group whose znodes nobody understood may have been mended. */
const READ_AGAIN_MS = 5_000;

/** A group that is not served at the moment: it is being read again, or it cannot be. */
type Withheld = { readonly refusal: ZoologError };

/**
 * One time that this broker coordinates a slot, from its groups as they were read to the first sign
 * that the slot has passed on.
 *
 * Invariant: what is told to a member was written under this term's epoch, so that whoever comes
 * next finds it.
 */
export class SlotTerm {
  readonly #writer: SlotWriter;
  readonly #dependencies: SlotTermDependencies;
  readonly #logger: Logger;
  readonly #groups = new Map<string, HostedGroup>();
  readonly #withheld = new Map<string, Withheld>();
  #readAgain: Timer | undefined;
  #ended = false;

  /** @param read the groups of the slot, read after the writer was opened. */
  constructor(
    options: { readonly writer: SlotWriter; readonly read: Read<readonly StoredGroup[]> },
    dependencies: SlotTermDependencies,
  ) {
    const { writer, read } = options;
    const { slot, coordinatorEpoch } = writer;
    this.#writer = writer;
    this.#dependencies = dependencies;
    this.#logger = dependencies.logger.child({ slot, coordinatorEpoch });
    this.#take(read);
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
    const fault = this.fault(groupId) ?? this.#dependencies.budget.fault(request, known?.state);
    if (fault !== undefined) throw fault;
    const group = known ?? this.#host(groupId, undefined);
    try {
      return await group.submit(request, signal);
    } finally {
      this.#forgetIdle(group);
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
      },
    );
    this.#groups.set(groupId, group);
    return group;
  }

  #forgetIdle(group: HostedGroup): void {
    if (group.isIdle && this.#groups.get(group.groupId) === group) {
      this.#groups.delete(group.groupId);
    }
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
    this.#groups.delete(groupId);
    this.#withheld.set(groupId, { refusal: coordinatorLoading(groupId) });
    group.end(coordinatorLoading(groupId));
    this.#wakeReader(0);
  }

  #take({ value, faults }: Read<readonly StoredGroup[]>): void {
    for (const stored of value) this.#host(stored.groupId, load(storedGroup(stored)));
    for (const { name, message } of faults) {
      const groupId = name ?? "";
      if (this.#groups.has(groupId)) continue;
      this.#withheld.set(groupId, { refusal: groupUnreadable(groupId, message) });
    }
    if (this.#withheld.size > 0) this.#wakeReader(READ_AGAIN_MS);
  }

  #wakeReader(afterMs: number): void {
    this.#readAgain?.cancel();
    this.#readAgain = this.#dependencies.scheduler.after(afterMs, () => {
      runInBackground("read groups again", this.#logger, () => this.#readWithheld());
    });
  }

  async #readWithheld(): Promise<void> {
    const wanted = new Set(this.#withheld.keys());
    try {
      const read = await this.#dependencies.store.readGroups((groupId) => wanted.has(groupId));
      if (this.#ended) return;
      for (const groupId of wanted) this.#withheld.delete(groupId);
      this.#take(read);
    } catch (error) {
      if (this.#ended) return;
      this.#logger.warn("groups could not be read", { error: errorMessage(error) });
      this.#wakeReader(READ_AGAIN_MS);
    }
  }
}
