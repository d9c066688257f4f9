import { encodeRecordBatch, splitBatches } from "@zoolog/protocol";
import { callBroker } from "./native-calls.ts";

export type NativeLoadOptions = {
  readonly url: string;
  readonly topic: string;
  readonly requiredAcks: "leader" | "all";
  /** Calls under way at the same time, each on a connection of its own. */
  readonly inFlight: number;
};

type ProduceAnswer = {
  readonly error?: { readonly code: string };
  readonly topics?: readonly {
    readonly partitions: readonly {
      readonly baseOffset?: number;
      readonly error?: { readonly code: string };
    }[];
  }[];
};

/**
 * Produces unique values to partition 0 as fast as they are acknowledged, and remembers what was
 * acknowledged at which offset. Without retries: what fails is counted, by its name.
 */
export class NativeLoad {
  /** Acknowledged values by offset. */
  readonly acknowledged = new Map<number, string>();
  /** How often calls failed, by the error's code; `unreachable` when no answer came. */
  readonly failures = new Map<string, number>();
  readonly #options: NativeLoadOptions;
  readonly #lanes: Promise<void>[];
  #stopped = false;
  #sent = 0;

  private constructor(options: NativeLoadOptions) {
    this.#options = options;
    this.#lanes = Array.from({ length: options.inFlight }, () => this.#lane());
  }

  static start(options: NativeLoadOptions): NativeLoad {
    return new NativeLoad(options);
  }

  /** Resolves when so many values are acknowledged. */
  async reaches(count: number): Promise<void> {
    while (this.acknowledged.size < count) await nextTurn();
  }

  /** Sends nothing new and waits for the answers under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#lanes);
  }

  async #lane(): Promise<void> {
    while (!this.#stopped) {
      const value = `value-${this.#sent++}`;
      try {
        this.#note(value, await this.#produce(value));
      } catch {
        this.#failed("unreachable");
        await nextTurn();
      }
    }
  }

  async #produce(value: string): Promise<ProduceAnswer> {
    const { url, topic, requiredAcks } = this.#options;
    const records = encodeRecordBatch([{ timestamp: 1, value }]).toString("base64");
    const topics = [{ topic, partitions: [{ partition: 0, records }] }];
    const { body } = await callBroker(url, "produce", { requiredAcks, topics });
    return body as ProduceAnswer;
  }

  #note(value: string, answer: ProduceAnswer): void {
    const produced = answer.topics?.[0]?.partitions[0];
    const error = answer.error ?? produced?.error;
    if (error !== undefined) this.#failed(error.code);
    else if (produced?.baseOffset !== undefined) this.acknowledged.set(produced.baseOffset, value);
  }

  #failed(code: string): void {
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }
}

type FetchAnswer = {
  readonly topics: readonly { readonly partitions: readonly { readonly records: string }[] }[];
};

/** Every value of partition 0, by offset. */
export async function readAllValues(url: string, topic: string): Promise<Map<number, string>> {
  const values = new Map<number, string>();
  for (let fetchOffset = 0; ; ) {
    const { body } = await callBroker(url, "fetch", {
      maxWaitMs: 0,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset }] }],
    });
    const records = (body as FetchAnswer).topics[0]?.partitions[0]?.records;
    const bytes = Buffer.from(records ?? "", "base64");
    if (bytes.length === 0) return values;
    for (const batch of splitBatches(bytes)) {
      for (const { offset, value } of batch.records()) values.set(offset, String(value));
      fetchOffset = batch.nextOffset;
    }
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
