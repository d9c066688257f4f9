import { type Client, serde, topic } from "@zoolog/client";
import type { FinalLog } from "@zoolog/testkit";

/** Everything that the partitions of a topic hold, when nobody writes any more. */
export async function readToTheEnd(
  client: Client,
  from: { readonly topic: string; readonly partitions: number },
): Promise<readonly FinalLog[]> {
  const logs = Array.from({ length: from.partitions }, (): [number, string][] => []);
  const records = topic(from.topic, { value: serde.string() });
  for await (const batch of client.reader(records, { from: "start" }).batches()) {
    for (const { offset, value } of batch) logs[batch.partition]?.push([offset, value ?? ""]);
  }
  return logs.map((log, partition) => ({ key: String(partition), records: log }));
}
