import { type Logger, runInBackground } from "@zoolog/base";
import type { Cluster } from "../cluster/cluster.ts";
import { isRetriable } from "../retriable.ts";

/** The id of one idempotent producer: asked for when the first batch wants it. */
export class ProducerIdentity {
  readonly #timeoutMs: number;
  readonly #cluster: Pick<Cluster, "anyBroker">;
  readonly #logger: Logger;
  readonly #onAnswer: () => void;
  #producerId: number | undefined;
  #asking = false;
  #refusal: unknown;

  constructor(
    options: { readonly timeoutMs: number },
    dependencies: {
      readonly cluster: Pick<Cluster, "anyBroker">;
      readonly logger: Logger;
      /** The id is known, or the refusal is. */
      readonly onAnswer: () => void;
    },
  ) {
    this.#timeoutMs = options.timeoutMs;
    this.#cluster = dependencies.cluster;
    this.#logger = dependencies.logger;
    this.#onAnswer = dependencies.onAnswer;
  }

  /** Why there will be no id; `undefined` as long as there may be one. */
  get refusal(): unknown {
    return this.#refusal;
  }

  /** Nothing can be sent under the id any more: somebody else goes on with it. */
  refuse(error: unknown): void {
    this.#refusal ??= error;
  }

  /** What is known; asks when nothing is. */
  get producerId(): number | undefined {
    if (this.#producerId === undefined && this.#refusal === undefined) this.#ask();
    return this.#producerId;
  }

  /** All epochs of this id are used up. */
  replace(producerId: number): void {
    if (this.#producerId === producerId) this.#producerId = undefined;
  }

  #ask(): void {
    if (this.#asking) return;
    this.#asking = true;
    runInBackground("ask for a producer id", this.#logger, async () => {
      try {
        const limits = { timeoutMs: this.#timeoutMs };
        const answer = await this.#cluster.anyBroker("init-producer-id", {}, limits);
        this.#producerId = answer.producerId;
      } catch (error) {
        // What may pass is asked for again by those that still wait.
        if (!isRetriable(error)) this.#refusal = error;
      }
      this.#asking = false;
      this.#onAnswer();
    });
  }
}
