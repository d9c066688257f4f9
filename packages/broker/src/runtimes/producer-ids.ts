import { type BrokerId, type Logger, type Random, runInBackground } from "@zoolog/base";
import type { CoordinationStore } from "@zoolog/coordination";
import type { InitProducerIdRequest, InitProducerIdResponse } from "@zoolog/protocol";
import { invalidIdAndEpoch, transactionsNotServed } from "./errors.ts";

export type ProducerIdsDependencies = {
  readonly store: Pick<CoordinationStore, "claimProducerIds">;
  readonly random: Random;
  readonly logger: Logger;
};

type IdBlock = { next: number; readonly end: number; readonly drawn: number };

/**
 * The lower part of an id is counted out in ZooKeeper, the upper one drawn for each block: a
 * ZooKeeper that was restored from a backup counts the same numbers out again, and a producer with
 * the id of another would have its records taken for repetitions of the other's, and dropped. Both
 * parts together are what a number holds exactly, 53 bits.
 */
const COUNTED_IDS = 2 ** 32;
const DRAWN_MAX = 2 ** 21 - 1;

/** Ids that are left when the next block is claimed: enough for the time that takes. */
const CLAIM_AHEAD = 100;
/**
 * The last epoch that is handed out. One above is the largest that a batch can carry; Kafka keeps
 * it back, to fence a producer that has used all of them.
 */
const PRODUCER_EPOCH_MAX = 2 ** 15 - 2;

/**
 * Hands out ids of idempotent producers, each once in the life of the cluster, from blocks that this
 * broker claims in ZooKeeper. One block ahead at most: a restart gives up what is left of two.
 */
export class ProducerIds {
  readonly #brokerId: BrokerId;
  readonly #store: ProducerIdsDependencies["store"];
  readonly #random: Random;
  readonly #logger: Logger;
  #block: IdBlock = { next: 0, end: 0, drawn: 0 };
  #ahead: IdBlock | undefined;
  #claiming: Promise<void> | undefined;

  constructor(
    options: { readonly brokerId: BrokerId },
    { store, random, logger }: ProducerIdsDependencies,
  ) {
    this.#brokerId = options.brokerId;
    this.#store = store;
    this.#random = random;
    this.#logger = logger;
  }

  /**
   * A new id with epoch 0; or, for an id and epoch that one has, the next epoch (KIP-360), and a new
   * id where there is none.
   *
   * @throws ZoologError INVALID_REQUEST, UNSUPPORTED_VERSION (transactions); COORDINATION_UNAVAILABLE
   *   (retriable) when all ids of the block are given away and ZooKeeper is not there.
   */
  async init(request: InitProducerIdRequest): Promise<InitProducerIdResponse> {
    if (request.transactionalId !== undefined) throw transactionsNotServed();
    const { producerId, producerEpoch } = request;
    if (producerId !== undefined || producerEpoch !== undefined) {
      if (!isNatural(producerId) || !isNatural(producerEpoch)) throw invalidIdAndEpoch();
      if (producerEpoch < PRODUCER_EPOCH_MAX) {
        return { producerId, producerEpoch: producerEpoch + 1 };
      }
    }
    return { producerId: await this.#nextId(), producerEpoch: 0 };
  }

  async #nextId(): Promise<number> {
    while (this.#block.next === this.#block.end) {
      const ahead = this.#ahead;
      if (ahead === undefined) {
        await this.#claim();
      } else {
        this.#block = ahead;
        this.#ahead = undefined;
      }
    }
    const { drawn } = this.#block;
    const id = drawn * COUNTED_IDS + (this.#block.next++ % COUNTED_IDS);
    const left = this.#block.end - this.#block.next;
    if (left <= CLAIM_AHEAD && this.#ahead === undefined && this.#claiming === undefined) {
      // Without an answer the ids that are left go on being served, and the next caller tries again.
      runInBackground("claim producer ids", this.#logger, () => this.#claim().catch(() => {}));
    }
    return id;
  }

  /** One claim at a time, whoever waits for it. */
  #claim(): Promise<void> {
    this.#claiming ??= this.#store
      .claimProducerIds(this.#brokerId)
      .then(({ firstId, size }) => {
        const drawn = Math.floor(this.#random.next() * (DRAWN_MAX + 1));
        this.#ahead = { next: firstId, end: firstId + size, drawn };
        this.#logger.info("producer ids claimed", { firstId, size });
      })
      .finally(() => {
        this.#claiming = undefined;
      });
    return this.#claiming;
  }
}

function isNatural(value: number | undefined): value is number {
  return value !== undefined && value >= 0;
}
