import { assert, type Clock } from "@zoolog/base";
import type { WireStat } from "../../jute/records.ts";
import { PendingChanges, type TreeOutlook } from "../decisions/pending-changes.ts";
import type { WriteDecision } from "../decisions/write-decisions.ts";
import type { DataTree, TreeObserver } from "../tree/data-tree.ts";
import type { LoggedTransaction, SessionId } from "../tree/transaction.ts";
import { type Proposal, type ProposalOrigin, ProposalQueue } from "./proposal-queue.ts";

/** Where transactions are made durable. It answers, in order, with `committed`. */
export interface Journal {
  append(logged: LoggedTransaction): void;
}

/** The high 32 bits of a zxid are the epoch, the low ones count. */
export const ZXIDS_PER_EPOCH = 2 ** 32;

export type WritePipelineDependencies = {
  readonly tree: DataTree;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly observe: TreeObserver;
  /** Called for each proposal when it has been applied, or refused, and may be answered. */
  readonly onReleased: (proposal: Proposal, stats: readonly (WireStat | undefined)[]) => void;
};

/**
 * Decide, log, apply: every change goes through here, in one order for all sessions.
 *
 * A request is decided against the tree as it will be when everything decided before has been
 * applied; what it changes is visible in the tree only once it is durable. A refusal takes its
 * place in the same line, because it may rest on changes that a power cut would still undo.
 */
export class WritePipeline {
  readonly #dependencies: WritePipelineDependencies;
  readonly #pending: PendingChanges;
  readonly #proposals = new ProposalQueue();
  #decidedZxid: number;
  #appliedZxid: number;
  #durableZxid: number;

  constructor(options: { readonly epoch: number }, dependencies: WritePipelineDependencies) {
    this.#dependencies = dependencies;
    this.#pending = new PendingChanges(dependencies.tree);
    this.#decidedZxid = options.epoch * ZXIDS_PER_EPOCH;
    this.#appliedZxid = this.#decidedZxid;
    this.#durableZxid = this.#decidedZxid;
  }

  /** The newest transaction that clients can see. */
  get appliedZxid(): number {
    return this.#appliedZxid;
  }

  /** Requests that wait for the disk. */
  get size(): number {
    return this.#proposals.size;
  }

  get requestBytes(): number {
    return this.#proposals.requestBytes;
  }

  /** Answers the zxid that the decision got, taken or refused. */
  propose(
    decide: (outlook: TreeOutlook) => WriteDecision,
    by: { readonly sessionId: SessionId | undefined; readonly origin?: ProposalOrigin | undefined },
  ): number {
    const zxid = this.#decidedZxid + 1;
    this.#decidedZxid = zxid;
    const draft = this.#pending.draft(zxid);
    const decision = decide(draft);
    if ("refused" in decision) {
      this.#proposals.push({ zxid, outcome: decision, ...by });
      this.#releaseAll();
      return zxid;
    }
    const time = this.#dependencies.clock.now();
    const logged = { zxid, time, transaction: decision.transaction };
    this.#proposals.push({ zxid, outcome: { logged, changedPaths: draft.keep() }, ...by });
    this.#dependencies.journal.append(logged);
    return zxid;
  }

  /** Every transaction up to `zxid` is durable. */
  committed(zxid: number): void {
    assert(zxid >= this.#durableZxid, "what is durable stays durable");
    this.#durableZxid = zxid;
    this.#releaseAll();
  }

  #releaseAll(): void {
    for (;;) {
      const proposal = this.#proposals.takeReleased(this.#durableZxid);
      if (proposal === undefined) return;
      this.#release(proposal);
    }
  }

  #release(proposal: Proposal): void {
    const { tree, observe, onReleased } = this.#dependencies;
    const { zxid, outcome } = proposal;
    let stats: readonly (WireStat | undefined)[] = [];
    if ("logged" in outcome) {
      stats = tree.apply(outcome.logged, observe);
      this.#pending.forget(zxid, outcome.changedPaths);
    }
    this.#appliedZxid = zxid;
    onReleased(proposal, stats);
  }
}
