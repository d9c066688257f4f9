import type { Watch } from "@zoolog/zookeeper";
import type { MemoryZnodes, ZnodeEvent } from "./memory-znodes.ts";

type Kind = "data" | "existence" | "children";

const FIRED_BY: Readonly<Record<ZnodeEvent["kind"], readonly Kind[]>> = {
  created: ["data", "existence"],
  deleted: ["data", "existence", "children"],
  dataChanged: ["data", "existence"],
  childrenChanged: ["children"],
};

type Fired = { readonly event: ZnodeEvent; readonly watches: readonly Watch[] };

/** The watches of one session that have not fired. */
export class MemoryWatches {
  readonly #watches: Readonly<Record<Kind, Map<string, Set<Watch>>>> = {
    data: new Map(),
    existence: new Map(),
    children: new Map(),
  };

  add(kind: Kind, path: string, watch: Watch): void {
    const watches = this.#watches[kind].get(path) ?? new Set();
    this.#watches[kind].set(path, watches.add(watch));
  }

  /** Takes out the watches that `event` fires. */
  take(event: ZnodeEvent): readonly Watch[] {
    const fired = new Set<Watch>();
    for (const kind of FIRED_BY[event.kind]) {
      for (const watch of this.#watches[kind].get(event.path) ?? []) fired.add(watch);
      this.#watches[kind].delete(event.path);
    }
    return [...fired];
  }

  takeAll(): readonly (readonly [path: string, watch: Watch])[] {
    const all = (["data", "existence", "children"] as const).flatMap((kind) =>
      [...this.#watches[kind]].flatMap(([path, watches]) =>
        [...watches].map((watch) => [path, watch] as const),
      ),
    );
    for (const kind of ["data", "existence", "children"] as const) this.#watches[kind].clear();
    return all;
  }

  /**
   * What SetWatches answers on a new connection (ZooKeeper's rules): events since `zxid`, as far as
   * they can be told from the tree. A znode created *and* deleted meanwhile leaves no trace.
   */
  missed(znodes: MemoryZnodes, zxid: number): readonly Fired[] {
    const events: ZnodeEvent[] = [];
    for (const path of this.#watches.data.keys()) {
      const stat = znodes.stat(path);
      if (stat === undefined) events.push({ kind: "deleted", path });
      else if (stat.mzxid > zxid) events.push({ kind: "dataChanged", path });
    }
    for (const path of this.#watches.existence.keys()) {
      if (znodes.stat(path) !== undefined) events.push({ kind: "created", path });
    }
    for (const path of this.#watches.children.keys()) {
      const stat = znodes.stat(path);
      if (stat === undefined) events.push({ kind: "deleted", path });
      else if (stat.pzxid > zxid) events.push({ kind: "childrenChanged", path });
    }
    return events.map((event) => ({ event, watches: this.take(event) }));
  }
}
