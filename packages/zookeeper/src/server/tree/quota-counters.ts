import type { Znode } from "./znode.ts";

const QUOTA_PATH = "/zookeeper/quota";
const LIMITS = "/zookeeper_limits";
const STATISTICS = "/zookeeper_stats";

type Usage = { count: number; bytes: number };

/** The tree, as far as quotas are concerned. */
export type QuotaTree = {
  readonly get: (path: string) => Readonly<Znode> | undefined;
  /** Replaces the data and nothing else: no version, no zxid, no event. */
  readonly setStatistics: (path: string, data: Uint8Array) => void;
};

/**
 * Quotas, as zkCli's `setquota` sets them: for a path with a limits znode below `/zookeeper/quota`,
 * its statistics znode tells how many znodes it has and how many bytes are in them. They are
 * counted, not enforced, as in ZooKeeper unless it is told to.
 */
export class QuotaCounters {
  readonly #tree: QuotaTree;
  readonly #usage = new Map<string, Usage>();

  constructor(tree: QuotaTree) {
    this.#tree = tree;
  }

  /** After a snapshot was loaded: what it holds is what is counted. */
  restore(paths: Iterable<string>): void {
    for (const path of paths) {
      const limited = limitedPath(path, LIMITS);
      if (limited !== undefined) this.#usage.set(limited, this.#measure(limited));
    }
  }

  created(path: string, bytes: number): void {
    if (path.startsWith(`${QUOTA_PATH}/`)) this.#quotaZnodeCreated(path);
    this.#add(path, 1, bytes);
  }

  deleted(path: string, bytes: number): void {
    const limited = limitedPath(path, LIMITS);
    if (limited !== undefined) this.#usage.delete(limited);
    this.#add(path, -1, -bytes);
  }

  changed(path: string, bytesMore: number): void {
    this.#add(path, 0, bytesMore);
  }

  #quotaZnodeCreated(path: string): void {
    const limited = limitedPath(path, LIMITS);
    if (limited !== undefined) this.#usage.set(limited, { count: 0, bytes: 0 });
    const counted = limitedPath(path, STATISTICS);
    if (counted === undefined) return;
    const usage = this.#measure(counted);
    if (this.#usage.has(counted)) this.#usage.set(counted, usage);
    this.#publish(counted, usage);
  }

  #add(path: string, count: number, bytes: number): void {
    if (this.#usage.size === 0) return;
    const limited = this.#nearestQuota(path);
    if (limited === undefined) return;
    limited.usage.count += count;
    limited.usage.bytes += bytes;
    this.#publish(limited.path, limited.usage);
  }

  /** Only the quota closest above counts. */
  #nearestQuota(path: string): { path: string; usage: Usage } | undefined {
    for (let at = path; at !== ""; at = at.slice(0, Math.max(0, at.lastIndexOf("/")))) {
      const usage = this.#usage.get(at);
      if (usage !== undefined) return { path: at, usage };
    }
    return undefined;
  }

  #publish(path: string, { count, bytes }: Usage): void {
    const statistics = `${QUOTA_PATH}${path}${STATISTICS}`;
    if (this.#tree.get(statistics) === undefined) return;
    this.#tree.setStatistics(statistics, Buffer.from(`count=${count},bytes=${bytes}`));
  }

  #measure(path: string): Usage {
    const usage = { count: 0, bytes: 0 };
    const waiting = [path];
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const znode = this.#tree.get(next);
      if (znode === undefined) continue;
      usage.count += 1;
      usage.bytes += znode.data === undefined ? 0 : znode.data.length;
      for (const name of znode.children ?? []) waiting.push(`${next}/${name}`);
    }
    return usage;
  }
}

/** `/a` for `/zookeeper/quota/a/zookeeper_limits`. */
function limitedPath(path: string, ending: string): string | undefined {
  if (!path.startsWith(`${QUOTA_PATH}/`) || !path.endsWith(ending)) return undefined;
  const limited = path.slice(QUOTA_PATH.length, -ending.length);
  return limited === "" ? undefined : limited;
}
