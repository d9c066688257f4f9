import { requireObject, requireTopicName, shown } from "./arguments.ts";
import { invalidOption } from "./errors.ts";
import { isSerde, requireSerde, type Serde, serde } from "./serde.ts";

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
 * @throws ZoologError `INVALID_TOPIC_EXCEPTION`, `INVALID_OPTION`
 */
export function topic<K = Uint8Array, V = Uint8Array>(
  name: string,
  serdes: { readonly key?: Serde<K>; readonly value?: Serde<V> } = {},
): Topic<K, V> {
  requireTopicName(name);
  requireObject("serdes", serdes);
  if (serdes.key !== undefined) requireSerde("key", serdes.key);
  if (serdes.value !== undefined) requireSerde("value", serdes.value);
  return {
    name,
    // Without a serde K and V are their defaults, Uint8Array, unless the caller lies in <K, V>.
    key: serdes.key ?? (serde.bytes() as unknown as Serde<K>),
    value: serdes.value ?? (serde.bytes() as unknown as Serde<V>),
  };
}

const TOPIC_HINT =
  'Make one with topic("name", { key, value }): a name does not say how records are stored.';

/** Cheap: it is asked for each record that is sent. @throws ZoologError `INVALID_OPTION` */
export function requireTopic<K, V>(given: Topic<K, V>): void {
  if (typeof given === "object" && given !== null && typeof given.name === "string") {
    if (isSerde(given.key) && isSerde(given.value)) return;
  }
  throw invalidOption("topic", `must be a typed topic, not ${shown(given)}`, TOPIC_HINT);
}
