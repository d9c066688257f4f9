import { type AbortSignalLike, type Deferred, deferred, type ZoologError } from "@zoolog/base";
import type { SlotWriter } from "@zoolog/coordination";
import {
  applyAll,
  decide,
  type GroupContext,
  type GroupDecision,
  type GroupEvent,
  type GroupReply,
  type GroupResponse,
  type GroupState,
  hasNews,
  isDurable,
  type RequestId,
} from "@zoolog/group-coordinator";
import { notWritten } from "./errors.ts";
import type { GroupBudget } from "./group-budget.ts";
import type { GroupCounters } from "./group-counters.ts";
import type { GroupRequest } from "./group-request.ts";
import { GroupTimers } from "./group-timers.ts";
import { ParkedHeartbeats } from "./parked-heartbeats.ts";
import { groupChange } from "./stored-form.ts";

export type HostedGroupDependencies = {
  readonly writer: SlotWriter;
  readonly context: () => GroupContext;
  readonly budget: GroupBudget;
  readonly counters: GroupCounters;
  readonly scheduler: ConstructorParameters<typeof GroupTimers>[0]["scheduler"];
  readonly isHearing: () => boolean;
  /** What the group is in memory is not what ZooKeeper holds: it is to be forgotten. */
  readonly onDiverged: (error: unknown) => void;
  /** An event could not be worked on, by a mistake of ours or of a hand: as above. */
  readonly onBroken: (error: unknown) => void;
  /** Nothing is left to remember: by a request, by a timer, or now that all is written. */
  readonly onIdle: () => void;
};

/**
 * One group at its coordinator: feeds the core one event after the other, applies what it decides at
 * once, has the durable records written and releases the replies when they are.
 *
 * A reply waits for all state of the group that was decided before it, not only for what its own
 * event changed: it may rest on it. Committed offsets are not state, so that nobody waits for those
 * of others.
 */
export class HostedGroup {
  readonly groupId: string;
  readonly #dependencies: HostedGroupDependencies;
  readonly #timers: GroupTimers;
  readonly #parked: ParkedHeartbeats;
  readonly #waiting = new Map<RequestId, Deferred<GroupResponse>>();
  #state: GroupState | undefined;
  /** Resolves when all state decided so far is written; `undefined` when it is. */
  #unwritten: Promise<unknown> | undefined;
  #writesUnderWay = 0;
  /** Events so far. */
  #steps = 0;
  readonly #whenWritten: (() => void)[] = [];
  #ended = false;

  /**
   * @param options `state`: as loaded, to be followed by the event `groupLoaded`; `undefined` for a
   *   group that is not there.
   */
  constructor(
    options: { readonly groupId: string; readonly state: GroupState | undefined },
    dependencies: HostedGroupDependencies,
  ) {
    this.groupId = options.groupId;
    this.#dependencies = dependencies;
    this.#timers = new GroupTimers({
      scheduler: dependencies.scheduler,
      isHearing: dependencies.isHearing,
      onFired: (key) => this.handle({ type: "timerFired", key }),
    });
    this.#parked = new ParkedHeartbeats(dependencies);
    this.#state = options.state;
    if (options.state === undefined) return;
    dependencies.budget.changed(undefined, options.state, []);
  }

  get state(): GroupState | undefined {
    return this.#state;
  }

  /** Nothing is left to remember. */
  get isIdle(): boolean {
    return this.#state === undefined && this.#waiting.size === 0 && this.#writesUnderWay === 0;
  }

  /** Resolves when every write of this group has its end, good or bad: what is read then is newer. */
  written(): Promise<void> {
    if (this.#writesUnderWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#whenWritten.push(resolve));
  }

  /**
   * Answers what the core answers, as soon as it may be told.
   *
   * @throws ZoologError `NOT_COORDINATOR`, `COORDINATOR_NOT_AVAILABLE`, …: not told by the core. The
   *   signal's reason when the caller has gone; its member stays until its session is over.
   */
  submit(request: GroupRequest, signal: AbortSignalLike): Promise<GroupResponse> {
    const { budget } = this.#dependencies;
    const answer = deferred<GroupResponse>();
    const { requestId } = request;
    this.#waiting.set(requestId, answer);
    budget.began(request);
    const onAbort = (): void => this.#take(requestId)?.reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    const ended = (): void => {
      signal.removeEventListener("abort", onAbort);
      budget.ended(request);
    };
    answer.promise.then(ended, ended);
    this.handle(request);
    return answer.promise;
  }

  /**
   * Waits until the member's next heartbeat brings something, or time is up; for a member whose
   * heartbeat was just answered. False: there is no room to wait here.
   *
   * @throws ZoologError `NOT_COORDINATOR`, …: what everybody is told when the group is given up. The
   *   signal's reason when the caller has gone.
   */
  async waitForNews(
    memberId: string,
    limits: { readonly waitMs: number; readonly signal: AbortSignalLike },
  ): Promise<boolean> {
    // Since the answer was decided others may have been heard.
    return this.#hasNews(memberId) || (await this.#parked.park(memberId, limits));
  }

  /** What happens to the group without somebody who waits for an answer. */
  handle(event: GroupEvent): void {
    if (this.#ended) return;
    try {
      this.#step(event);
    } catch (error) {
      this.#dependencies.onBroken(error);
    }
  }

  /**
   * Removes it if nobody is in it and it has no offsets. Whatever happens to it while that is looked up
   * keeps it: offsets are written by this group alone, so none can come without an event here.
   *
   * @param hasOffsets reads what is written.
   */
  async removeIfUnused(hasOffsets: () => Promise<boolean>): Promise<void> {
    if (this.#state === undefined || this.#state.members.size > 0) return;
    const steps = this.#steps;
    await this.written();
    if (await hasOffsets()) return;
    if (this.#steps === steps) this.handle({ type: "foundWithoutOffsets" });
  }

  #step(event: GroupEvent): void {
    const { context, budget, counters } = this.#dependencies;
    this.#steps += 1;
    const before = this.#state;
    const decision = decide(before, event, context());
    this.#state = applyAll(before, decision.records);
    budget.changed(before, this.#state, decision.records);
    counters.changed(before, this.#state, decision.records);
    this.#timers.set(decision.timers);
    this.#release(decision.replies, this.#write(decision));
    if (this.#state !== before) this.#parked.wake((memberId) => this.#hasNews(memberId));
    if (this.isIdle) this.#dependencies.onIdle();
  }

  restartTimers(): void {
    this.#timers.restart();
  }

  /** Everybody who waits is told `error`; nothing is decided any more. Idempotent. */
  end(error: ZoologError): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#timers.cancelAll();
    this.#dependencies.budget.changed(this.#state, undefined, []);
    for (const requestId of [...this.#waiting.keys()]) this.#take(requestId)?.reject(error);
    this.#parked.end(error);
  }

  #hasNews(memberId: string): boolean {
    return this.#state?.type !== "consumer" || hasNews(this.#state, memberId);
  }

  /** What the replies of the decision have to wait for; `undefined`: nothing. */
  #write({ records }: GroupDecision): Promise<unknown> | undefined {
    const durable = records.filter(isDurable);
    if (durable.length === 0) return this.#unwritten;
    const changes = durable.map((record) => groupChange(this.groupId, record));
    const isState = changes.some(({ type }) => type !== "offset");
    const { writer, counters } = this.#dependencies;
    this.#writesUnderWay += 1;
    const writing = counters.timed(writer.write(changes), changes);
    const all = this.#unwritten === undefined ? writing : Promise.all([this.#unwritten, writing]);
    if (isState) this.#unwritten = all;
    all.then(
      () => {
        this.#writeEnded();
        if (this.#unwritten === all) this.#unwritten = undefined;
      },
      (error: unknown) => {
        this.#writeEnded();
        // Offsets that were not taken leave nothing behind: whoever commits tries again.
        if (isState || writer.fenced) this.#dependencies.onDiverged(error);
      },
    );
    return all;
  }

  #writeEnded(): void {
    this.#writesUnderWay -= 1;
    if (this.#writesUnderWay > 0) return;
    for (const resolve of this.#whenWritten.splice(0)) resolve();
    if (this.isIdle) this.#dependencies.onIdle();
  }

  #release(replies: readonly GroupReply[], written: Promise<unknown> | undefined): void {
    if (replies.length === 0) return;
    if (written === undefined) {
      for (const { requestId, response } of replies) this.#take(requestId)?.resolve(response);
      return;
    }
    written.then(
      () => {
        for (const { requestId, response } of replies) this.#take(requestId)?.resolve(response);
      },
      (error: unknown) => {
        const refusal = notWritten(this.groupId, error);
        for (const { requestId } of replies) this.#take(requestId)?.reject(refusal);
      },
    );
  }

  #take(requestId: RequestId): Deferred<GroupResponse> | undefined {
    const answer = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    return answer;
  }
}
