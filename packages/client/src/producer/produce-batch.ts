import { assert, type LeaderEpoch } from "@zoolog/base";
import { type CompressionCodec, RecordBatch, RecordBatchBuilder } from "@zoolog/protocol";
import type { BatchPlace, Receiver, Stretch } from "./delivery.ts";
import { type ProducerMark, sequenceAfter } from "./partition-sequence.ts";
import { recordBytesBound, type SerializedRecord } from "./record.ts";

export type ProduceBatchOptions = {
  readonly compression: CompressionCodec;
  /** By the monotonic clock, ms: what is not acknowledged then has failed. */
  readonly deadline: number;
  /** By the monotonic clock, ms: when the batch goes out even if it has room left. */
  readonly lingerUntil: number;
  /** Memory to build the batch in, when it is known to become large. */
  readonly buffer?: Buffer | undefined;
};

/** The records of one receiver that follow each other. */
type Share = Stretch & { readonly receiver: Receiver; count: number };

/** Records of one partition that travel together. Open while it takes records, then closed. */
export class ProduceBatch {
  readonly options: ProduceBatchOptions;
  /** Failed attempts so far. */
  failures = 0;
  lastError: unknown;
  /** By the monotonic clock, ms: not tried before. */
  notBefore = 0;
  /** An attempt may have been written without our being told. */
  mayBeWritten = false;
  /** The leader epoch that the last attempt believed in. */
  sentTo: LeaderEpoch | undefined;
  /** Bytes that the accumulator counts for this batch. */
  chargedBytes = 0;
  #builder: RecordBatchBuilder | undefined;
  #bytes: Buffer | undefined;
  #mark: ProducerMark | undefined;
  #order: number | undefined;
  /** Room behind `order` for the halves of this batch. */
  #orderSpan = 1;
  #isStamped = true;
  #recordCount = 0;
  readonly #shares: Share[] = [];
  readonly #onSettled: (() => void)[] = [];
  #settled = false;

  constructor(options: ProduceBatchOptions) {
    this.options = options;
    const { buffer, compression } = options;
    this.#builder = new RecordBatchBuilder({
      compression,
      ...(buffer === undefined ? {} : { buffer }),
    });
  }

  get isOpen(): boolean {
    return this.#builder !== undefined;
  }

  get recordCount(): number {
    return this.#recordCount;
  }

  /** Before compression while it is open, as it travels after that. */
  get sizeInBytes(): number {
    return this.#builder?.sizeInBytes ?? this.#bytes?.length ?? 0;
  }

  /** True when the batch stays within `bytesMax` with this record. */
  hasRoomFor(record: SerializedRecord, bytesMax: number): boolean {
    const builder = this.#builder;
    assert(builder !== undefined, "only an open batch takes records");
    // Most records are told by their bound; measuring texts is for the last ones of a batch.
    if (builder.sizeInBytes + recordBytesBound(record) <= bytesMax) return true;
    return this.sizeWith(record) <= bytesMax;
  }

  /** Size of the batch if it took this record as well, before compression. */
  sizeWith(record: SerializedRecord): number {
    return this.sizeInBytes + (this.#builder?.sizeOf(record) ?? 0);
  }

  /** @throws ZoologError `INVALID_RECORD`; the batch is then as it was. */
  append(record: SerializedRecord, receiver: Receiver): void {
    const builder = this.#builder;
    assert(builder !== undefined, "only an open batch takes records");
    builder.append(record);
    const last = this.#shares[this.#shares.length - 1];
    if (last?.receiver === receiver) last.count += 1;
    else this.#shares.push({ receiver, firstIndex: this.#recordCount, count: 1 });
    this.#recordCount += 1;
  }

  /** What the records are numbered by, from the first attempt on. */
  get mark(): ProducerMark | undefined {
    return this.#mark;
  }

  /** Place among the numbered batches of the partition, whatever their epoch. */
  get order(): number | undefined {
    return this.#order;
  }

  /** Every record has been delivered or has failed; an attempt may still be under way. */
  get isSettled(): boolean {
    return this.#settled;
  }

  /** Whether a leader is of a later epoch than the one that the batch was sent to. */
  isBehind(leader: { readonly leaderEpoch: LeaderEpoch }): boolean {
    return this.sentTo !== undefined && leader.leaderEpoch > this.sentTo;
  }

  number(mark: ProducerMark, order: number): void {
    this.#mark = mark;
    this.#order = order;
    this.#isStamped = false;
  }

  /** It gets another number. Nothing was written under the old one. */
  unnumber(): void {
    assert(!this.mayBeWritten, "a batch that may be written keeps its number");
    this.#mark = undefined;
    this.#order = undefined;
  }

  /** What travels: the batch as `close` has made it, with its numbers. */
  stamped(): Buffer {
    const bytes = this.close();
    if (!this.#isStamped && this.#mark !== undefined) {
      RecordBatch.parse(bytes).stampProducer(this.#mark);
      this.#isStamped = true;
    }
    return bytes;
  }

  /** Takes no more records from now on: compresses and checksums. Idempotent. */
  close(): Buffer {
    if (this.#bytes === undefined) {
      const builder = this.#builder;
      assert(builder !== undefined, "an open batch has a builder");
      this.#bytes = builder.build();
      this.#builder = undefined;
    }
    return this.#bytes;
  }

  delivered(place: BatchPlace): void {
    this.#settle((share) => share.receiver.delivered(place, share));
  }

  failed(error: unknown): void {
    this.#settle((share) => share.receiver.failed(error, share));
  }

  /** Calls `listener` once every record of this batch has been delivered or has failed. */
  onSettled(listener: () => void): void {
    this.#onSettled.push(listener);
  }

  /** Two batches with the same records in the same order, for a batch that was too large. */
  split(): [ProduceBatch, ProduceBatch] {
    assert(this.#recordCount > 1, "a batch of one record cannot be split");
    const receivers = this.#shares.flatMap(({ receiver, count }) =>
      Array<Receiver>(count).fill(receiver),
    );
    const options = { ...this.options, buffer: undefined };
    const first = new ProduceBatch(options);
    const second = new ProduceBatch(options);
    const middle = Math.ceil(this.#recordCount / 2);
    for (const { key, value, headers, timestamp } of RecordBatch.parse(this.close()).records()) {
      const index = first.recordCount + second.recordCount;
      const half = index < middle ? first : second;
      half.append(
        { key: key ?? undefined, value: value ?? undefined, headers, timestamp },
        receivers[index] as Receiver,
      );
    }
    this.#settled = true;
    this.#followHalves([first, second]);
    this.#numberHalves(first, second);
    return [first, second];
  }

  /** They share the numbers of the whole, so those behind it keep theirs. */
  #numberHalves(first: ProduceBatch, second: ProduceBatch): void {
    const [mark, order] = [this.#mark, this.#order];
    if (mark === undefined || order === undefined) return;
    const baseSequence = sequenceAfter(mark.baseSequence, first.recordCount);
    first.#orderSpan = this.#orderSpan / 2;
    second.#orderSpan = this.#orderSpan / 2;
    first.mayBeWritten = this.mayBeWritten;
    second.mayBeWritten = this.mayBeWritten;
    first.number(mark, order);
    second.number({ ...mark, baseSequence }, order + this.#orderSpan / 2);
  }

  #followHalves(halves: readonly ProduceBatch[]): void {
    let open = halves.length;
    for (const half of halves) {
      half.onSettled(() => {
        open -= 1;
        if (open === 0) this.#announceSettled();
      });
    }
  }

  #settle(end: (share: Share) => void): void {
    assert(!this.#settled, "a batch settles once");
    this.#settled = true;
    for (const share of this.#shares) end(share);
    this.#announceSettled();
  }

  #announceSettled(): void {
    for (const listener of this.#onSettled.splice(0)) listener();
  }
}
