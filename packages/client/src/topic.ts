import { topicNameFault } from "@zoolog/base";
import { invalidTopicName } from "./errors.ts";
import { type Serde, serde } from "./serde.ts";

/** A topic with the types of its keys and values: what producers and readers are given. */
export type Topic<K, V> = {
  readonly name: string;
  readonly key: Serde<K>;
  readonly value: Serde<V>;
};

/**
 * Names a topic and says how its keys and values are stored. Nothing is created or contacted.
 *
 * ```ts
 * const orders = topic("orders", { key: serde.string(), value: serde.json<Order>() });
 * ```
 *
 * @throws ZoologError `INVALID_TOPIC_EXCEPTION`
 */
export function topic<K = Uint8Array, V = Uint8Array>(
  name: string,
  serdes: { readonly key?: Serde<K>; readonly value?: Serde<V> } = {},
): Topic<K, V> {
  const fault = topicNameFault(name);
  if (fault !== undefined) throw invalidTopicName(name, fault);
  return {
    name,
    // Without a serde K and V are their defaults, Uint8Array, unless the caller lies in <K, V>.
    key: serdes.key ?? (serde.bytes() as unknown as Serde<K>),
    value: serdes.value ?? (serde.bytes() as unknown as Serde<V>),
  };
}
