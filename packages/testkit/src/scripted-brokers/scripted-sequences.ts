import type { RecordBatch } from "@zoolog/protocol";

type Kept = {
  readonly baseSequence: number;
  readonly lastSequence: number;
  readonly baseOffset: number;
};
type Known = { readonly epoch: number; readonly kept: Kept[] };

const SEQUENCES = 2 ** 31;
const KEPT_MAX = 5;

/** What a leader makes of the numbers of idempotent producers, by the words of KIP-98 and KIP-360. */
export class ScriptedSequences {
  readonly #known = new Map<number, Known>();

  /** Where the batch is already, why it is refused, or nothing: it is to be appended. */
  check(batch: RecordBatch): { baseOffset: number } | { error: string } | undefined {
    const { producerId, producerEpoch, baseSequence, lastSequence } = batch;
    if (producerId === undefined || producerEpoch === undefined) return undefined;
    const known = this.#known.get(producerId);
    if (known === undefined) return undefined;
    if (producerEpoch < known.epoch) return { error: "INVALID_PRODUCER_EPOCH" };
    if (producerEpoch > known.epoch) {
      return baseSequence === 0 ? undefined : { error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
    }
    const again = known.kept.find(
      (kept) => kept.baseSequence === baseSequence && kept.lastSequence === lastSequence,
    );
    if (again !== undefined) return { baseOffset: again.baseOffset };
    const next = ((known.kept.at(-1)?.lastSequence ?? -1) + 1) % SEQUENCES;
    return baseSequence === next ? undefined : { error: "OUT_OF_ORDER_SEQUENCE_NUMBER" };
  }

  appended(batch: RecordBatch): void {
    const { producerId, producerEpoch, baseSequence, lastSequence, baseOffset } = batch;
    if (producerId === undefined || producerEpoch === undefined) return;
    if (baseSequence === undefined || lastSequence === undefined) return;
    const known = this.#known.get(producerId);
    const kept = known?.epoch === producerEpoch ? known.kept : [];
    const all = [...kept, { baseSequence, lastSequence, baseOffset }].slice(-KEPT_MAX);
    this.#known.set(producerId, { epoch: producerEpoch, kept: all });
  }

  /** As after `producer.id.expiration.ms`, or when all records of a producer were lost. */
  forget(): void {
    this.#known.clear();
  }
}
