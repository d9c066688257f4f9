import type { AclEntry } from "../../client/zookeeper-client.ts";
import type { TreeEvent } from "./data-tree.ts";
import { parentPath } from "./znode.ts";

/** Who is told. One per connection: watches end with it. */
export interface Watcher {
  notify(event: WatchNotice, acl: readonly AclEntry[] | undefined): void;
}

export type WatchNotice = Pick<TreeEvent, "kind" | "path">;

/**
 * Kinds of watches, as bits. A data watch is also what `exists` sets on a znode that is not there.
 * Persistent ones stay when they fire; recursive ones see everything below their path as well, but
 * no `childrenChanged`, which the events of the children already tell.
 */
const DATA = 1;
const CHILD = 2;
const PERSISTENT_DATA = 4;
const PERSISTENT_CHILD = 8;
const RECURSIVE_DATA = 16;
const RECURSIVE_CHILD = 32;
const RECURSIVE = RECURSIVE_DATA | RECURSIVE_CHILD;

export const WATCH_MODES = {
  data: DATA,
  child: CHILD,
  persistent: PERSISTENT_DATA | PERSISTENT_CHILD,
  persistentRecursive: RECURSIVE,
} as const;

/** What `checkWatches` and `removeWatches` ask about, by ZooKeeper's `WatcherType`. */
export const WATCHER_TYPES: ReadonlyMap<number, number> = new Map([
  [1, CHILD | PERSISTENT_CHILD | RECURSIVE_CHILD],
  [2, DATA | PERSISTENT_DATA | RECURSIVE_DATA],
  [3, 63],
]);

/** Which watches an event fires: on its own path, and on the paths above. */
const FIRED_BY: Record<TreeEvent["kind"], { here: number; above: number }> = {
  created: { here: DATA | PERSISTENT_DATA | RECURSIVE_DATA, above: RECURSIVE_DATA },
  dataChanged: { here: DATA | PERSISTENT_DATA | RECURSIVE_DATA, above: RECURSIVE_DATA },
  deleted: { here: 63, above: RECURSIVE },
  childrenChanged: { here: CHILD | PERSISTENT_CHILD, above: 0 },
};

const ONE_SHOT = DATA | CHILD;

/** What one watch costs in memory besides its path, about. */
const WATCH_BYTES = 128;

/** Beyond this a connection gets no more watches: a flood of them must not take the server down. */
const WATCH_BYTES_PER_WATCHER_MAX = 64 * 1024 * 1024;

type WatcherEntry = { readonly paths: Set<string>; bytes: number };

/** All watches of all connections. */
export class WatchRegistry {
  readonly #byPath = new Map<string, Map<Watcher, number>>();
  readonly #byWatcher = new Map<Watcher, WatcherEntry>();
  #recursiveCount = 0;

  /** Pairs of a watcher and a path. */
  get size(): number {
    let count = 0;
    for (const { paths } of this.#byWatcher.values()) count += paths.size;
    return count;
  }

  /** False when this watcher has too many watches already; nothing is set then. */
  add(watcher: Watcher, path: string, modes: number): boolean {
    const entry = this.#entryOf(watcher);
    const watchers = this.#byPath.get(path);
    const before = watchers?.get(watcher) ?? 0;
    if (before === 0) {
      const bytes = WATCH_BYTES + 2 * path.length;
      if (entry.bytes + bytes > WATCH_BYTES_PER_WATCHER_MAX) return false;
      entry.bytes += bytes;
      entry.paths.add(path);
    }
    if (watchers === undefined) this.#byPath.set(path, new Map([[watcher, modes]]));
    else watchers.set(watcher, before | modes);
    this.#countRecursive(before, before | modes);
    return true;
  }

  /** Is there any watch of these modes by this watcher on exactly this path? */
  has(watcher: Watcher, path: string, modes: number): boolean {
    return ((this.#byPath.get(path)?.get(watcher) ?? 0) & modes) !== 0;
  }

  /** Takes the modes away; false when there were none of them. */
  remove(watcher: Watcher, path: string, modes: number): boolean {
    if (!this.has(watcher, path, modes)) return false;
    this.#take(watcher, path, modes);
    return true;
  }

  /** The connection is gone, and its watches with it. */
  removeWatcher(watcher: Watcher): void {
    for (const path of [...(this.#byWatcher.get(watcher)?.paths ?? [])]) {
      this.#take(watcher, path, -1);
    }
    this.#byWatcher.delete(watcher);
  }

  /** Tells everybody who watches for `event`, each once. */
  fire(event: TreeEvent): void {
    const { here, above } = FIRED_BY[event.kind];
    const told = new Set<Watcher>();
    this.#fireAt(event.path, here, event, told);
    if (above === 0 || this.#recursiveCount === 0) return;
    for (let path = event.path; path !== "/"; ) {
      path = parentPath(path) || "/";
      this.#fireAt(path, above, event, told);
    }
  }

  #fireAt(path: string, modes: number, event: TreeEvent, told: Set<Watcher>): void {
    const watchers = this.#byPath.get(path);
    if (watchers === undefined) return;
    for (const [watcher, set] of [...watchers]) {
      const fired = set & modes;
      if (fired === 0) continue;
      if ((fired & ONE_SHOT) !== 0) this.#take(watcher, path, fired & ONE_SHOT);
      if (told.has(watcher)) continue;
      told.add(watcher);
      watcher.notify({ kind: event.kind, path: event.path }, event.acl);
    }
  }

  #take(watcher: Watcher, path: string, modes: number): void {
    const watchers = this.#byPath.get(path);
    const before = watchers?.get(watcher);
    if (watchers === undefined || before === undefined) return;
    const left = before & ~modes;
    this.#countRecursive(before, left);
    if (left !== 0) {
      watchers.set(watcher, left);
      return;
    }
    watchers.delete(watcher);
    if (watchers.size === 0) this.#byPath.delete(path);
    const entry = this.#entryOf(watcher);
    entry.paths.delete(path);
    entry.bytes -= WATCH_BYTES + 2 * path.length;
  }

  #entryOf(watcher: Watcher): WatcherEntry {
    let entry = this.#byWatcher.get(watcher);
    if (entry === undefined) {
      entry = { paths: new Set(), bytes: 0 };
      this.#byWatcher.set(watcher, entry);
    }
    return entry;
  }

  #countRecursive(before: number, after: number): void {
    const had = (before & RECURSIVE) !== 0;
    const has = (after & RECURSIVE) !== 0;
    if (had !== has) this.#recursiveCount += has ? 1 : -1;
  }
}
