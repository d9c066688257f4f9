import type { Random } from "@zoolog/base";

export type DiskOperation =
  | "open"
  | "read"
  | "write"
  | "truncate"
  | "datasync"
  | "size"
  | "close"
  | "readFile"
  | "readDirectory"
  | "stat"
  | "makeDirectory"
  | "rename"
  | "link"
  | "remove"
  | "removeTree"
  | "syncDirectory"
  | "space";

/**
 * What goes wrong. `shortWrite` takes only a part of the bytes and reports no error, as Node does
 * on a full disk; on other operations it does nothing. The codes reject; a write that rejects with
 * `EIO` has written a random part first.
 */
export type DiskFaultEffect = "EIO" | "ENOSPC" | "EMFILE" | "EROFS" | "shortWrite";

export type DiskFault = {
  readonly effect: DiskFaultEffect;
  /** Only these operations count; any when absent. */
  readonly operations?: readonly DiskOperation[];
  /** Only operations on matching paths count. */
  readonly path?: RegExp;
  /** The n-th operation that counts fails, the first is 1. */
  readonly at?: number;
  /** Every one after it fails, too. */
  readonly sticky?: boolean;
};

/** Matching operations take longer. */
export type DiskSlowness = {
  readonly operations?: readonly DiskOperation[];
  /** Each one between these, ms. */
  readonly leastMs: number;
  readonly mostMs: number;
};

/** An injected fault: how often it struck, and its end. */
export type InjectedFault = { readonly strikes: () => number; readonly remove: () => void };

type Armed = { readonly fault: DiskFault; seen: number; struck: number };

/** The faults of one disk, asked before each of its operations. */
export class DiskFaults {
  readonly #armed = new Set<Armed>();
  readonly #slow = new Set<DiskSlowness>();
  /** Operations since the disk was made: what a loop over "fail the n-th" runs up to. */
  operationCount = 0;
  /** Sees each operation as it takes effect; for tests that count or order them. */
  observer: ((operation: DiskOperation, path: string) => void) | undefined;

  inject(fault: DiskFault): InjectedFault {
    const armed: Armed = { fault, seen: 0, struck: 0 };
    this.#armed.add(armed);
    return { strikes: () => armed.struck, remove: () => void this.#armed.delete(armed) };
  }

  removeAll(): void {
    this.#armed.clear();
    this.#slow.clear();
  }

  /** @returns makes the disk as quick as it was. */
  slow(slowness: DiskSlowness): () => void {
    this.#slow.add(slowness);
    return () => void this.#slow.delete(slowness);
  }

  /** By how much the operation takes longer, ms; for who decides about time. */
  extraMs(operation: DiskOperation, random: Random): number {
    let ms = 0;
    for (const { operations, leastMs, mostMs } of this.#slow) {
      if (operations !== undefined && !operations.includes(operation)) continue;
      ms += leastMs + (mostMs - leastMs) * random.next();
    }
    return ms;
  }

  /** Counts the operation; answers what strikes it. */
  strike(operation: DiskOperation, path: string): DiskFaultEffect | undefined {
    this.operationCount += 1;
    this.observer?.(operation, path);
    let effect: DiskFaultEffect | undefined;
    for (const armed of this.#armed) {
      if (!matches(armed.fault, operation, path)) continue;
      armed.seen += 1;
      const at = armed.fault.at ?? 1;
      const strikes = armed.seen === at || (armed.seen > at && armed.fault.sticky === true);
      if (!strikes) continue;
      armed.struck += 1;
      effect ??= armed.fault.effect;
    }
    return effect;
  }
}

function matches(fault: DiskFault, operation: DiskOperation, path: string): boolean {
  if (fault.operations !== undefined && !fault.operations.includes(operation)) return false;
  return fault.path === undefined || fault.path.test(path);
}

/** A failure as Node reports it. */
export function diskError(code: string, operation: string, path: string): Error {
  return Object.assign(new Error(`${code}: simulated, ${operation} '${path}'`), { code, path });
}
