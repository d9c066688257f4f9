/**
 * The topics in a consumer's subscription (Kafka's ConsumerProtocolSubscription): version (int16),
 * count (int32), names (int16 length and bytes each). What follows differs by version and is not
 * read. `undefined`: it is something else. The rest of a subscription is for assignors only.
 */
export function subscriptionTopics(metadata: Uint8Array): readonly string[] | undefined {
  const view = new DataView(metadata.buffer, metadata.byteOffset, metadata.byteLength);
  if (view.byteLength < 6) return undefined;
  const count = view.getInt32(2);
  // Each takes three bytes at least.
  if (count < 0 || count > view.byteLength / 3) return undefined;
  const topics: string[] = [];
  let at = 6;
  for (let i = 0; i < count; i++) {
    if (at + 2 > view.byteLength) return undefined;
    const length = view.getInt16(at);
    at += 2;
    if (length < 0 || at + length > view.byteLength) return undefined;
    // Names of topics are ASCII.
    topics.push(String.fromCharCode(...metadata.subarray(at, at + length)));
    at += length;
  }
  return topics;
}

/** Whether two subscriptions name the same topics, in whatever order. */
export function sameTopics(a: Uint8Array, b: Uint8Array): boolean {
  const [some, others] = [subscriptionTopics(a), subscriptionTopics(b)].map((topics) =>
    topics?.toSorted().join(),
  );
  return some === others;
}
