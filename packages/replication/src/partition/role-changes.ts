import { SerialQueue, unreachable, type ZoologError } from "@zoolog/base";
import type { CommittedBytes } from "../committed-bytes.ts";
import { leaderEpochBehindLog } from "../errors.ts";
import { Following } from "../follower/following.ts";
import { Leadership } from "../leader/leadership.ts";
import { isDamage } from "../log-failure.ts";
import type { PartitionLog } from "../partition-log.ts";
import type { ReplicaAssignment } from "../replica-assignment.ts";
import type {
  PartitionConfig,
  PartitionDependencies,
  PartitionOptions,
} from "./partition-options.ts";
import type { PartitionRole } from "./partition-role.ts";
import { compareAssignment, type PartitionState } from "./partition-state.ts";

export type RoleChangesOptions = Omit<PartitionOptions, "config"> & { readonly key: string };

export type RoleChangesDependencies = Pick<
  PartitionDependencies,
  "clock" | "logger" | "startLogOver" | "emit" | "brokers"
> & {
  readonly role: PartitionRole;
  readonly config: () => PartitionConfig;
  readonly committedBytes: CommittedBytes;
};

/** Transitions that may wait for each other: a new image every few milliseconds at worst. */
const TRANSITIONS_WAITING_MAX = 1_000;

/** Takes a replica from role to role, one assignment after the other (table: `partition-state.ts`). */
export class RoleChanges {
  readonly #options: RoleChangesOptions;
  readonly #dependencies: RoleChangesDependencies;
  readonly #transitions = new SerialQueue({ waitingMax: TRANSITIONS_WAITING_MAX });

  constructor(options: RoleChangesOptions, dependencies: RoleChangesDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** See `Partition.assign`. */
  assign(assignment: ReplicaAssignment): Promise<void> {
    return this.#transitions.run(() => this.#transition(assignment));
  }

  async #transition(assignment: ReplicaAssignment): Promise<void> {
    const { state } = this.#dependencies.role;
    if (state.role === "closed") return;
    if (state.role === "offline") return await this.#rebuild(state.error, assignment);
    const news = compareAssignment(state, assignment);
    switch (news) {
      case "known":
      case "stale":
        return;
      case "sameEpoch":
        if (state.role !== "unassigned") state.changeIsr(assignment);
        return;
      case "newEpoch":
        if (assignment.leader === this.#options.brokerId)
          await this.#becomeLeader(state.log, assignment);
        else await this.#becomeFollower(state, assignment);
        return;
      default:
        unreachable(news);
    }
  }

  /**
   * A replica whose records are damaged is made anew from the leader's, once others are in sync without
   * it: all that is committed is there. As the last one in the ISR its damaged records are the best
   * that there are, and an operator decides.
   */
  async #rebuild(error: ZoologError, assignment: ReplicaAssignment): Promise<void> {
    const { role, config, startLogOver } = this.#dependencies;
    const { leader, isr } = assignment;
    const { brokerId } = this.#options;
    const isElsewhere = leader !== undefined && leader !== brokerId && !isr.includes(brokerId);
    if (!isElsewhere || !isDamage(error)) return;
    const log = await startLogOver();
    log.configure(config().log);
    if (role.state.role !== "offline") return;
    role.startOver(log);
    await this.#becomeFollower({ role: "unassigned", log }, assignment);
  }

  /**
   * The log knows the epoch before anything is appended in it (KAFKA-7415), and it is entered as the
   * last step: a transition that failed half-way must not look done when it is tried again
   * (KAFKA-9307).
   */
  async #becomeLeader(log: PartitionLog, assignment: ReplicaAssignment): Promise<void> {
    const { leaderEpoch } = assignment;
    const { role, config } = this.#dependencies;
    const prepareLog = async (): Promise<void> => {
      const written = log.leaderEpochs.latest;
      if (written !== undefined && written > leaderEpoch) {
        const epochs = { assigned: leaderEpoch, written };
        throw leaderEpochBehindLog(this.#options.topicPartition, epochs);
      }
      await log.assignLeaderEpoch(leaderEpoch);
      // What a crash left in the page cache is shown to consumers now, so it has to be safe now.
      if (config().log.flush === "fsync") await log.sync();
    };
    await role.elect(prepareLog, () => this.#lead(log, assignment));
  }

  /**
   * The log's end is where the epoch starts (KAFKA-7128) and what this replica itself has: it cannot
   * have moved since the epoch was noted in the log, as the log refuses appends of older epochs from
   * then on, and nobody acts in this one yet. Nor is it ahead of the disk, where that is asked for.
   */
  #lead(log: PartitionLog, assignment: ReplicaAssignment): void {
    const { role, config, committedBytes } = this.#dependencies;
    const { leaderEpoch } = assignment;
    const before = role.state;
    const ledSince = before.role === "leader" ? before.ledSince : leaderEpoch;
    const leadership = new Leadership(
      { ...this.#options, log, assignment, ledSince },
      {
        ...this.#dependencies,
        minInsyncReplicas: () => config().minInsyncReplicas,
        lagTimeMaxMs: this.#options.lagTimeMaxMs,
      },
    );
    committedBytes.restart();
    role.enter(leadership);
    leadership.advanceHighWatermark();
  }

  /**
   * Entered as the last step, when the former epoch's last answer has been applied: else its records
   * could come behind what the new leader was told.
   */
  async #becomeFollower(
    state: Extract<PartitionState, { readonly log: PartitionLog }>,
    assignment: ReplicaAssignment,
  ): Promise<void> {
    const { role, config, clock, logger, committedBytes, emit } = this.#dependencies;
    const { log } = state;
    const prepareLog = async (): Promise<void> => {
      if (state.role === "follower") await state.idle();
      // What a crash left in the page cache is acknowledged by the first fetch.
      if (config().log.flush === "fsync") await log.sync();
    };
    const { key, topicId, topicPartition } = this.#options;
    const following = new Following(
      { key, topicId, partition: topicPartition.partition, log, assignment },
      {
        clock,
        logger,
        isCurrent: (asking) => role.isFollowing(asking),
        onLogError: (error) => void role.logFailed(error),
        committedBytes,
        emit,
      },
    );
    await role.elect(prepareLog, () => {
      committedBytes.restart();
      role.enter(following);
    });
  }
}
