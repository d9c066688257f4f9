import { createHash } from "node:crypto";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { systemClock } from "@zoolog/host";
import type { CommandContext } from "../../context.ts";

const NAME_KINDS = ["topics", "groups", "brokers"] as const;
export type NameKind = (typeof NAME_KINDS)[number];

type Names = { readonly [Kind in NameKind]: readonly string[] };
type CachedNames = { readonly at: number; readonly names: Names };

/** Whoever presses Tab twice means the same cluster; a topic made just now is there soon. */
const CACHE_MS = 15_000;
/** Nobody waits longer at a prompt. */
const LOOK_TIMEOUT_MS = 1_500;

/**
 * Names for shell completion, one per line. Without a cluster there are none, and nothing is said:
 * this runs while somebody types.
 */
export async function liveNames(context: CommandContext, kind: NameKind): Promise<void> {
  const file = cacheFile(context);
  const cached = await readCache(file);
  const now = systemClock.now();
  const isFresh = cached !== undefined && now - cached.at < CACHE_MS && now >= cached.at;
  const names = isFresh ? cached.names : await look(context).catch(() => undefined);
  if (names === undefined) return;
  if (!isFresh) await writeCache(file, { at: now, names });
  if (names[kind].length > 0) await context.terminal.write(`${names[kind].join("\n")}\n`);
}

async function look(context: CommandContext): Promise<Names> {
  const limits = { ...context.limits, timeoutMs: LOOK_TIMEOUT_MS };
  return await context.withClient(async ({ admin }) => {
    const [topics, groups, cluster] = await Promise.all([
      admin.listTopics(limits),
      // Old brokers know no groups; their topics are worth completing.
      admin.groups.list(limits).catch(() => []),
      admin.describeCluster(limits),
    ]);
    return {
      topics: topics.filter(({ isInternal }) => !isInternal).map(({ topic }) => topic),
      groups: groups.map(({ group }) => group),
      brokers: cluster.brokers.map(({ brokerId }) => String(brokerId)),
    };
  });
}

/** One per cluster that is asked: names of another one would mislead. */
function cacheFile({ brokers, terminal }: CommandContext): string {
  const folder = terminal.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  const cluster = createHash("sha256").update(brokers.join(",")).digest("hex").slice(0, 16);
  return join(folder, "zoolog", `names-${cluster}.json`);
}

/** A file that cannot be read, or is none of ours, is no cache. */
async function readCache(file: string): Promise<CachedNames | undefined> {
  try {
    const cached = JSON.parse(await readFile(file, "utf8")) as Partial<CachedNames>;
    const names = cached.names as Partial<Names> | undefined;
    const isWhole = NAME_KINDS.every((kind) => Array.isArray(names?.[kind]));
    return typeof cached.at === "number" && isWhole ? (cached as CachedNames) : undefined;
  } catch {
    return undefined;
  }
}

async function writeCache(file: string, cached: CachedNames): Promise<void> {
  try {
    await mkdir(join(file, ".."), { recursive: true, mode: 0o700 });
    // Renamed into place: two shells may complete at the same time.
    const fresh = `${file}.${process.pid}`;
    await writeFile(fresh, JSON.stringify(cached), { mode: 0o600 });
    await rename(fresh, file);
  } catch {
    // Completion works without a cache, only more slowly.
  }
}
