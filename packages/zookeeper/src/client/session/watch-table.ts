import { errorMessage, type Logger } from "@zoolog/base";
import { ZooKeeperError } from "../../errors.ts";
import { SET_WATCHES_BYTES_MAX, WATCHES_MAX } from "../limits.ts";
import type { Watch, WatchEvent } from "../zookeeper-client.ts";

/**
 * What a server has registered for us: a watch on the data of a znode that was there (`getData`,
 * `exists`), on the coming of one that was not (`exists`), or on the names below one.
 */
export type WatchKind = "data" | "existence" | "children";

/** One SetWatches request: paths to be watched again on a new connection. */
export type SetWatchesPaths = Readonly<Record<WatchKind, readonly string[]>>;

/** Numbers of `WatcherEvent.type` on the wire, and the lists each of them clears. */
const EVENTS: ReadonlyMap<
  number,
  { readonly kind: WatchEvent["kind"]; readonly clears: readonly WatchKind[] }
> = new Map([
  [1, { kind: "created", clears: ["data", "existence"] }],
  [2, { kind: "deleted", clears: ["data", "existence", "children"] }],
  [3, { kind: "dataChanged", clears: ["data", "existence"] }],
  [4, { kind: "childrenChanged", clears: ["children"] }],
]);

/** Length field and encoding overhead of one path in SetWatches. */
const PATH_OVERHEAD_BYTES = 4;

/**
 * The watches of a session that have not fired. A server sends one event per path and connection,
 * however many callers asked; the table calls them all.
 *
 * Watches are called in microtasks, in the order of their events: an answer that arrived in the
 * same chunk as the event behind it reaches its caller first.
 */
export class WatchTable {
  readonly #logger: Logger;
  readonly #chroot: string;
  readonly #watches: Readonly<Record<WatchKind, Map<string, Watch[]>>> = {
    data: new Map(),
    existence: new Map(),
    children: new Map(),
  };
  #size = 0;

  /** @param options.chroot its length counts in SetWatches requests. */
  constructor(options: { readonly chroot: string | undefined }, logger: Logger) {
    this.#chroot = options.chroot ?? "";
    this.#logger = logger;
  }

  get size(): number {
    return this.#size;
  }

  /** @throws ZooKeeperError `TOO_MANY_WATCHES`: do not ask for one more. */
  assertRoom(): void {
    if (this.#size < WATCHES_MAX) return;
    throw new ZooKeeperError({
      code: "TOO_MANY_WATCHES",
      message: `${this.#size} watches are set already`,
      hint: "Watch parents instead of each child.",
    });
  }

  add(kind: WatchKind, path: string, watch: Watch): void {
    const present = this.#watches[kind].get(path);
    if (present === undefined) this.#watches[kind].set(path, [watch]);
    else present.push(watch);
    this.#size += 1;
  }

  /** An event of a server. One of a type that we never ask for is logged and dropped. */
  fire(type: number, path: string): void {
    const event = EVENTS.get(type);
    if (event === undefined) {
      this.#logger.warn("watch event of an unknown type dropped", { type, path });
      return;
    }
    for (const kind of event.clears) this.#clear(kind, path, { kind: event.kind, path });
  }

  /** The session ended: a last hint to everybody who still waits. */
  endSession(): void {
    for (const [kind, byPath] of Object.entries(this.#watches)) {
      for (const path of byPath.keys()) {
        this.#clear(kind as WatchKind, path, { kind: "sessionEnded", path });
      }
    }
  }

  /** All watches, in requests short enough for a server. */
  setWatchesRequests(): SetWatchesPaths[] {
    const requests: Record<WatchKind, string[]>[] = [];
    let bytes = Number.POSITIVE_INFINITY;
    for (const [kind, byPath] of Object.entries(this.#watches)) {
      for (const path of byPath.keys()) {
        const pathBytes = Buffer.byteLength(this.#chroot + path) + PATH_OVERHEAD_BYTES;
        if (bytes + pathBytes > SET_WATCHES_BYTES_MAX) {
          requests.push({ data: [], existence: [], children: [] });
          bytes = 0;
        }
        requests.at(-1)?.[kind as WatchKind].push(path);
        bytes += pathBytes;
      }
    }
    return requests;
  }

  #clear(kind: WatchKind, path: string, event: WatchEvent): void {
    const watches = this.#watches[kind].get(path);
    if (watches === undefined) return;
    this.#watches[kind].delete(path);
    this.#size -= watches.length;
    for (const watch of watches) queueMicrotask(() => this.#call(watch, event));
  }

  #call(watch: Watch, event: WatchEvent): void {
    try {
      watch(event);
    } catch (error) {
      this.#logger.error("watch threw", { ...event, error: errorMessage(error) });
    }
  }
}
