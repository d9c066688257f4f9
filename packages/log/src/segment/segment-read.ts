/**
 * Reads batches of one segment from the disk, by way of its index. The index is believed only as
 * far as the batch it leads to confirms it: a lie or damage comes back as an `anomaly`, which the
 * log looks into (index rebuilt, or partition offline). Nothing unconfirmed is handed out.
 */
import type { FileHandle, Offset } from "@zoolog/base";
import {
  BatchCursor,
  describeBatchFault,
  type LargeBuffers,
  RECORD_BATCH_OVERHEAD,
} from "@zoolog/protocol";
import type { IndexEntry } from "../indexes/offset-index.ts";
import { BATCH_BYTES_LIMIT } from "./batch-scan.ts";
import type { Segment } from "./segment.ts";

/** What reads of cold data check: everything that costs nothing, or the checksums, too. */
export type ReadVerification = "structure" | "checksum";

export type SegmentReadRequest = {
  readonly from: Offset;
  /** Exclusive; batches that end above it are left out. */
  readonly upTo: Offset;
  readonly maxBytes: number;
  readonly minOneBatch: boolean;
  readonly verify: ReadVerification;
  /** Where the batch that begins at `from` is, from an earlier read; the index tells otherwise. */
  readonly position?: number | undefined;
  /** What the bytes are read into memory of; without it, memory of their own. */
  readonly buffers?: LargeBuffers | undefined;
};

export type SegmentRead =
  | {
      readonly kind: "batches";
      readonly bytes: Buffer;
      readonly startOffset: Offset;
      readonly nextOffset: Offset;
      /** Where the batch that begins at `nextOffset` is, or will be. */
      readonly nextPosition: number;
    }
  /** `from` lies above the last batch, which ends before `nextOffset`. */
  | { readonly kind: "past the end"; readonly nextOffset: Offset }
  /** The first batch is larger than allowed, or not to be shown yet. */
  | { readonly kind: "nothing allowed" }
  | { readonly kind: "anomaly"; readonly position: number; readonly what: string };

const NO_BYTES = Buffer.alloc(0);

/** Read at least this much at a time, so that small limits do not make many small reads. */
const READ_BYTES_MIN = 16 * 1024;

export async function readSegment(
  segment: Segment,
  request: SegmentReadRequest,
): Promise<SegmentRead> {
  const sizeInBytes = segment.sizeInBytes;
  const { offsets } = await segment.indexes();
  const isKnown = request.position !== undefined && request.position < sizeInBytes;
  const entry = isKnown ? undefined : offsets.lookup(request.from);
  const start = isKnown ? request.position : (entry?.position ?? 0);
  const limit = start + Math.max(request.maxBytes, READ_BYTES_MIN);
  const boundary = limit < sizeInBytes ? offsets.positionUpTo(limit) : undefined;
  const end = boundary !== undefined && boundary > start ? boundary : limit;
  const expected = isKnown ? "exactly" : (entry ?? "from the start");
  const plan = { sizeInBytes, start, expected, bytesWanted: end - start } as const;
  return await segment.read((file) => new SegmentWalk(file, plan, request).run());
}

type ReadPlan = {
  readonly sizeInBytes: number;
  readonly start: number;
  /** What must stand at the start: the wanted batch, that of an index entry, or the first one. */
  readonly expected: "exactly" | "from the start" | IndexEntry;
  /** To read at first. */
  readonly bytesWanted: number;
};

class SegmentWalk {
  readonly #file: FileHandle;
  readonly #sizeInBytes: number;
  readonly #expected: ReadPlan["expected"];
  readonly #bytesWanted: number;
  readonly #request: SegmentReadRequest;
  readonly #cursor = new BatchCursor({ batchBytesMax: BATCH_BYTES_LIMIT });
  /** File position of the first byte of `#bytes`. */
  #start: number;
  #bytes: Buffer = NO_BYTES;
  /** Within `#bytes`: where the next batch begins, and where the wanted ones did. */
  #at = 0;
  #wantedFrom: number | undefined;
  #startOffset: Offset;
  #nextOffset: Offset | undefined;

  constructor(file: FileHandle, plan: ReadPlan, request: SegmentReadRequest) {
    this.#file = file;
    this.#sizeInBytes = plan.sizeInBytes;
    this.#expected = plan.expected;
    this.#bytesWanted = plan.bytesWanted;
    this.#request = request;
    this.#start = plan.start;
    this.#startOffset = request.from;
  }

  async run(): Promise<SegmentRead> {
    let bytesWanted = this.#bytesWanted;
    while (this.#start + this.#at < this.#sizeInBytes) {
      const short = await this.#load(bytesWanted);
      if (short !== undefined) return short;
      const step = this.#walk();
      if (typeof step !== "number") return step;
      bytesWanted = Math.max(step, READ_BYTES_MIN);
    }
    return this.#found() ?? { kind: "past the end", nextOffset: this.#endOffset() };
  }

  /** Reads on from the batch that comes next, dropping what was walked over. */
  async #load(bytesWanted: number): Promise<SegmentRead | undefined> {
    this.#start += this.#at;
    this.#at = 0;
    const length = Math.min(bytesWanted, this.#sizeInBytes - this.#start);
    const { buffers } = this.#request;
    // What was walked over was not wanted, and the next batch comes once more.
    buffers?.giveBack(this.#bytes);
    const memory = buffers?.take(length) ?? Buffer.allocUnsafeSlow(length);
    this.#bytes = memory.subarray(0, length);
    for (let filled = 0; filled < length; ) {
      const read = await this.#file.read(this.#bytes.subarray(filled), this.#start + filled);
      if (read === 0) return this.#anomaly("the file is shorter than it was");
      filled += read;
    }
    return undefined;
  }

  /** Walks what is loaded. Answers the outcome, or how many bytes are needed to go on. */
  #walk(): SegmentRead | number {
    const cursor = this.#cursor;
    while (this.#at < this.#bytes.length) {
      const sighting = cursor.look(this.#bytes, this.#at);
      if (cursor.fault !== undefined) {
        return this.#found() ?? this.#anomaly(describeBatchFault(cursor.fault));
      }
      if (sighting === "partial") return this.#found() ?? this.#beyondLoaded();
      const wrong = this.#contradiction();
      if (wrong !== undefined) return this.#found() ?? this.#anomaly(wrong);
      if (cursor.lastOffset >= this.#request.from && !this.#take()) {
        return this.#found() ?? { kind: "nothing allowed" };
      }
      this.#nextOffset = (cursor.lastOffset + 1) as Offset;
      this.#at += cursor.sizeInBytes;
    }
    return this.#found() ?? RECORD_BATCH_OVERHEAD;
  }

  /** No batch was found yet, and the next one is not wholly loaded. */
  #beyondLoaded(): SegmentRead | number {
    const { bytesNeeded } = this.#cursor;
    const { maxBytes, minOneBatch } = this.#request;
    if (this.#start + this.#at + bytesNeeded > this.#sizeInBytes) {
      return this.#anomaly("the last batch is incomplete");
    }
    const isAllowed = minOneBatch || bytesNeeded <= Math.max(maxBytes, READ_BYTES_MIN);
    return isAllowed ? bytesNeeded : { kind: "nothing allowed" };
  }

  /** Adds the batch in sight to what was found, if the limits allow it. */
  #take(): boolean {
    const { upTo, maxBytes, minOneBatch } = this.#request;
    const { baseOffset, lastOffset, sizeInBytes } = this.#cursor;
    const isFirst = this.#wantedFrom === undefined;
    const bytes = this.#at - (this.#wantedFrom ?? this.#at) + sizeInBytes;
    const fits = bytes <= maxBytes || (isFirst && minOneBatch);
    if (!fits || lastOffset >= upTo) return false;
    if (isFirst) {
      this.#wantedFrom = this.#at;
      this.#startOffset = baseOffset;
    }
    return true;
  }

  /** What speaks against the batch in sight being the one that belongs here. */
  #contradiction(): string | undefined {
    const cursor = this.#cursor;
    const { baseOffset, lastOffset } = cursor;
    const { from } = this.#request;
    const expected = this.#expected;
    if (this.#nextOffset !== undefined) {
      if (baseOffset !== this.#nextOffset) return `offset ${baseOffset} follows a gap`;
    } else if (expected === "exactly") {
      if (baseOffset !== from) return `offset ${baseOffset} stands where ${from} was`;
    } else if (expected === "from the start") {
      if (baseOffset > from) return `the segment begins at offset ${baseOffset}`;
    } else if (lastOffset !== expected.lastOffset) {
      return `the index promised the batch that ends at ${expected.lastOffset}`;
    }
    const isWanted = lastOffset >= this.#request.from;
    const mustSum = isWanted && this.#request.verify === "checksum";
    return mustSum && !cursor.checksumMatches() ? "the checksum does not match" : undefined;
  }

  #found(): SegmentRead | undefined {
    if (this.#wantedFrom === undefined || this.#nextOffset === undefined) return undefined;
    return {
      kind: "batches",
      bytes: this.#bytes.subarray(this.#wantedFrom, this.#at),
      startOffset: this.#startOffset,
      nextOffset: this.#nextOffset,
      nextPosition: this.#start + this.#at,
    };
  }

  #endOffset(): Offset {
    return this.#nextOffset ?? this.#request.from;
  }

  #anomaly(what: string): SegmentRead {
    return { kind: "anomaly", position: this.#start + this.#at, what };
  }
}
