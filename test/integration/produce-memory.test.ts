import { silentLogger } from "@zoolog/base";
import { hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client, type RequiredAcks, serde, topic } from "@zoolog/client";
import { temporaryFolder } from "@zoolog/testkit";

const BATCHES = 60;
/** Large enough for memory that the broker uses again for one body after the other. */
const BATCH_BYTES = 300 * 1024;

/**
 * The broker reads large bodies into memory that it has used before, so a batch that is written
 * from memory which already holds the next body would be damaged for good.
 */
test("large batches keep their bytes, however many share memory on their way to the log", async () => {
  const folder = await temporaryFolder();
  const cluster = await startDevCluster(
    { httpPort: 0, kafkaPort: 0, zookeeperPort: 0, dataFolder: folder.path },
    hostDependencies({ logger: silentLogger }),
  );
  const client = new Client({ brokers: cluster.urls });
  const blobs = topic("blobs", { value: serde.bytes() });
  await client.admin.createTopic({ topic: "blobs", partitions: 4 });
  const sendAll = async (acks: RequiredAcks, fill: number): Promise<void> => {
    const producer = client.producer({ acks, lingerMs: 0 });
    const values = Array.from({ length: BATCHES }, (_, i) => Buffer.alloc(BATCH_BYTES, fill + i));
    await Promise.all(values.map((value) => producer.send(blobs, { value })));
    await producer.close();
  };

  await Promise.all([sendAll("none", 0), sendAll("leader", 64), sendAll("all", 128)]);

  const seen: number[] = [];
  for await (const { value } of client.read(blobs, { follow: true })) {
    const fill = value?.[0] ?? -1;
    expect(Buffer.alloc(BATCH_BYTES, fill).equals(value ?? Buffer.alloc(0))).toBe(true);
    seen.push(fill);
    if (seen.length === 3 * BATCHES) break;
  }
  const sent = [0, 64, 128].flatMap((first) =>
    Array.from({ length: BATCHES }, (_, i) => first + i),
  );
  expect(seen.sort((a, b) => a - b)).toEqual(sent);
  await client.close();
  await cluster.close();
  await folder.remove();
});
