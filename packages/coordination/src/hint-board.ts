import {
  errorMessage,
  type Logger,
  runInBackground,
  type Scheduler,
  type Timer,
} from "@zoolog/base";
import type { Watch, ZooKeeperClient } from "@zoolog/zookeeper";
import {
  BROKER_IDS_PATH,
  CONFIG_CHANGES_PATH,
  CONTROLLER_PATH,
  COORDINATORS_PATH,
  DELETE_TOPICS_PATH,
  PREFERRED_ELECTION_PATH,
  TOPICS_PATH,
} from "./paths.ts";
import type { HintScope, StoreState } from "./port/coordination-store.ts";
import type { CoordinationSession } from "./session.ts";

/** How a scope is watched. Parents only: one watch each, however many topics there are. */
const WATCHES: Readonly<
  Record<HintScope, ((client: ZooKeeperClient, watch: Watch) => Promise<unknown>) | undefined>
> = {
  brokers: (client, watch) => client.getChildren(BROKER_IDS_PATH, watch),
  controller: (client, watch) => client.exists(CONTROLLER_PATH, watch),
  topics: (client, watch) => client.getChildren(TOPICS_PATH, watch),
  partitionStates: undefined,
  coordinators: (client, watch) => client.getChildren(COORDINATORS_PATH, watch),
  configs: (client, watch) => client.getChildren(CONFIG_CHANGES_PATH, watch),
  deletions: (client, watch) => client.getChildren(DELETE_TOPICS_PATH, watch),
  adminRequests: (client, watch) => client.exists(PREFERRED_ELECTION_PATH, watch),
};

/**
 * Tells who is interested to read again: after a watch fired, after every reconnection and every
 * period. A fired watch is set again *before* the hint goes out: what changes after the reader's
 * read fires the new one, so nothing is missed, however seldom one looks.
 */
export class HintBoard {
  readonly #session: CoordinationSession;
  readonly #scheduler: Scheduler;
  readonly #logger: Logger;
  readonly #scopes = new Map<HintScope, ScopeHints>();
  readonly #timer: Timer;
  readonly #stopFollowing: () => void;

  constructor(
    options: { readonly reconcileIntervalMs: number },
    dependencies: {
      readonly session: CoordinationSession;
      readonly scheduler: Scheduler;
      readonly logger: Logger;
    },
  ) {
    this.#session = dependencies.session;
    this.#scheduler = dependencies.scheduler;
    this.#logger = dependencies.logger;
    this.#timer = this.#scheduler.every(options.reconcileIntervalMs, () => this.#refreshAll());
    this.#stopFollowing = this.#session.onStateChange((state) => this.#followed(state));
  }

  onHint(scope: HintScope, listener: () => void): () => void {
    let hints = this.#scopes.get(scope);
    if (hints === undefined) {
      hints = { scope, listeners: new Set(), watch: undefined, hinted: false };
      this.#scopes.set(scope, hints);
    }
    const { listeners } = hints;
    // A wrapper of its own, so that the same function may be added twice.
    const entry = (): void => listener();
    listeners.add(entry);
    this.#refresh(hints);
    return () => listeners.delete(entry);
  }

  close(): void {
    this.#timer.cancel();
    this.#stopFollowing();
    this.#scopes.clear();
  }

  #followed(state: StoreState): void {
    if (state === "connected") this.#refreshAll();
  }

  #refreshAll(): void {
    for (const hints of this.#scopes.values()) this.#refresh(hints);
  }

  /** Sets the watch where it is missing, then hints. */
  #refresh(hints: ScopeHints): void {
    if (this.#session.state !== "connected") return;
    runInBackground(`watch ${hints.scope}`, this.#logger, async () => {
      const ready = await this.#watch(hints);
      if (ready) this.#hint(hints);
    });
  }

  /** False when that must wait for the next connection, which refreshes all. */
  async #watch(hints: ScopeHints): Promise<boolean> {
    const set = WATCHES[hints.scope];
    if (set === undefined || hints.watch !== undefined) return true;
    const watch: Watch = (event) => {
      if (hints.watch !== watch) return;
      hints.watch = undefined;
      // The end of a session is no news here: the next one refreshes all.
      if (event.kind !== "sessionEnded") this.#refresh(hints);
    };
    hints.watch = watch;
    try {
      await this.#session.read((client) => set(client, watch));
      return true;
    } catch (error) {
      if (hints.watch === watch) hints.watch = undefined;
      this.#logger.debug("watch not set", { scope: hints.scope, error: errorMessage(error) });
      return false;
    }
  }

  /** Hints that come together are one. */
  #hint(hints: ScopeHints): void {
    if (hints.hinted) return;
    hints.hinted = true;
    this.#scheduler.soon(() => {
      hints.hinted = false;
      for (const listener of [...hints.listeners]) this.#call(hints.scope, listener);
    });
  }

  #call(scope: HintScope, listener: () => void): void {
    try {
      listener();
    } catch (error) {
      this.#logger.error("hint listener failed", { scope, error: errorMessage(error) });
    }
  }
}

type ScopeHints = {
  readonly scope: HintScope;
  readonly listeners: Set<() => void>;
  /** Set, or being set; a session takes it along when it ends. */
  watch: Watch | undefined;
  hinted: boolean;
};
