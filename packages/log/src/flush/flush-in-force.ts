/**
 * Puts a log's flush setting in force, and keeps the claim true that goes with it (`SyncedClaims`).
 *
 * To `"fsync"`: appends wait for the disk at once; what was acknowledged before is flushed; then it is
 * claimed, and in force. To `"os"`: the claim is withdrawn, durably; only then appends stop waiting.
 * So at no moment does the disk claim more than it has.
 */
import { errorMessage, type Logger, runInBackground } from "@zoolog/base";
import { isNoSpace, isOutOfHandles } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import { GroupCommit } from "../volume/group-commit.ts";
import type { LogFlusher } from "./log-flusher.ts";

export class FlushInForce {
  readonly #state: LogState;
  readonly #flusher: LogFlusher;
  readonly #logger: Logger;
  readonly #changes = new GroupCommit(() => this.#change());
  /** How often settings were given: none were while the log runs on those of no topic. */
  #settings = 0;

  constructor(
    state: LogState,
    dependencies: { readonly flusher: LogFlusher; readonly logger: Logger },
  ) {
    this.#state = state;
    this.#flusher = dependencies.flusher;
    this.#logger = dependencies.logger;
  }

  /** The log has settings of its topic now, perhaps others than before. */
  noteSettings(): void {
    this.#settings += 1;
    if (!this.#isSettled) runInBackground("put flush in force", this.#logger, () => this.settle());
  }

  /** The setting is in force when it resolves, unless the disk is full: then it is tried again. */
  async settle(): Promise<void> {
    if (this.#isSettled) return;
    try {
      await this.#changes.request();
    } catch (error) {
      // An offline log has said so, and a closed one takes no more appends.
      if (this.#state.failure !== undefined || this.#state.isClosed) return;
      if (!isNoSpace(error) && !isOutOfHandles(error)) throw error;
      const fields = { topicPartition: this.#state.name, cause: errorMessage(error) };
      this.#logger.warn("flush setting could not be put in force yet", fields);
    }
  }

  get #isSettled(): boolean {
    const { config, isSyncedClaimed } = this.#state;
    return this.#settings === 0 || config.flush === (isSyncedClaimed ? "fsync" : "os");
  }

  async #change(): Promise<void> {
    const state = this.#state;
    const { directory, topicPartition } = state;
    state.assertServing();
    const settings = this.#settings;
    if (state.config.flush === "os") {
      await directory.syncedClaims.withdraw(topicPartition);
      state.isSyncedClaimed = false;
      return;
    }
    if (state.recoveryPoint < state.logEndOffset) await this.#flusher.sync();
    state.assertServing();
    // Changed back and forth meanwhile, something may have been acknowledged behind the flush.
    const isCovered = this.#settings === settings && directory.syncedClaims.canBeMade;
    if (!isCovered) return;
    // First: from here on the disk may say so.
    state.isSyncedClaimed = true;
    await directory.syncedClaims.make(topicPartition);
  }
}
