import type { LeaderEpoch, ZoologError } from "@zoolog/base";
import { refusalOfFollower } from "../follower/consumer-read-verdict.ts";
import type { Following } from "../follower/following.ts";
import type { Leadership } from "../leader/leadership.ts";
import { judgeLogFailure, storageError } from "../log-failure.ts";
import type { PartitionEvent } from "../partition-event.ts";
import type { PartitionLog } from "../partition-log.ts";
import { type ReplicaError, replicaError } from "../replica-error.ts";
import { notLeader, requireLeader, type Self } from "./leader-fence.ts";
import type { PartitionState } from "./partition-state.ts";

/** What a replica is now, behind the fences: whoever acts in a role asks here for it first. */
export class PartitionRole {
  readonly #self: Self;
  readonly #emit: (event: PartitionEvent) => void;
  #state: PartitionState;
  /** An epoch is being noted in the log; an append of the old one must not slip in behind it. */
  #electing = false;

  constructor(
    options: Self & { readonly state: PartitionState },
    dependencies: { readonly emit: (event: PartitionEvent) => void },
  ) {
    this.#self = options;
    this.#state = options.state;
    this.#emit = dependencies.emit;
  }

  get state(): PartitionState {
    return this.#state;
  }

  /** The log, unless it failed or was closed. */
  get log(): PartitionLog | undefined {
    return "log" in this.#state ? this.#state.log : undefined;
  }

  /** The leadership, if the caller believes in its epoch and no other one is about to begin. */
  leaderAt(leaderEpoch: LeaderEpoch | undefined): Leadership | ReplicaError {
    return this.#electing ? this.#notLeader() : requireLeader(this.#state, this.#self, leaderEpoch);
  }

  /** The follower, if it may serve consumers that believe in the epoch. @param now monotonic. */
  followerAt(leaderEpoch: LeaderEpoch, now: number): Following | ReplicaError {
    const state = this.#state;
    if (state.role !== "follower" || this.#electing) return this.#notLeader();
    const { brokerId, key } = this.#self;
    const isInSync = state.isr.includes(brokerId);
    return refusalOfFollower(state, { leaderEpoch, isInSync, key, now }) ?? state;
  }

  /**
   * The leadership now, if this broker has led ever since that epoch. Whoever followed in between may
   * have cut the log, and something else may stand at the same offsets.
   */
  stillLeading(since: LeaderEpoch): Leadership | ReplicaError {
    const state = this.#state;
    return state.role === "leader" && state.ledSince <= since ? state : this.#notLeader();
  }

  isFollowing(following: Following): boolean {
    return this.#state === following && !this.#electing;
  }

  /**
   * Readies the log for another epoch, then has it begin, unless the replica has failed or was closed
   * meanwhile. Nobody acts in the old epoch in between, not even for the turn of a promise: an answer
   * of the old leader that comes right then would cut or lengthen the log behind the back of the new
   * epoch, which has taken its end for the start offset.
   *
   * @throws what the log rejected with; it may have taken the replica offline.
   */
  async elect(prepareLog: () => Promise<void>, begin: () => void): Promise<void> {
    this.#electing = true;
    try {
      await prepareLog();
    } catch (error) {
      this.logFailed(error);
      throw error;
    } finally {
      this.#electing = false;
    }
    const { role } = this.#state;
    if (role !== "offline" && role !== "closed") begin();
  }

  enter(state: PartitionState): void {
    this.#state = state;
    this.#emit({ type: "roleChanged" });
  }

  /** A new log for a replica that was offline. It serves nothing yet, so nobody is told. */
  startOver(log: PartitionLog): void {
    this.#state = { role: "unassigned", log };
  }

  /** Takes the replica offline: its log cannot be trusted any more. */
  fail(cause: ZoologError): void {
    if (this.#state.role === "offline" || this.#state.role === "closed") return;
    const error = storageError(cause);
    this.enter({ role: "offline", error });
    this.#emit({ type: "replicaFailed", error });
  }

  /** Takes the replica offline when the log is beyond use; says what the caller is answered. */
  logFailed(error: unknown): ReplicaError {
    const judged = judgeLogFailure(error);
    if ("refusal" in judged) return judged.refusal;
    this.fail(judged.failure);
    return replicaError("KAFKA_STORAGE_ERROR", judged.failure.message);
  }

  #notLeader(): ReplicaError {
    return notLeader(this.#state, this.#self);
  }
}
