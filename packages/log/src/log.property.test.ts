/**
 * Random lives of a log against a plain array: appends of idempotent producers and others, reads, rolls, truncations, retention,
 * flushes, crashes of the process and of the power, clean restarts. See `Life` for what must hold.
 */
import { assert, type LeaderEpoch, leaderEpoch, type Offset } from "@zoolog/base";
import { encodeRecordBatch, RecordBatch, splitBatches } from "@zoolog/protocol";
import { batchOf, LogFixture, readAll } from "@zoolog/testkit";
import fc from "fast-check";
import type { AppendInfo } from "./append/append-info.ts";
import { expectLeaderEpochs } from "./leader-epochs.fixture.ts";
import type { Log } from "./log.ts";
import {
  type Command,
  type Cut,
  command,
  FORMER_FINDINGS,
  type Producer,
} from "./log-commands.fixture.ts";
import type { FlushPolicy } from "./log-config.ts";
import { ReadLease } from "./read/read-lease.ts";

type Mark = { producerId: number; producerEpoch: number; baseSequence: number };
type ModelBatch = { base: number; values: string[]; epoch: number; mark: Mark | undefined };

/**
 * The model and the log side by side. What must hold:
 *
 * - records that were acknowledged are read back, at their offsets, with their epochs, until they
 *   are truncated or deleted;
 * - after a process crash nothing acknowledged is missing; after a power cut neither with flush
 *   `fsync`, and with `os` the log is a beginning of what it was, no shorter than what was flushed;
 * - what was in flight at a crash is there as a beginning of itself, or not at all;
 * - a crash in the middle of a truncation, a deletion or a roll leaves a log that opens, and that
 *   lost nothing but what was to go;
 * - whatever happened, the log remembers of each producer the last five batches of its last epoch,
 *   as they are in the log or were before they were deleted; it repeats none of them.
 */
class Life {
  readonly #fixture: LogFixture;
  readonly #flush: FlushPolicy;
  #log: Log | undefined;
  #batches: ModelBatch[] = [];
  #start = 0;
  #end = 0;
  /** Everything below survives a power cut. */
  #durable = 0;
  #epoch = 0;
  #counter = 0;
  /** Where the reader is that reads one piece after the other. */
  #readerAt = 0;

  constructor(options: { flush: FlushPolicy; seed: number }) {
    this.#flush = options.flush;
    this.#fixture = new LogFixture({
      seed: options.seed,
      config: {
        flush: options.flush,
        segmentBytes: 1_500,
        indexIntervalBytes: 200,
        retentionMs: undefined,
      },
      limits: { tailCacheBytesMax: 1_000, openFilesMax: 4, indexCacheBytesMax: 2_000 },
    });
  }

  get #subject(): Log {
    assert(this.#log !== undefined, "the log is open");
    return this.#log;
  }

  async begin(): Promise<void> {
    this.#log = await this.#fixture.open();
  }

  async run(step: Command): Promise<void> {
    const log = this.#subject;
    switch (step.kind) {
      case "append":
        for (const size of step.sizes) await this.#append([size], step.padding, step.producer);
        break;
      case "appendTogether":
        await this.#append(step.sizes, 0, step.producer);
        break;
      case "repeat":
        await this.#repeat(step.back);
        break;
      case "skip":
        await this.#skip(step.producer);
        break;
      case "nextProducerEpoch":
        await this.#nextProducerEpoch(step.producer);
        break;
      case "read":
        await this.#read({ ...step, from: this.#pick(step.at) });
        break;
      case "readOn":
        for (let piece = 0; piece < step.pieces; piece++) await this.#readOn();
        break;
      case "newEpoch":
        this.#epoch += 1;
        await log.assignLeaderEpoch(this.#leaderEpoch);
        expect(log.leaderEpochs.endOffsetFor(this.#leaderEpoch)).toEqual({
          epoch: this.#epoch,
          endOffset: this.#end,
        });
        break;
      case "roll":
        await log.roll();
        break;
      case "flush":
        await log.flush();
        this.#durable = this.#end;
        break;
      case "checkpoint":
        log.updateHighWatermark(log.logEndOffset);
        await this.#fixture.saveCheckpoints(log);
        break;
      case "truncate":
        await this.#truncate(this.#pick(step.at));
        break;
      case "startOver":
        await this.#startOver(Math.max(0, this.#end + step.by));
        break;
      case "deleteBefore":
        await this.#deleteBefore(this.#pick(step.at));
        break;
      case "retain":
        await this.#retain(step.bytes);
        break;
      case "restart":
        this.#log = await this.#fixture.restart(log);
        this.#durable = this.#end;
        break;
      case "crash":
        await this.#crash(step.crash);
        break;
      case "crashInFlight":
        await this.#crashInFlight(step);
        break;
      case "crashInCut":
        await this.#crashInCut(step);
        break;
    }
    await this.#check();
  }

  get #leaderEpoch(): LeaderEpoch {
    return leaderEpoch(this.#epoch);
  }

  #pick(at: number): number {
    return this.#start + Math.round(at * (this.#end - this.#start));
  }

  #values(count: number, padding: number): string[] {
    return Array.from({ length: count }, () => `${this.#counter++}`.padEnd(padding, "."));
  }

  async #append(counts: number[], padding: number, producer: Producer): Promise<void> {
    let mark = producer === undefined ? undefined : this.#nextMark(producer);
    const groups = counts.map((count) => {
      const group = { values: this.#values(count, padding), mark };
      mark = mark && { ...mark, baseSequence: mark.baseSequence + count };
      return group;
    });
    const infos = await Promise.all(
      groups.map(({ values, mark }) => this.#send(markedBatch(values, mark))),
    );
    for (const [i, { values, mark }] of groups.entries()) {
      expect(infos[i]).toMatchObject({
        baseOffset: this.#end,
        lastOffset: this.#end + values.length - 1,
      });
      this.#push(values, mark);
    }
    if (this.#flush === "fsync") this.#durable = this.#end;
  }

  #send(batch: RecordBatch): Promise<AppendInfo> {
    return this.#subject.append([batch], { leaderEpoch: this.#leaderEpoch });
  }

  /** The last five batches of the producer's last epoch. */
  #remembered(producer: number): (ModelBatch & { mark: Mark })[] {
    const all = this.#batches.filter((batch): batch is ModelBatch & { mark: Mark } => {
      return batch.mark?.producerId === producer;
    });
    const epoch = all.at(-1)?.mark.producerEpoch;
    return all.filter(({ mark }) => mark.producerEpoch === epoch).slice(-5);
  }

  #nextMark(producerId: number): Mark {
    const last = this.#remembered(producerId).at(-1);
    if (last === undefined) return { producerId, producerEpoch: 0, baseSequence: 0 };
    const { mark, values } = last;
    return { ...mark, baseSequence: mark.baseSequence + values.length };
  }

  /** Sends a batch that is in the log, or was, once more. */
  async #repeat(back: number): Promise<void> {
    const original = this.#batches.filter(({ mark }) => mark !== undefined).at(-1 - back);
    if (original?.mark === undefined) return;
    const kept = this.#remembered(original.mark.producerId);
    const sent = this.#send(markedBatch(original.values, original.mark));
    if (kept.includes(original as ModelBatch & { mark: Mark })) {
      const { base, values } = original;
      const place = { baseOffset: base, lastOffset: base + values.length - 1 };
      expect(await sent).toMatchObject({ ...place, duplicate: true });
    } else {
      const isOver = original.mark.producerEpoch < kept.at(-1)!.mark.producerEpoch;
      const code = isOver ? "INVALID_PRODUCER_EPOCH" : "DUPLICATE_SEQUENCE_NUMBER";
      await expect(sent).rejects.toMatchObject({ code });
    }
  }

  async #skip(producer: number): Promise<void> {
    const mark = this.#nextMark(producer);
    if (mark.baseSequence === 0) return;
    const skipped = { ...mark, baseSequence: mark.baseSequence + 1 };
    const sent = this.#send(markedBatch(["refused"], skipped));
    await expect(sent).rejects.toMatchObject({ code: "OUT_OF_ORDER_SEQUENCE_NUMBER" });
  }

  async #nextProducerEpoch(producer: number): Promise<void> {
    const next = this.#nextMark(producer);
    const mark = { ...next, producerEpoch: next.producerEpoch + 1, baseSequence: 0 };
    const values = this.#values(1, 0);
    await this.#send(markedBatch(values, mark));
    this.#push(values, mark);
    if (this.#flush === "fsync") this.#durable = this.#end;
  }

  #push(values: string[], mark?: Mark): void {
    this.#batches.push({ base: this.#end, values, epoch: this.#epoch, mark });
    this.#end += values.length;
  }

  /** The next piece of a reader that goes on where it was; what comes then is read ahead. */
  async #readOn(): Promise<void> {
    const from = Math.min(Math.max(this.#readerAt, this.#start), this.#end);
    this.#readerAt = await this.#read({ from, maxBytes: 300, minOneBatch: true });
    this.#fixture.time.advance(2);
  }

  /** @returns where to go on. */
  async #read(request: {
    readonly from: number;
    readonly maxBytes: number;
    readonly minOneBatch: boolean;
  }): Promise<number> {
    const { from, maxBytes, minOneBatch } = request;
    const limits = { maxBytes, minOneBatch, lease: new ReadLease() };
    const read = await this.#subject.read({ from: from as Offset, ...limits });
    assert(read.error === undefined, "the offset is in the log");
    expect(read.sizeInBytes).toBe(read.batches.reduce((sum, bytes) => sum + bytes.length, 0));
    const found = read.batches.flatMap((bytes) => [...splitBatches(bytes)]);
    if (found.length === 0) {
      if (from < this.#end && minOneBatch) throw new Error(`nothing was read at ${from}`);
      expect(read.nextOffset).toBe(from);
      return from;
    }
    const first = this.#batches.findIndex(({ base, values }) => base + values.length > from);
    expect(read.startOffset).toBe(this.#batches[first]!.base);
    if (found.length > 1 || !minOneBatch) expect(read.sizeInBytes).toBeLessThanOrEqual(maxBytes);
    for (const [i, batch] of found.entries()) {
      const { base, values, epoch } = this.#batches[first + i]!;
      expect(batch.baseOffset).toBe(base);
      expect(batch.partitionLeaderEpoch).toBe(epoch);
      expect([...batch.records()].map(({ value }) => String(value))).toEqual(values);
    }
    expect(read.nextOffset).toBe(found.at(-1)!.nextOffset);
    return read.nextOffset;
  }

  async #truncate(at: number): Promise<void> {
    await this.#subject.truncateTo(at as Offset);
    if (at >= this.#end) return;
    const holder = this.#batches.findLast(({ base }) => base <= at)!;
    if (holder.base < this.#start) this.#becomeEmptyAt(holder.base);
    else this.#cutTo(holder.base);
  }

  #cutTo(end: number): void {
    this.#batches = this.#batches.filter(({ base }) => base < end);
    this.#end = end;
    this.#durable = Math.min(this.#durable, end);
  }

  #becomeEmptyAt(at: number): void {
    this.#batches = [];
    this.#start = at;
    this.#end = at;
    this.#durable = at;
  }

  async #startOver(at: number): Promise<void> {
    await this.#subject.truncateFullyAndStartAt(at as Offset);
    this.#becomeEmptyAt(at);
  }

  async #deleteBefore(at: number): Promise<void> {
    await this.#subject.deleteBefore(at as Offset);
    this.#start = Math.max(this.#start, at);
  }

  async #retain(bytes: number): Promise<void> {
    const log = this.#subject;
    log.updateHighWatermark(log.logEndOffset);
    log.configure({ ...log.config, retentionBytes: bytes });
    await log.applyRetention();
    log.configure({ ...log.config, retentionBytes: undefined });
    expect(log.logStartOffset).toBeGreaterThanOrEqual(this.#start);
    if (log.segmentCount > 1) expect(log.sizeInBytes).toBeLessThan(bytes + 1_500 + 4_000);
    this.#start = log.logStartOffset;
  }

  async #crash(kind: "process" | "power"): Promise<void> {
    await this.#reopenAfter(kind);
    if (kind === "power") this.#acceptLoss();
  }

  async #reopenAfter(kind: "process" | "power"): Promise<void> {
    this.#fixture.disk.crash(kind);
    this.#log = await this.#fixture.open(kind === "process" ? "processDied" : "unclean");
  }

  /** A power cut may take what was not durable, from the end, in whole batches. */
  #acceptLoss(): void {
    const end = this.#subject.logEndOffset;
    expect(end).toBeGreaterThanOrEqual(this.#durable);
    const ends = this.#batches.map(({ base, values }) => base + values.length);
    const isWhole = end === this.#end || this.#batches.some(({ base }) => base === end);
    if (this.#hasBegunAnew && this.#durable < end) {
      this.#becomeEmptyAt(end);
    } else if (isWhole && end >= this.#start) {
      this.#cutTo(end);
    } else {
      // All that was not deleted is lost: the log begins anew where deletion had come.
      expect(end).toBe(this.#start);
      expect(Math.min(...ends)).toBeGreaterThan(this.#durable);
      this.#becomeEmptyAt(this.#start);
    }
  }

  /**
   * Holds nothing that it held. A log that begins anew where it began before is as empty as one that
   * was cut back to there: only what it knows of producers tells them apart.
   */
  get #hasBegunAnew(): boolean {
    const { logStartOffset: start, logEndOffset: end, producers } = this.#subject;
    return start === end && (start !== this.#start || producers.length === 0);
  }

  async #crashInFlight(step: Extract<Command, { kind: "crashInFlight" }>): Promise<void> {
    const groups = step.sizes.map((count) => this.#values(count, 200));
    const acked = groups.map(() => false);
    for (const [i, values] of groups.entries()) {
      this.#subject.append([batchOf(values)], { leaderEpoch: this.#leaderEpoch }).then(
        () => {
          acked[i] = true;
        },
        () => {},
      );
    }
    for (let turn = 0; turn < step.turns; turn++) await undefined;
    const ackedBefore = [...acked];
    await this.#reopenAfter(step.crash);
    const end = this.#subject.logEndOffset;
    for (const [i, values] of groups.entries()) {
      const isSafe = this.#flush === "fsync" || step.crash === "process";
      if (ackedBefore[i] && isSafe) {
        expect(end).toBeGreaterThanOrEqual(this.#end + values.length);
        this.#durable = this.#flush === "fsync" ? this.#end + values.length : this.#durable;
      }
      if (end >= this.#end + values.length) this.#push(values);
    }
    if (step.crash === "power") this.#acceptLoss();
  }

  async #crashInCut(step: Extract<Command, { kind: "crashInCut" }>): Promise<void> {
    const at = this.#pick(step.at);
    let isDone = false;
    this.#begin(step.cut, at).then(
      () => {
        isDone = true;
      },
      () => {},
    );
    for (let turn = 0; turn < step.turns; turn++) await undefined;
    const wasDone = isDone;
    await this.#reopenAfter(step.crash);
    this.#acceptCut(step.cut, { at, wasDone });
    if (step.crash === "power") this.#acceptLoss();
    // Until a sync, a power cut may bring back what an interrupted truncation had cut.
    await this.#subject.flush();
    this.#durable = this.#end;
  }

  /** Brings the model to where the cut was when it was interrupted. */
  #acceptCut(cut: Cut, { at, wasDone }: { at: number; wasDone: boolean }): void {
    const { logStartOffset: start, logEndOffset: end } = this.#subject;
    switch (cut) {
      case "startOver":
        if (wasDone) expect([start, end]).toEqual([at, at]);
        // Segments went from the end on, perhaps all of them.
        if (wasDone || this.#hasBegunAnew) this.#becomeEmptyAt(start);
        this.#durable = Math.min(this.#durable, end);
        break;
      case "truncate": {
        const target = this.#batches.findLast(({ base }) => base <= at)?.base ?? at;
        if (at === this.#end) break;
        if (wasDone) expect(end).toBeLessThanOrEqual(target);
        if (this.#hasBegunAnew) this.#becomeEmptyAt(start);
        this.#durable = Math.min(this.#durable, target);
        break;
      }
      case "deleteBefore":
      case "retain":
        expect(start).toBeGreaterThanOrEqual(this.#start);
        if (wasDone && cut === "deleteBefore") expect(start).toBeGreaterThanOrEqual(at);
        this.#start = start;
        break;
      case "flush":
        if (wasDone) this.#durable = this.#end;
        break;
      case "roll":
        break;
    }
    if (cut === "startOver" || cut === "truncate") this.#cutTo(Math.min(end, this.#end));
  }

  #begin(cut: Cut, at: number): Promise<unknown> {
    const log = this.#subject;
    switch (cut) {
      case "truncate":
        return log.truncateTo(at as Offset);
      case "startOver":
        return log.truncateFullyAndStartAt(at as Offset);
      case "deleteBefore":
        return log.deleteBefore(at as Offset);
      case "roll":
        return log.roll();
      case "flush":
        return log.flush();
      case "retain":
        log.updateHighWatermark(log.logEndOffset);
        log.configure({ ...log.config, retentionBytes: 0 });
        return log.applyRetention();
    }
  }

  async #check(): Promise<void> {
    const log = this.#subject;
    expect(log.failure).toBeUndefined();
    expect(log.logEndOffset).toBe(this.#end);
    expect(log.logStartOffset).toBe(this.#start);
    const expected = this.#batches
      .flatMap(({ base, values }) => values.map((value, i) => [base + i, value] as const))
      .filter(([at]) => at >= this.#start);
    expect(await readAll(log, { from: this.#start, maxBytes: 700 })).toEqual(expected);
    const written = this.#batches
      .filter(({ base, values }) => base + values.length > this.#start)
      .map(({ base, epoch }) => ({ from: Math.max(base, this.#start), epoch }));
    expectLeaderEpochs(log, written, this.#epoch);
    expect(log.recoveryPoint).toBeLessThanOrEqual(log.logEndOffset);
    this.#checkProducers();
  }

  #checkProducers(): void {
    const found = this.#subject.producers.map(({ producerId, producerEpoch, batches }) => ({
      producerId,
      producerEpoch,
      batches: batches.map(({ firstSequence, lastOffset }) => [firstSequence, lastOffset]),
    }));
    const expected = [0, 1, 2].flatMap((id) => {
      const kept = this.#remembered(id);
      const [last] = kept.slice(-1);
      if (last === undefined) return [];
      const batches = kept.map(({ mark, base, values }) => {
        return [mark.baseSequence, base + values.length - 1];
      });
      return [{ producerId: id, producerEpoch: last.mark.producerEpoch, batches }];
    });
    expect(found.sort((a, b) => a.producerId - b.producerId)).toEqual(expected);
  }
}

function markedBatch(values: readonly string[], producer: Mark | undefined): RecordBatch {
  if (producer === undefined) return batchOf(values);
  const records = values.map((value, i) => ({ timestamp: 1_000 + i, key: null, value }));
  return RecordBatch.parse(encodeRecordBatch(records, { producer }));
}

test.each(["os", "fsync"] as const)(
  "any life of a log with flush %s agrees with its model",
  async (flush) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(command, { maxLength: 40 }),
        async (seed, commands) => {
          const life = new Life({ flush, seed });
          await life.begin();
          for (const step of commands) await life.run(step);
        },
      ),
      { numRuns: fc.readConfigureGlobal().numRuns ?? 150, examples: FORMER_FINDINGS },
    );
  },
);
