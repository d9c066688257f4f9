// The code of docs/sdk.md, which a test compares and runs.
import { Client, serde, topic, ZoologError } from "@zoolog/client";

type Order = { readonly amount: number };
const orders = topic("guide-orders", { key: serde.string(), value: serde.json<Order | null>() });

const bootstrap = process.env["ZOOLOG_BOOTSTRAP"] ?? "http://127.0.0.1:8092";
await using client = new Client({ brokers: bootstrap.split(",") });

try {
  await client.admin.createTopics([{ topic: orders.name, partitions: 2 }, { topic: "guide-dead" }]);
} catch (error) {
  if (!(error instanceof ZoologError) || error.code !== "TOPIC_ALREADY_EXISTS") throw error;
}

await using producer = client.producer();
await producer.send(orders, { key: "a", value: { amount: 7 }, headers: { source: "guide" } });
await producer.sendMany(orders, [
  { key: "a", value: { amount: 8 } },
  { key: "a", value: null }, // the JSON text null
  { key: "a", value: undefined }, // a tombstone
]);

for await (const { key, offset, value } of client.read(orders)) {
  console.log(offset, key, value === undefined ? "tombstone" : JSON.stringify(value));
}

await using reader = client.reader(orders, { from: "start" });
for await (const batch of reader.batches()) {
  for (const record of batch) console.log(batch.topic, record.offset);
}
const [{ partition, position } = { partition: 0, position: 0 }] = reader
  .progress()
  .filter((progress) => progress.position !== 0);
console.log(`read up to ${position}`);

await reader.seek(partition, 1);
for await (const record of reader) {
  console.log("again", record.offset);
  break;
}
for await (const record of reader) console.log("behind it", record.offset);

await using billing = client.consumer({
  group: "guide-billing",
  topics: [orders],
  from: "earliest",
});
for await (const { offset } of billing) {
  console.log("billed", offset);
  if (offset < 3) continue;
  await billing.commit(); // counts the record in hand, too
  break;
}
console.log("lag", (await client.admin.groups.lag("guide-billing")).lag);

const shipped = new AbortController();
await using shipping = client.consumer({
  group: "guide-shipping",
  topics: [orders],
  from: "earliest",
});
await shipping.run(
  ({ offset }, { attempt, signal }) => {
    console.log("shipped", offset, attempt, signal.aborted);
    if (offset === 2) throw new Error("no such order");
    if (offset === 3) shipped.abort();
  },
  {
    concurrency: 8,
    order: "key",
    retry: { times: 1 },
    onPoison: { deadLetter: "guide-dead" },
    signal: shipped.signal,
  },
);
for await (const { headers } of client.read(topic("guide-dead"))) {
  for (const { key, value } of headers) console.log(key, value?.toString());
}

await using archive = client.consumer({
  group: "guide-archive",
  topics: [orders],
  from: "earliest",
});
for await (const batch of archive.batches()) {
  for (const { offset } of batch) {
    if (batch.signal.aborted) break;
    console.log("archived", offset);
    batch.handled(offset);
  }
  if (batch.nextOffset > 3) break;
}

const texts = topic(orders.name, { value: serde.json<{ readonly text: string }>() });
try {
  await producer.send(texts, { value: { text: "x" }, partition: 99 });
} catch (error) {
  if (!(error instanceof ZoologError)) throw error;
  console.log(error.code, error.retriable);
}

const leave = new AbortController();
try {
  for await (const record of client.read(orders, { follow: true, signal: leave.signal })) {
    if (record.value === undefined) leave.abort(new Error("seen enough"));
  }
} catch (error) {
  if (error !== leave.signal.reason) throw error;
  console.log("left");
}

const { admin } = client;
for (const { group, type } of await admin.groups.list()) console.log("group", group, type);
const { members } = await admin.groups.describe("guide-billing");
console.log("members", members.length, members[0]?.clientId);

await billing.close();
const plan = await admin.groups.planReset("guide-billing", { to: { shiftBy: -2 } });
const move = plan.moves.find((one) => one.partition === partition);
console.log("moved", move?.before, move?.after, "lag", move?.lagAfter);
await plan.apply();
const { topics } = await admin.groups.lag("guide-billing");
for (const { committed, highWatermark, ...of } of topics[0]?.partitions ?? []) {
  if (of.partition === partition) console.log("billing is at", committed, "of", highWatermark);
}

const day = { name: "retention.ms", operation: "set", value: "86400000" } as const;
await admin.configs.alter({ topic: orders.name }, [day]);
const keys = { keys: ["retention.ms"] };
const [retention] = await admin.configs.describe({ topic: orders.name }, keys);
console.log(retention?.name, retention?.value, retention?.source);

const before = await admin.describeTopic(orders.name);
await admin.createPartitions(orders.name, before.partitions.length + 1);
const trimmed = await admin.deleteRecords(orders.name, new Map([[partition, 2]]));
const ends = await admin.listOffsets(orders.name, "latest");
console.log("from", trimmed.get(partition), "to", ends.get(partition)?.offset, "of", ends.size);

await Promise.all([shipping.close(), archive.close()]);
for (const group of ["guide-billing", "guide-shipping", "guide-archive"]) {
  await admin.groups.delete(group);
}
await admin.deleteTopic(orders.name);
await admin.deleteTopic("guide-dead");
