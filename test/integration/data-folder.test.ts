import { silentLogger } from "@zoolog/base";
import { hostDependencies, startDevCluster } from "@zoolog/broker";
import { Client } from "@zoolog/client";
import { temporaryFolder } from "@zoolog/testkit";

const PORTS = { httpPort: 0, kafkaPort: 0, zookeeperPort: 0 };

async function createTopic(url: string, name: string): Promise<void> {
  await using client = new Client({ brokers: [url] });
  await client.admin.createTopic({ topic: name, partitions: 1 });
}

async function topicNames(url: string): Promise<readonly string[]> {
  await using client = new Client({ brokers: [url] });
  return (await client.admin.listTopics()).map(({ topic }) => topic);
}

test("a second cluster on a data folder is refused and harms nothing of the first", async () => {
  const folder = await temporaryFolder();
  const options = { ...PORTS, dataFolder: folder.path };
  const dependencies = hostDependencies({ logger: silentLogger });
  try {
    const first = await startDevCluster(options, dependencies);
    await createTopic(first.urls[0] ?? "", "before");

    const second = startDevCluster(options, dependencies);

    await expect(second).rejects.toMatchObject({ code: "DATA_FOLDER_LOCKED" });
    await createTopic(first.urls[0] ?? "", "after");
    await first.close();
    const again = await startDevCluster(options, dependencies);
    expect(await topicNames(again.urls[0] ?? "")).toEqual(["after", "before"]);
    await again.close();
  } finally {
    await folder.remove();
  }
});
