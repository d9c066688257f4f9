import type { Offset } from "@zoolog/base";
import type { LargeBuffers } from "@zoolog/protocol";
import type { AppendQueue } from "../append/append-queue.ts";
import { corruptLog, isMissing, isOutOfHandles } from "../errors.ts";
import type { LogState } from "../log-state.ts";
import type { Segment } from "../segment/segment.ts";
import {
  type ReadVerification,
  readSegment,
  type SegmentRead,
  type SegmentReadRequest,
} from "../segment/segment-read.ts";
import type { PieceAhead, ReadAhead } from "./read-ahead.ts";
import type { ReadLease } from "./read-lease.ts";
import { ReadPositions } from "./read-positions.ts";
import type { FetchedBatches, ReadRequest, ReadResult } from "./read-result.ts";

/** A read that meets a truncation or a deletion looks again; so many in one read are no accident. */
const ATTEMPTS_MAX = 16;

/** Reads of one log, beside its appends. Nothing that was not confirmed is handed out. */
export class LogReader {
  readonly #state: LogState;
  readonly #queue: AppendQueue;
  readonly #verify: ReadVerification;
  readonly #buffers: LargeBuffers;
  readonly #readAhead: ReadAhead | undefined;
  readonly #positions = new ReadPositions();

  constructor(
    options: { readonly verify: ReadVerification },
    dependencies: {
      readonly state: LogState;
      readonly queue: AppendQueue;
      /** For reads with a lease. */
      readonly buffers: LargeBuffers;
      readonly readAhead: ReadAhead | undefined;
    },
  ) {
    this.#verify = options.verify;
    this.#state = dependencies.state;
    this.#queue = dependencies.queue;
    this.#buffers = dependencies.buffers;
    this.#readAhead = dependencies.readAhead;
  }

  /** @throws ZoologError KAFKA_STORAGE_ERROR, LOG_CLOSED, TOO_MANY_OPEN_FILES */
  async read(request: ReadRequest): Promise<ReadResult> {
    const state = this.#state;
    const repaired: Segment[] = [];
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      state.assertServing();
      const { logStartOffset, logEndOffset, cuts } = state;
      const { from } = request;
      if (from < logStartOffset || from > logEndOffset) {
        return { error: "OFFSET_OUT_OF_RANGE", logStartOffset, logEndOffset };
      }
      const upTo = Math.min(request.upTo ?? logEndOffset, logEndOffset) as Offset;
      if (from >= upTo) return fetched([], from, from);
      // Field by field, here and below: spreading an object into another allocates where each
      // allocation may begin a garbage collection, and made cold reads a third slower.
      const { maxBytes, minOneBatch, lease } = request;
      const wanted = {
        from,
        upTo,
        maxBytes,
        minOneBatch,
        verify: this.#verify,
        position: undefined,
        buffers: lease && this.#buffers,
      };
      const cached = state.tail.read(wanted);
      if (cached !== undefined) {
        return fetched(cached.batches, cached.startOffset, cached.nextOffset);
      }
      const result = await this.#readDisk(wanted, lease, repaired);
      // Anything may be seen while segments are cut or removed; it is believed only when none was.
      if (result !== undefined && state.cuts === cuts) return result;
    }
    throw state.takeOffline(`${ATTEMPTS_MAX} reads in a row were disturbed`);
  }

  /** Answers `undefined` when it is worth to look again. */
  async #readDisk(
    request: SegmentReadRequest,
    lease: ReadLease | undefined,
    repaired: Segment[],
  ): Promise<FetchedBatches | undefined> {
    const { segments, cuts } = this.#state;
    const first = this.#state.segmentIndexOf(request.from);
    let from = request.from;
    for (const [i, segment] of segments.slice(first).entries()) {
      const hint = this.#positions.take(from, segment, cuts);
      const position = hint?.position;
      const { upTo, maxBytes, minOneBatch, verify, buffers } = request;
      const piece = { from, upTo, maxBytes, minOneBatch, verify, position, buffers };
      const ahead = await hint?.ahead?.take(piece);
      // What is wrong with a piece that was read ahead is found by its reader, who reads it again.
      const isAnswer = ahead?.kind === "batches";
      const read = isAnswer ? ahead : await this.#readSegment(segment, piece, cuts);
      if (read === undefined) return undefined;
      if (read.kind === "batches") {
        this.#expect(segment, read, lease === undefined ? undefined : piece, cuts);
        lease?.hold(read.bytes, this.#buffers);
        return fetched([read.bytes], read.startOffset, read.nextOffset);
      }
      if (read.kind === "anomaly" && position !== undefined) return undefined;
      if (read.kind === "nothing allowed") return fetched([], request.from, request.from);
      const next = segments[first + i + 1];
      if (read.kind === "past the end" && next?.baseOffset === read.nextOffset) {
        from = next.baseOffset;
        continue;
      }
      await this.#examine(segment, anomalyOf(read, segment), { request, cuts, repaired });
      return undefined;
    }
    return undefined;
  }

  /**
   * Where the reader will go on is kept in mind.
   *
   * @param leased its request, if it gives its memory back: then the next one is read ahead when it
   *   went on itself where it was expected. What waits and is left to the collector outlives a
   *   collection of young objects, and has it walk the whole heap. No piece is larger than its
   *   `maxBytes`, which is what is reserved for it: where batches are, there is none.
   */
  #expect(
    segment: Segment,
    { bytes, nextOffset, nextPosition: position }: Extract<SegmentRead, { kind: "batches" }>,
    leased: SegmentReadRequest | undefined,
    cuts: number,
  ): void {
    let ahead: PieceAhead<SegmentRead | undefined> | undefined;
    const isSequential = leased?.position !== undefined && bytes.length <= leased.maxBytes;
    if (isSequential && nextOffset < leased.upTo && position < segment.sizeInBytes) {
      const { upTo, maxBytes, verify, buffers } = leased;
      const from = nextOffset;
      const next = { from, upTo, maxBytes, minOneBatch: false, verify, position, buffers };
      const read = () => this.#tryRead(segment, next, cuts);
      ahead = this.#readAhead?.begin(next, { read, discard: this.#discard });
    }
    this.#positions.note(nextOffset, segment, { position, ahead }, cuts);
  }

  readonly #discard = (read: SegmentRead | undefined): void => {
    if (read?.kind === "batches") this.#buffers.giveBack(read.bytes);
  };

  async #tryRead(
    segment: Segment,
    request: SegmentReadRequest,
    cuts: number,
  ): Promise<SegmentRead | undefined> {
    const state = this.#state;
    if (state.isClosed || state.failure !== undefined || state.cuts !== cuts) return undefined;
    return await readSegment(segment, request).catch(() => undefined);
  }

  async #readSegment(
    segment: Segment,
    request: SegmentReadRequest,
    cuts: number,
  ): Promise<SegmentRead | undefined> {
    try {
      return await readSegment(segment, request);
    } catch (error) {
      if (isOutOfHandles(error)) throw error;
      // A segment that was removed under the read is no broken disk (KAFKA-15391).
      if (isMissing(error) && this.#state.cuts !== cuts) return undefined;
      throw this.#state.isClosed ? error : this.#state.takeOffline(error);
    }
  }

  /**
   * Either the index lied, or batches are damaged. Building the index anew verifies every batch of
   * the segment and so tells which; damage takes the partition offline.
   */
  async #examine(
    segment: Segment,
    anomaly: { readonly position: number; readonly what: string },
    context: {
      readonly request: SegmentReadRequest;
      readonly cuts: number;
      readonly repaired: Segment[];
    },
  ): Promise<void> {
    const state = this.#state;
    if (state.cuts !== context.cuts) return;
    if (context.repaired.includes(segment)) {
      const { path } = segment;
      throw state.takeOffline(corruptLog({ path, offset: context.request.from, ...anomaly }));
    }
    context.repaired.push(segment);
    await this.repairIndexes(segment);
  }

  /** Builds the indexes of a segment anew. Damaged batches take the partition offline. */
  async repairIndexes(segment: Segment): Promise<void> {
    const state = this.#state;
    await this.#queue.exclusive(async () => {
      if (!state.segments.includes(segment) || state.failure !== undefined) return;
      try {
        await segment.rebuildIndexes();
      } catch (error) {
        throw isOutOfHandles(error) ? error : state.takeOffline(error);
      }
    });
  }
}

function anomalyOf(
  read: Extract<SegmentRead, { kind: "anomaly" | "past the end" }>,
  segment: Segment,
): { readonly position: number; readonly what: string } {
  if (read.kind === "anomaly") return read;
  const what = `the segment ends before offset ${read.nextOffset}, the log goes on elsewhere`;
  return { position: segment.sizeInBytes, what };
}

function fetched(
  batches: readonly Buffer[],
  startOffset: Offset,
  nextOffset: Offset,
): FetchedBatches {
  const sizeInBytes = batches.reduce((sum, bytes) => sum + bytes.length, 0);
  return { batches, sizeInBytes, startOffset, nextOffset };
}
