import { type Client, serde, topic } from "@zoolog/client";
import type { FinalLog } from "../../history/history.ts";
import { keyOf, type TopicLife } from "../world/world-topics.ts";

/** Everything that a topic holds, read from its beginning, when nobody writes any more. */
export async function readFinalLogs(client: Client, life: TopicLife): Promise<FinalLog[]> {
  const { isTrimmed, name, topicId } = life;
  const { partitions } = await client.admin.describeTopic(name);
  const logs = new Map<number, [number, string][]>(partitions.map((_, index) => [index, []]));
  const starts = isTrimmed ? await client.admin.listOffsets(name, "earliest") : undefined;
  const records = topic(name, { value: serde.string() });
  const reader = client.reader(records, {
    from: "start",
    follow: false,
    // Retention goes on.
    ...(isTrimmed ? { onOffsetOutOfRange: "start" as const } : {}),
  });
  for await (const { offset, partition, value } of reader) {
    logs.get(partition)?.push([offset, value ?? ""]);
  }
  await reader.close();
  return [...logs].map(([partition, read]): FinalLog => {
    const first = read[0]?.[0] ?? 0;
    const start = Math.max(starts?.get(partition)?.offset ?? 0, isTrimmed ? first : 0);
    const kept = read.filter(([offset]) => offset >= start);
    return { key: keyOf(topicId, partition), records: kept, logStartOffset: start };
  });
}
