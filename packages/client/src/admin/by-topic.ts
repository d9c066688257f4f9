/** Entries of partitions, gathered under the names of their topics as the calls want them. */
export function byTopic<Entry extends { readonly topic: string }, Item>(
  entries: readonly Entry[],
  item: (entry: Entry) => Item,
): { topic: string; partitions: Item[] }[] {
  const topics = new Map<string, Item[]>();
  for (const entry of entries) {
    const partitions = topics.get(entry.topic);
    if (partitions === undefined) topics.set(entry.topic, [item(entry)]);
    else partitions.push(item(entry));
  }
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }));
}
