import { leaderEpoch, offset } from "@zoolog/base";
import { type DecodedRecord, RecordBatch } from "@zoolog/protocol";
import { ScriptedSequences } from "./scripted-sequences.ts";

/** A partition's log in memory, as its leader serves it. */
export class ScriptedPartition {
  leader: number | undefined;
  leaderEpoch = 0;
  logStartOffset = 0;
  readonly sequences = new ScriptedSequences();
  #batches: RecordBatch[] = [];
  #logEndOffset = 0;

  constructor(leader: number) {
    this.leader = leader;
  }

  get logEndOffset(): number {
    return this.#logEndOffset;
  }

  /** Appends a copy, as a leader does; answers its base offset, or the name of the error. */
  append(bytes: Uint8Array, batchBytesMax: number): { baseOffset: number } | { error: string } {
    if (bytes.length > batchBytesMax) return { error: "MESSAGE_TOO_LARGE" };
    const batch = RecordBatch.parse(Buffer.from(bytes));
    if (!batch.hasValidChecksum()) return { error: "CORRUPT_MESSAGE" };
    const judged = this.sequences.check(batch);
    if (judged !== undefined) return judged;
    const baseOffset = this.#logEndOffset;
    batch.assign({ baseOffset: offset(baseOffset), leaderEpoch: leaderEpoch(this.leaderEpoch) });
    this.sequences.appended(batch);
    this.#batches.push(batch);
    this.#logEndOffset = batch.nextOffset;
    return { baseOffset };
  }

  /** Whole batches from the one that holds `from`, the first whatever its size. */
  read(from: number, bytesMax: number): Buffer {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for (const batch of this.#batches) {
      if (batch.lastOffset < from) continue;
      if (bytes > 0 && bytes + batch.sizeInBytes > bytesMax) break;
      chunks.push(batch.bytes);
      bytes += batch.sizeInBytes;
    }
    return Buffer.concat(chunks);
  }

  /** An unclean election: the next leader has nothing from there on, and writes under its epoch. */
  loseFrom(lost: number): void {
    this.#batches = this.#batches.filter(({ lastOffset }) => lastOffset < lost);
    this.#logEndOffset = this.#batches.at(-1)?.nextOffset ?? 0;
    this.leaderEpoch += 1;
  }

  /** Where this history leaves that of a consumer who has read so far. */
  divergence(fetchOffset: number, lastFetchedEpoch: number) {
    const epochOf = (batch: RecordBatch): number => batch.partitionLeaderEpoch ?? 0;
    const later = this.#batches.find((batch) => epochOf(batch) > lastFetchedEpoch);
    const end = later?.baseOffset ?? this.#logEndOffset;
    const known = this.#batches.map(epochOf).filter((epoch) => epoch <= lastFetchedEpoch);
    const epoch = Math.max(0, ...known);
    if (epoch === lastFetchedEpoch && end >= fetchOffset) return undefined;
    return { leaderEpoch: leaderEpoch(epoch), endOffset: offset(end) };
  }

  firstAtOrAfter(timestamp: number): DecodedRecord | undefined {
    return this.records().find((record) => record.timestamp >= timestamp);
  }

  records(): DecodedRecord[] {
    return this.#batches
      .flatMap((batch) => [...batch.records()])
      .filter((record) => record.offset >= this.logStartOffset);
  }

  /** Producer epoch and sequence of each batch that has them. */
  batchMarks(): [epoch: number, baseSequence: number][] {
    return this.#batches.flatMap(({ producerEpoch, baseSequence }) =>
      producerEpoch === undefined || baseSequence === undefined
        ? []
        : [[producerEpoch, baseSequence] as [number, number]],
    );
  }

  batchSizes(): number[] {
    return this.#batches.map((batch) => batch.sizeInBytes);
  }

  /** Flips one byte of a stored batch, behind its header. */
  corrupt(batchIndex: number): void {
    const bytes = this.#batches[batchIndex]!.bytes;
    bytes[bytes.length - 1]! ^= 0xff;
  }
}
