import { type BrokerId, runInBackground } from "@zoolog/base";
import { replicaKey } from "../sessions/replica-sessions.ts";
import type { Following } from "./following.ts";
import {
  type FetcherDependencies,
  type FetcherOptions,
  ReplicaFetcher,
} from "./replica-fetcher.ts";

/** The leaders that this broker follows, one fetcher each; partitions move between them. */
export class ReplicaFetchers {
  readonly #options: FetcherOptions;
  readonly #dependencies: FetcherDependencies;
  readonly #fetchers = new Map<BrokerId, ReplicaFetcher>();
  readonly #leaders = new Map<string, BrokerId>();
  #closed = false;

  constructor(options: FetcherOptions, dependencies: FetcherDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /** Fetches the replica from the leader of its epoch, and from nobody else. */
  follow(following: Following): void {
    const { topicId, partition, leader } = following;
    const key = replicaKey(topicId, partition);
    if (this.#leaders.get(key) !== leader) this.unfollow(key);
    if (leader === undefined || this.#closed) return;
    let fetcher = this.#fetchers.get(leader);
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(leader, this.#options, this.#dependencies);
      this.#fetchers.set(leader, fetcher);
      fetcher.start();
    }
    this.#leaders.set(key, leader);
    fetcher.add(following);
  }

  /** @param key of `replicaKey`. */
  unfollow(key: string): void {
    const leader = this.#leaders.get(key);
    if (leader === undefined) return;
    this.#leaders.delete(key);
    const fetcher = this.#fetchers.get(leader);
    fetcher?.remove(key);
    if (fetcher === undefined || fetcher.size > 0) return;
    this.#fetchers.delete(leader);
    runInBackground("stop following a broker", this.#dependencies.logger, () => fetcher.close());
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#leaders.clear();
    const fetchers = [...this.#fetchers.values()];
    this.#fetchers.clear();
    await Promise.all(fetchers.map((fetcher) => fetcher.close()));
  }
}
