/** Writes one order and reads them all. Start a broker first: `npm start`. */
import { Client, serde, topic } from "@zoolog/client";

type Order = { readonly amount: number };
const orders = topic("orders", { key: serde.string(), value: serde.json<Order>() });

const bootstrap = process.env["ZOOLOG_BOOTSTRAP"] ?? "http://127.0.0.1:8092";
await using client = new Client({ brokers: bootstrap.split(",") });
const topics = await client.admin.listTopics();
if (!topics.some(({ topic: name }) => name === orders.name)) {
  await client.admin.createTopic({ topic: orders.name, partitions: 3 });
}

await using producer = client.producer({ compression: "gzip" });
const { partition, offset } = await producer.send(orders, { key: "a", value: { amount: 7 } });
console.log(`written to partition ${partition} at offset ${offset}`);

for await (const record of client.read(orders, { offsets: "start" })) {
  console.log(record.partition, record.offset, record.key, record.value?.amount);
}
