import type { DecodedRecord } from "@zoolog/protocol";
import { deserializationFailed } from "../errors.ts";
import type { Serde } from "../serde.ts";
import type { Topic } from "../topic.ts";

/** A header as it is stored. */
export type ReaderHeader = { readonly key: string; readonly value: Uint8Array | undefined };

/**
 * One record that was read. Key, value and headers are decoded when they are asked for, so that a
 * record which is passed over costs nothing. The bytes are views over the fetched batch: copy what
 * is kept for long.
 */
export class ReaderRecord<K, V> {
  readonly partition: number;
  readonly #topic: Topic<K, V>;
  readonly #decoded: DecodedRecord;

  constructor(topic: Topic<K, V>, partition: number, decoded: DecodedRecord) {
    this.partition = partition;
    this.#topic = topic;
    this.#decoded = decoded;
  }

  get topic(): string {
    return this.#topic.name;
  }

  get offset(): number {
    return this.#decoded.offset;
  }

  /** Milliseconds since 1970; `undefined` when neither producer nor broker set one. */
  get timestamp(): number | undefined {
    return this.#decoded.timestamp < 0 ? undefined : this.#decoded.timestamp;
  }

  /** @throws ZoologError `DESERIALIZATION_FAILED` */
  get key(): K | undefined {
    return this.#deserialized("key", this.#decoded.key, this.#topic.key);
  }

  /**
   * `undefined` for a tombstone. Decoded anew each time: keep it in a variable.
   *
   * @throws ZoologError `DESERIALIZATION_FAILED`
   */
  get value(): V | undefined {
    return this.#deserialized("value", this.#decoded.value, this.#topic.value);
  }

  /** As stored. */
  get keyBytes(): Uint8Array | undefined {
    return this.#decoded.key ?? undefined;
  }

  /** As stored. */
  get valueBytes(): Uint8Array | undefined {
    return this.#decoded.value ?? undefined;
  }

  /** Of key, value and headers, as stored. */
  get sizeInBytes(): number {
    const { headers, key, value } = this.#decoded;
    let bytes = (key?.length ?? 0) + (value?.length ?? 0);
    for (const header of headers) bytes += header.key.length + (header.value?.length ?? 0);
    return bytes;
  }

  /** In their order; a name may occur more than once. */
  get headers(): readonly ReaderHeader[] {
    return this.#decoded.headers.map(({ key, value }) => ({ key, value: value ?? undefined }));
  }

  /** The last header of this name, as text. */
  header(name: string): string | undefined {
    const found = this.#decoded.headers.findLast(({ key }) => key === name);
    return found?.value?.toString("utf8");
  }

  #deserialized<T>(
    part: "key" | "value",
    bytes: Uint8Array | null,
    serde: Serde<T>,
  ): T | undefined {
    if (bytes === null) return undefined;
    try {
      return serde.deserialize(bytes);
    } catch (error) {
      const { offset, partition, topic } = this;
      throw deserializationFailed({ topic, partition, offset, part }, error);
    }
  }
}
