/**
 * Opens a partition folder: finds the segments, the log's end, and what is wrong.
 *
 * Below the recovery point everything was synced, so damage there is corruption: it is reported and
 * nothing is touched. From the recovery point on, batches may be torn by a crash: the scan verifies
 * each one and cuts the log at the first that is not sound. After a clean shutdown there is no such
 * part, and only the end of the last segment is looked at, to learn where the log ends. When just
 * the process died, the page cache lived on: then nothing but the last append can be torn.
 *
 *     segments       [0 ......)[40 ......)[90 ......)[130 ...)
 *     recovery point                         95
 *     not opened     ------------------------
 *     scanned                              (from the last index entry below 95)---------
 */

import type { Logger, Offset, Timestamp, TopicPartition } from "@zoolog/base";
import type { Shutdown } from "../checkpoint/clean-shutdown.ts";
import { LeaderEpochs } from "../checkpoint/leader-epochs.ts";
import { corruptLog } from "../errors.ts";
import type { LogConfig } from "../log-config.ts";
import type { CheckpointedOffsets, LogDirectory } from "../log-directory.ts";
import type { LoadedLog } from "../log-state.ts";
import { replayProducers } from "../producers/producer-replay.ts";
import { ProducerSnapshots } from "../producers/producer-snapshots.ts";
import { ProducerStates } from "../producers/producer-states.ts";
import { INCOMPLETE_BATCH } from "../segment/batch-scan.ts";
import { Segment } from "../segment/segment.ts";
import { DELETED_LOG_SUFFIX, LOG_SUFFIX, segmentName } from "../volume/file-names.ts";
import { type EpochSources, loadEpochs } from "./epoch-loading.ts";
import { LogClaims } from "./log-claims.ts";
import { assertSegmentsMeet } from "./segment-ends.ts";
import { type FoundSegment, findSegmentFiles } from "./segment-files.ts";
import { type SegmentScan, scanSegment } from "./segment-recovery.ts";

export type LoadOptions = {
  readonly folder: string;
  readonly topicPartition: TopicPartition;
  readonly config: LogConfig;
  readonly now: Timestamp;
  /** A lost recovery point means that all is scanned, and only a last batch is cut. */
  readonly checkpointed: CheckpointedOffsets;
  readonly shutdown: Shutdown;
};

/** What scanning found to be the end of the log, and which files are beyond it. */
type Scans = {
  readonly scans: readonly SegmentScan[];
  readonly beyond: readonly FoundSegment[];
  /** What is to be cut, for the log. */
  readonly torn?: Readonly<Record<string, unknown>>;
};

/** @throws ZoologError CORRUPT_MESSAGE, RECORDS_MISSING; nothing was changed then. */
export async function loadLog(
  options: LoadOptions,
  dependencies: { readonly directory: LogDirectory; readonly logger: Logger },
): Promise<LoadedLog> {
  return await new LogLoader(options, dependencies).load();
}

class LogLoader {
  readonly #options: LoadOptions;
  readonly #directory: LogDirectory;
  readonly #logger: Logger;
  readonly #claims: LogClaims;
  readonly #recoveryPoint: Offset | undefined;

  constructor(
    options: LoadOptions,
    dependencies: { readonly directory: LogDirectory; readonly logger: Logger },
  ) {
    this.#options = options;
    this.#directory = dependencies.directory;
    this.#logger = dependencies.logger;
    this.#claims = new LogClaims(options);
    this.#recoveryPoint = options.checkpointed.recoveryPoint;
  }

  async load(): Promise<LoadedLog> {
    const { shutdown, checkpointed } = this.#options;
    const {
      segments: found,
      leftovers,
      givenUp,
    } = await findSegmentFiles(this.#options.folder, this.#directory.volume.fileSystem);
    const first = found[0];
    if (first === undefined) {
      this.#claims.checkNoSegments();
      await this.#removeLeftovers(leftovers);
      return await this.#createLog();
    }
    const startClaim = this.#claims.checkStart(first.baseOffset, givenUp);
    const untouched = this.#belowScan(found);
    await assertSegmentsMeet(
      { folder: this.#options.folder, untouched, next: found[untouched.length] },
      this.#directory,
    );
    const { scans, beyond, torn } = await this.#scan(found.slice(untouched.length));
    const logEndOffset = scans.at(-1)?.nextOffset ?? first.baseOffset;
    this.#claims.checkEnd(logEndOffset);
    // All that can be told was told: only now is anything changed.
    if (torn !== undefined) this.#logger.warn("torn tail was cut", torn);
    if (startClaim === "to be raised") await this.#raiseStart(first.baseOffset, givenUp);
    await this.#removeLeftovers(leftovers);
    const segments = [
      ...untouched.map((file) => this.#closedSegment(file)),
      ...(await this.#recovered(scans)),
    ];
    await this.#removeBeyond(beyond);
    const logStart = Math.max(checkpointed.logStartOffset ?? 0, first.baseOffset);
    const logStartOffset = logStart as Offset;
    const epochs = await this.#epochs({ untouched, scans, logStartOffset, logEndOffset });
    if (logStartOffset > logEndOffset) {
      // All records were deleted by request, and the end of them was lost with unsynced data.
      this.#directory.recoveryPoints.delete(this.#options.topicPartition);
      await this.#directory.recoveryPoints.save();
      for (const segment of segments.reverse()) await segment.delete();
      return await this.#createLog();
    }
    const isClean = shutdown === "inOrder";
    const trusted = isClean ? logEndOffset : (this.#recoveryPoint ?? first.baseOffset);
    const remembered = await this.#producers(segments, logEndOffset);
    const place = { segments, logStartOffset, logEndOffset, recoveryPoint: trusted };
    return { ...place, epochs, ...remembered };
  }

  async #producers(
    segments: readonly Segment[],
    logEndOffset: Offset,
  ): Promise<Pick<LoadedLog, "producers" | "snapshots">> {
    const { folder, now } = this.#options;
    const { volume, producerIdExpirationMs } = this.#directory;
    const logger = this.#logger;
    const snapshots = new ProducerSnapshots({ folder }, { volume, logger });
    const producers = new ProducerStates({}, { logger });
    await snapshots.find();
    await snapshots.removeAbove(logEndOffset);
    await replayProducers({ segments, logEndOffset, now }, { producers, snapshots, logger });
    producers.expire(now, producerIdExpirationMs);
    await snapshots.removeUnused(segments);
    return { producers, snapshots };
  }

  /** Goes on where retention was interrupted: the evidence goes after the claim. */
  async #raiseStart(start: Offset, givenUp: readonly Offset[]): Promise<void> {
    const { volume, logStartOffsets } = this.#directory;
    const { folder, topicPartition, checkpointed } = this.#options;
    const fields = { folder, from: checkpointed.logStartOffset, to: start };
    this.#logger.warn("log start checkpoint is behind what retention removed", fields);
    if (givenUp.length > 0) await volume.syncDirectory(folder);
    for (const baseOffset of givenUp) {
      const path = `${folder}/${segmentName(baseOffset)}${DELETED_LOG_SUFFIX}`;
      await volume.files.use(path, "write", (file) => file.truncate(0));
      await volume.files.evict(path);
    }
    logStartOffsets.set(topicPartition, start);
    await logStartOffsets.save();
  }

  async #removeLeftovers(paths: readonly string[]): Promise<void> {
    for (const path of paths) await this.#directory.volume.fileSystem.remove(path);
  }

  /** The segments that need no look: all of them was synced, and another one follows. */
  #belowScan(found: readonly FoundSegment[]): FoundSegment[] {
    const recoveryPoint = this.#recoveryPoint;
    if (this.#options.shutdown === "inOrder") return found.slice(0, -1);
    if (recoveryPoint === undefined) return [];
    const holder = found.findLastIndex(({ baseOffset }) => baseOffset <= recoveryPoint);
    return found.slice(0, Math.max(0, holder));
  }

  async #scan(files: readonly FoundSegment[]): Promise<Scans> {
    const scans: SegmentScan[] = [];
    for (const [i, file] of files.entries()) {
      const nextOffset = scans.at(-1)?.nextOffset ?? file.baseOffset;
      if (nextOffset !== file.baseOffset) {
        const what = `the log goes on at offset ${file.baseOffset}`;
        const torn = this.#cut({ file, position: 0, nextOffset, what, isTornEnd: false });
        return { scans, beyond: files.slice(i), torn };
      }
      const scan = await this.#scanFile(file);
      const misfit = epochMisfit(scans, scan);
      if (misfit !== undefined) {
        const torn = this.#cut({ file, position: 0, nextOffset, what: misfit, isTornEnd: false });
        return { scans, beyond: files.slice(i), torn };
      }
      scans.push(scan);
      if (scan.fault !== undefined) {
        const isTornEnd = i === files.length - 1 && scan.fault === INCOMPLETE_BATCH;
        const { nextOffset, sizeInBytes: position, fault: what } = scan;
        const torn = this.#cut({ file, position, nextOffset, what, isTornEnd });
        return { scans, beyond: files.slice(i + 1), torn };
      }
    }
    return { scans, beyond: [] };
  }

  #scanFile(file: FoundSegment): Promise<SegmentScan> {
    const { folder, config, shutdown } = this.#options;
    const recoveryPoint = this.#recoveryPoint;
    const all = Number.MAX_SAFE_INTEGER as Offset;
    const indexTrustedTo = shutdown === "inOrder" ? all : (recoveryPoint ?? file.baseOffset);
    const { indexIntervalBytes } = config;
    return scanSegment({ ...file, folder, indexTrustedTo, indexIntervalBytes }, this.#directory);
  }

  /**
   * What is to be cut, in words.
   *
   * @throws ZoologError unless what begins here can be a torn tail: RECORDS_MISSING when the next
   *   file begins too late, else CORRUPT_MESSAGE.
   */
  #cut(end: {
    readonly file: FoundSegment;
    readonly position: number;
    readonly nextOffset: Offset;
    readonly what: string;
    readonly isTornEnd: boolean;
  }): Readonly<Record<string, unknown>> {
    const { shutdown, folder } = this.#options;
    const recoveryPoint = this.#recoveryPoint;
    const { file, nextOffset, what } = end;
    const needsTornEnd = recoveryPoint === undefined || shutdown === "processDied";
    const isUnsynced = end.nextOffset >= (recoveryPoint ?? 0) && (end.isTornEnd || !needsTornEnd);
    const path = `${folder}/${segmentName(file.baseOffset)}${LOG_SUFFIX}`;
    if (shutdown === "inOrder" || !isUnsynced) {
      if (end.position === 0) this.#claims.checkGap(nextOffset, file.baseOffset);
      throw corruptLog({ path, position: end.position, offset: nextOffset, what });
    }
    const bytes = file.sizeInBytes - end.position;
    return { path, offset: nextOffset, bytes, what };
  }

  /** Segments of what was scanned, their files and indexes brought in order. */
  async #recovered(scans: readonly SegmentScan[]): Promise<Segment[]> {
    const { folder, now, shutdown, config } = this.#options;
    const { indexIntervalBytes } = config;
    const segments: Segment[] = [];
    for (const [i, { indexes, sizeInBytes, fault, startPosition }] of scans.entries()) {
      const { baseOffset } = indexes.offsets;
      const syncedBytes = shutdown === "inOrder" ? sizeInBytes : undefined;
      const first = indexes.times.count > 0 ? indexes.times.entry(0).timestamp : now;
      const createdAt = Math.min(first, now) as Timestamp;
      const place = { folder, baseOffset, sizeInBytes, syncedBytes, createdAt };
      const segment = new Segment(
        { ...place, indexIntervalBytes, indexes },
        { directory: this.#directory },
      );
      if (fault !== undefined) await segment.cutToSize();
      if (this.#directory.mustRewrite) await segment.rewriteFrom(startPosition);
      if (i < scans.length - 1) {
        segment.seal();
        await segment.saveIndexes();
        segment.releaseIndexes();
      }
      segments.push(segment);
    }
    return segments;
  }

  /** Segments beyond the cut hold what was never acknowledged as durable: newest first, they go. */
  async #removeBeyond(beyond: readonly FoundSegment[]): Promise<void> {
    if (beyond.length === 0) return;
    for (const file of [...beyond].reverse()) await this.#closedSegment(file).delete();
    await this.#directory.volume.syncDirectory(this.#options.folder);
  }

  #epochs(found: Omit<EpochSources, "folder" | "closedSegment">): Promise<LeaderEpochs> {
    const { folder } = this.#options;
    return loadEpochs(
      { ...found, folder, closedSegment: (file) => this.#closedSegment(file) },
      { volume: this.#directory.volume, logger: this.#logger },
    );
  }

  async #createLog(): Promise<LoadedLog> {
    const { folder, now, checkpointed } = this.#options;
    const directory = this.#directory;
    const logStartOffset = checkpointed.logStartOffset ?? (0 as Offset);
    const { indexIntervalBytes } = this.#options.config;
    const place = { folder, baseOffset: logStartOffset, createdAt: now, indexIntervalBytes };
    const segment = await Segment.create(place, { directory });
    const epochs = new LeaderEpochs({ folder }, { volume: directory.volume });
    await epochs.reset([]);
    const logger = this.#logger;
    const snapshots = new ProducerSnapshots({ folder }, { volume: directory.volume, logger });
    await snapshots.find();
    await snapshots.removeAll();
    await directory.volume.syncDirectory(folder);
    return {
      producers: new ProducerStates({}, { logger }),
      snapshots,
      segments: [segment],
      logStartOffset,
      logEndOffset: logStartOffset,
      recoveryPoint: logStartOffset,
      epochs,
    };
  }

  #closedSegment({ baseOffset, sizeInBytes }: FoundSegment): Segment {
    const { folder, now: createdAt, config } = this.#options;
    const { indexIntervalBytes } = config;
    const place = { folder, baseOffset, sizeInBytes, syncedBytes: sizeInBytes, createdAt };
    return new Segment(
      { ...place, indexIntervalBytes, indexes: undefined },
      { directory: this.#directory },
    );
  }
}

/** Epochs never fall from one segment to the next. */
function epochMisfit(before: readonly SegmentScan[], scan: SegmentScan): string | undefined {
  const latest = before.findLast(({ epochs }) => epochs.length > 0)?.epochs.at(-1)?.epoch;
  const epoch = scan.epochs[0]?.epoch;
  const falls = latest !== undefined && epoch !== undefined && epoch < latest;
  return falls ? `leader epoch ${epoch} follows ${latest}` : undefined;
}
