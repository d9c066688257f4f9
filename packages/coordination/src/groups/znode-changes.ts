import { inParallel } from "@zoolog/base";
import type { Operation } from "@zoolog/zookeeper";
import { restless } from "../errors.ts";
import { ifThere } from "../existing.ts";
import type { FencedMulti } from "../fenced-multi.ts";
import {
  MULTI_BYTES_MAX,
  MULTI_OPERATIONS_MAX,
  MULTIS_IN_FLIGHT_MAX,
  READS_IN_FLIGHT_MAX,
} from "../limits.ts";
import { operationBytes } from "../multi-chunks.ts";
import { Places } from "./places.ts";
import { removeBelow } from "./subtree.ts";

/** What a znode is to hold; `undefined`: it is not to be there. */
export type ZnodeChange = { readonly path: string; readonly data: Uint8Array | undefined };

/** Changes that are applied together, in one multi. */
export type ChangeUnit = {
  /** What must stand above, the topmost first; made with this content where it is missing. */
  readonly parents: readonly (ZnodeChange & { readonly data: Uint8Array })[];
  readonly changes: readonly ZnodeChange[];
};

/** Paths remembered as being there; beyond it they are looked up again. About 20 MB. */
const KNOWN_PATHS_MAX = 100_000;

/** Looks after a refusal: each settles or learns something, unless somebody else writes there. */
const REFUSALS_MAX = 20;

/**
 * Brings znodes into the state that is wanted, as many to a multi as fit, several multis under way.
 * Which of them are there already is remembered: whoever alone writes them need not look each time.
 *
 * A multi that was refused or whose fate is open is looked up: units whose znodes stand as wanted
 * are done, the others are written again. So nothing is written twice that has arrived, and what was
 * lost or in the way of somebody's hand is written in the end.
 */
export class ZnodeChanges {
  readonly #multi: FencedMulti;
  readonly #known = new Set<string>();
  readonly #places = new Places(MULTIS_IN_FLIGHT_MAX);

  constructor(multi: FencedMulti) {
    this.#multi = multi;
  }

  /** @throws what `FencedMulti` does; `ZNODE_MALFORMED` when somebody else writes there, too. */
  async apply(units: readonly ChangeUnit[]): Promise<void> {
    let open = units;
    let refusals = 0;
    while (open.length > 0) {
      const { left, refused } = await this.#pass(open, () => {});
      open = await this.#unsettled(left);
      if (refused) refusals += 1;
      if (refusals > REFUSALS_MAX) throw restless(open[0]?.changes[0]?.path ?? "");
    }
  }

  /** The same for what may stand there already: it is looked up first. */
  async mend(units: readonly ChangeUnit[]): Promise<void> {
    await this.apply(await this.#unsettled(units));
  }

  /**
   * Writes them once. Answers whether all was applied; else `mend` them, when nothing else is under
   * way. `onSent` is called when all has gone out: another pass may begin, and is applied after it.
   *
   * @throws what `FencedMulti` does.
   */
  async pass(units: readonly ChangeUnit[], onSent: () => void): Promise<boolean> {
    const { left } = await this.#pass(units, onSent);
    return left.length === 0;
  }

  /** Resolves when one more multi may go out. */
  async hasRoom(): Promise<void> {
    await this.#places.enter();
    this.#places.leave();
  }

  async #pass(
    units: readonly ChangeUnit[],
    onSent: () => void,
  ): Promise<{ readonly left: readonly ChangeUnit[]; readonly refused: boolean }> {
    if (this.#known.size > KNOWN_PATHS_MAX) this.#known.clear();
    await this.#learn(units);
    const chunks = this.#compose(units);
    let unsent = chunks.length;
    if (unsent === 0) onSent();
    const sent = (): void => {
      unsent -= 1;
      if (unsent === 0) onSent();
    };
    let refused = false;
    const left = await inParallel(chunks, { atOnceMax: MULTIS_IN_FLIGHT_MAX }, async (chunk) => {
      await this.#places.enter();
      try {
        const result = await this.#multi.run(chunk.operations, sent);
        if (result.outcome === "applied") return this.#applied(chunk.operations);
        if (result.outcome === "refused") {
          refused = true;
          if (result.code === "NOT_EMPTY") await this.#clearBelow(chunk.operations);
        }
        return chunk.units;
      } finally {
        this.#places.leave();
      }
    });
    return { left: left.flat(), refused };
  }

  /** What stands below `root` is gone. */
  forgetBelow(root: string): void {
    const prefix = `${root}/`;
    for (const path of this.#known) {
      if (path === root || path.startsWith(prefix)) this.#known.delete(path);
    }
  }

  /** What hands have made below a znode that is to go: it goes with it. */
  async #clearBelow(operations: readonly Operation[]): Promise<void> {
    for (const { type, path } of operations) {
      if (type === "remove") await removeBelow(this.#multi, path);
    }
  }

  #applied(operations: readonly Operation[]): readonly ChangeUnit[] {
    for (const { type, path } of operations) {
      if (type === "remove") this.#known.delete(path);
      else this.#known.add(path);
    }
    return [];
  }

  /** Looks for paths that are not known to be there, the upper ones first: often none is. */
  async #learn(units: readonly ChangeUnit[]): Promise<void> {
    const unknown = new Set<string>();
    const seen = new Set<ChangeUnit["parents"]>();
    for (const { parents, changes } of units) {
      if (!seen.has(parents)) for (const { path } of parents) this.#askFor(path, unknown);
      seen.add(parents);
      for (const { path } of changes) this.#askFor(path, unknown);
    }
    if (unknown.size === 0) return;
    const levels = new Map<number, string[]>();
    for (const path of unknown) {
      const depth = path.split("/").length;
      const level = levels.get(depth) ?? [];
      level.push(path);
      levels.set(depth, level);
    }
    for (const depth of [...levels.keys()].sort((a, b) => a - b)) {
      // Below what was looked for above and not found there is nothing.
      const level = (levels.get(depth) ?? []).filter((path) => {
        const parent = path.slice(0, path.lastIndexOf("/"));
        return !unknown.has(parent) || this.#known.has(parent);
      });
      await inParallel(level, { atOnceMax: READS_IN_FLIGHT_MAX }, async (path) => {
        const stat = await this.#multi.read((client) => client.exists(path));
        if (stat !== undefined) this.#known.add(path);
      });
    }
  }

  #askFor(path: string, unknown: Set<string>): void {
    if (!this.#known.has(path)) unknown.add(path);
  }

  /** In the order of the units: a parent is made before what stands below it in a later multi. */
  #compose(units: readonly ChangeUnit[]): Chunk[] {
    const planned = new PlannedPaths(this.#known);
    const chunks: { units: ChangeUnit[]; operations: Operation[]; bytes: number }[] = [];
    for (const unit of units) {
      const own = planned.operationsOf(unit);
      if (own.length === 0) continue;
      const bytes = own.reduce((sum, operation) => sum + operationBytes(operation), 0);
      const last = chunks.at(-1);
      if (
        last !== undefined &&
        last.operations.length + own.length < MULTI_OPERATIONS_MAX &&
        last.bytes + bytes <= MULTI_BYTES_MAX
      ) {
        last.units.push(unit);
        last.operations.push(...own);
        last.bytes += bytes;
      } else {
        chunks.push({ units: [unit], operations: [...own], bytes });
      }
    }
    return chunks;
  }

  /** The units of which something does not stand as wanted. */
  async #unsettled(units: readonly ChangeUnit[]): Promise<readonly ChangeUnit[]> {
    if (units.length === 0) return [];
    for (const { parents } of units) for (const { path } of parents) this.#known.delete(path);
    const settled = await inParallel(
      units,
      { atOnceMax: UNITS_LOOKED_UP_AT_ONCE },
      async (unit) => {
        const stands = await inParallel(
          unit.changes,
          { atOnceMax: READS_IN_FLIGHT_MAX / UNITS_LOOKED_UP_AT_ONCE },
          (change) => this.#stands(change),
        );
        return stands.every((one) => one);
      },
    );
    return units.filter((_, i) => settled[i] !== true);
  }

  async #stands({ path, data }: ZnodeChange): Promise<boolean> {
    const znode = await this.#multi.read((client) => ifThere(client.getData(path)));
    if (znode === undefined) this.#known.delete(path);
    else this.#known.add(path);
    if (znode === undefined || data === undefined) return znode === data;
    return Buffer.compare(znode.data, data) === 0;
  }
}

const UNITS_LOOKED_UP_AT_ONCE = 64;

type Chunk = { readonly units: readonly ChangeUnit[]; readonly operations: readonly Operation[] };

/** Which paths will be there when the operations made so far are applied. */
class PlannedPaths {
  readonly #known: ReadonlySet<string>;
  readonly #created = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #seenParents = new Set<ChangeUnit["parents"]>();

  constructor(known: ReadonlySet<string>) {
    this.#known = known;
  }

  operationsOf({ parents, changes }: ChangeUnit): readonly Operation[] {
    const operations: Operation[] = [];
    if (!this.#seenParents.has(parents) && changes.some(({ data }) => data !== undefined)) {
      this.#seenParents.add(parents);
      for (const { path, data } of parents) {
        if (!this.#isThere(path)) operations.push(this.#create(path, data));
      }
    }
    for (const { path, data } of changes) {
      if (data === undefined) {
        if (this.#isThere(path)) operations.push(this.#remove(path));
      } else if (this.#isThere(path)) {
        operations.push({ type: "setData", path, data });
      } else {
        operations.push(this.#create(path, data));
      }
    }
    return operations;
  }

  #isThere(path: string): boolean {
    return this.#created.has(path) || (this.#known.has(path) && !this.#removed.has(path));
  }

  #create(path: string, data: Uint8Array): Operation {
    this.#created.add(path);
    this.#removed.delete(path);
    return { type: "create", path, data };
  }

  #remove(path: string): Operation {
    this.#removed.add(path);
    this.#created.delete(path);
    return { type: "remove", path };
  }
}
