import { errorMessage, type FileSystem, type Logger } from "@zoolog/base";
import { isMalformedJute } from "../../jute/jute-reader.ts";
import { dataCorrupt } from "../errors.ts";
import { ZXIDS_PER_EPOCH } from "../pipeline/write-pipeline.ts";
import type { SessionSettings } from "../sessions/session-tracker.ts";
import { DataTree } from "../tree/data-tree.ts";
import type { LoggedTransaction, SessionId } from "../tree/transaction.ts";
import { makeDurableFolder } from "./durable-folder.ts";
import { type DataFile, isUnfinished, logFiles, snapshotFiles } from "./file-names.ts";
import { type Batch, decodeBatch, HEADER_BYTES } from "./log-format.ts";
import { LogReader } from "./log-reader.ts";
import { readSnapshot } from "./snapshot-file.ts";

export type Recovered = {
  readonly tree: DataTree;
  readonly sessions: readonly SessionSettings[];
  /** The last transaction in the log, 0 if there never was one. */
  readonly lastZxid: number;
  /** For this start: larger than that of any before. */
  readonly epoch: number;
  /** Transactions that were replayed on top of the snapshot. */
  readonly replayed: number;
};

type State = {
  tree: DataTree;
  readonly sessions: Map<SessionId, SessionSettings>;
  /** What the snapshot holds already. */
  readonly snapshotZxid: number;
  /** The last transaction in the files read so far; `undefined` before the first file. */
  chainZxid: number | undefined;
  replayed: number;
};

type Dependencies = { readonly fileSystem: FileSystem; readonly logger: Logger };

/**
 * Reads the data folder back, as docs/formats/zookeeper-txn-log.md says under *Recovery*. All it may
 * change is a torn tail, which nobody was told about.
 *
 * @throws ZoologError `ZOOKEEPER_DATA_CORRUPT`
 */
export async function recover(folder: string, dependencies: Dependencies): Promise<Recovered> {
  const { fileSystem } = dependencies;
  await makeDurableFolder(folder, fileSystem);
  const names = await removeUnfinished(folder, fileSystem);
  const snapshots = snapshotFiles(names);
  const logs = logFiles(names);
  const state = await loadSnapshot(folder, snapshots, dependencies);
  const needed = neededLogs(logs, state.snapshotZxid);
  if ((logs.at(-1)?.zxid ?? -1) < (snapshots.at(-1)?.zxid ?? -1)) {
    throw dataCorrupt(folder, "the transaction log that follows the newest snapshot is missing");
  }
  for (const [i, file] of needed.entries()) {
    await replayFile({ folder, file, isLast: i === needed.length - 1 }, state, dependencies);
  }
  const lastZxid = state.chainZxid ?? 0;
  const newest = Math.max(lastZxid, ...[...logs, ...snapshots].map(({ zxid }) => zxid));
  return {
    tree: state.tree,
    sessions: [...state.sessions.values()],
    lastZxid,
    epoch: Math.floor(newest / ZXIDS_PER_EPOCH) + 1,
    replayed: state.replayed,
  };
}

async function removeUnfinished(folder: string, fileSystem: FileSystem): Promise<string[]> {
  const names = await fileSystem.readDirectory(folder);
  for (const name of names.filter(isUnfinished)) await fileSystem.remove(`${folder}/${name}`);
  return names.filter((name) => !isUnfinished(name));
}

/** The newest one that is intact: the log reaches back to each that is kept. */
async function loadSnapshot(
  folder: string,
  snapshots: readonly DataFile[],
  { fileSystem, logger }: Dependencies,
): Promise<State> {
  for (const { name, zxid } of snapshots.toReversed()) {
    try {
      const contents = await readSnapshot(`${folder}/${name}`, fileSystem);
      return {
        tree: DataTree.restored(contents.znodes),
        sessions: new Map(contents.sessions.map((session) => [session.id, session])),
        snapshotZxid: zxid,
        chainZxid: undefined,
        replayed: 0,
      };
    } catch (error) {
      if (!isMalformedJute(error)) throw error;
      logger.error("damaged snapshot passed over", { file: name, fault: errorMessage(error) });
    }
  }
  const tree = DataTree.empty();
  return { tree, sessions: new Map(), snapshotZxid: 0, chainZxid: undefined, replayed: 0 };
}

/** From the file that holds what follows the snapshot. */
function neededLogs(logs: readonly DataFile[], snapshotZxid: number): readonly DataFile[] {
  const first = logs.findLastIndex(({ zxid }) => zxid <= snapshotZxid);
  return logs.slice(Math.max(0, first));
}

async function replayFile(
  place: { readonly folder: string; readonly file: DataFile; readonly isLast: boolean },
  state: State,
  { fileSystem, logger }: Dependencies,
): Promise<void> {
  const { folder, file, isLast } = place;
  const path = `${folder}/${file.name}`;
  const reader = await LogReader.open(path, fileSystem);
  try {
    if (reader.header === undefined) {
      // The header is synced before the first batch is written.
      if (!isLast || reader.sizeBytes > HEADER_BYTES) throw dataCorrupt(path, "a damaged header");
      logger.warn("unfinished log file removed", { file: file.name });
      await fileSystem.remove(path);
      await fileSystem.syncDirectory(folder);
      return;
    }
    checkChain(path, reader.header.previousZxid, state);
    if (reader.header.baseZxid !== file.zxid) throw dataCorrupt(path, "it was renamed");
    for (let batch = await reader.next(); batch !== undefined; batch = await reader.next()) {
      replayBatch(path, decoded(path, batch), state);
    }
    const tornBytes = reader.sizeBytes - reader.position;
    if (tornBytes > 0 && !(await reader.endsInZeros())) {
      const where = `${path} at byte ${reader.position}`;
      if (!isLast) throw dataCorrupt(where, "a damaged batch in a file that was finished");
      const hasLater = await reader.hasLaterBatch();
      if (hasLater === true) throw dataCorrupt(where, "a damaged batch before intact ones");
      if (hasLater === "unknown") {
        throw dataCorrupt(where, "a damaged batch, and too much behind it that looks like batches");
      }
      logger.warn("torn tail of the transaction log cut off", { file: file.name, tornBytes });
    }
    if (isLast) await reader.secure();
  } finally {
    await reader.close();
  }
}

function decoded(path: string, batch: Buffer): Batch {
  try {
    return decodeBatch(batch);
  } catch (error) {
    throw dataCorrupt(path, "a batch cannot be understood", error);
  }
}

function checkChain(path: string, previousZxid: number, state: State): void {
  const fits =
    state.chainZxid === undefined
      ? previousZxid <= state.snapshotZxid
      : previousZxid === state.chainZxid;
  if (!fits) {
    const have = state.chainZxid ?? state.snapshotZxid;
    throw dataCorrupt(path, `transactions are missing between ${have} and ${previousZxid}`);
  }
  state.chainZxid = previousZxid;
}

function replayBatch(path: string, batch: Batch, state: State): void {
  checkChain(path, batch.previousZxid, state);
  for (const logged of batch.transactions) {
    const rises = Number.isSafeInteger(logged.zxid) && logged.zxid > (state.chainZxid ?? 0);
    if (!rises) throw dataCorrupt(path, "zxids do not rise");
    state.chainZxid = logged.zxid;
    if (logged.zxid > state.snapshotZxid) replayed(path, logged, state);
  }
}

/** A checksum vouches for the bytes, not for what wrote them. */
function replayed(path: string, logged: LoggedTransaction, state: State): void {
  try {
    replay(logged, state);
  } catch (error) {
    throw dataCorrupt(path, `transaction ${logged.zxid} does not follow from those before`, error);
  }
}

function replay(logged: LoggedTransaction, state: State): void {
  const { transaction } = logged;
  state.tree.apply(logged);
  state.replayed += 1;
  if (transaction.type === "createSession") {
    const { sessionId: id, timeoutMs, password } = transaction;
    state.sessions.set(id, { id, timeoutMs, password });
  } else if (transaction.type === "closeSession") {
    state.sessions.delete(transaction.sessionId);
  }
}
