import type { BrokerApi, CallContext } from "@zoolog/broker";
import { encodeRecordBatch } from "@zoolog/protocol";
import { SimulatedBroker } from "@zoolog/testkit";

const CALL: CallContext = {
  signal: new AbortController().signal,
  clientId: "test",
  remoteAddress: "in-process",
  principal: { kind: "anonymous" },
  holdWhile: <T>(task: Promise<T>) => task,
};

async function createTopic(api: BrokerApi, topic: string) {
  const request = { timeoutMs: 10_000, validateOnly: false, topics: [{ topic }] };
  return (await api.createTopics(request, CALL)).topics[0]!;
}

async function produce(api: BrokerApi, topic: string) {
  const records = encodeRecordBatch([{ timestamp: 1, value: "a" }]);
  const topics = [{ topic, partitions: [{ partition: 0, records }] }];
  const answer = await api.produce({ requiredAcks: "all", timeoutMs: 5_000, topics }, CALL);
  return answer.topics[0]!.partitions[0]!;
}

test("a full volume is named to who creates a topic and to who produces to it", async () => {
  const simulated = new SimulatedBroker({ seed: 1 });
  const { api } = await simulated.start();
  simulated.disk.capacityBytes = simulated.disk.usedBytes;
  const volume = "the volume of /data has 0 bytes left for records";

  // The first to notice: the topic is recorded before its folder finds no room.
  expect(await createTopic(api, "first")).toEqual({
    topic: "first",
    error: {
      code: "KAFKA_STORAGE_ERROR",
      message: `the topic was created, but first-0 waits: ${volume}`,
    },
  });
  expect(await createTopic(api, "second")).toEqual({
    topic: "second",
    error: { code: "KAFKA_STORAGE_ERROR", message: expect.stringContaining(volume) },
  });
  expect(await produce(api, "first")).toMatchObject({
    error: { code: "KAFKA_STORAGE_ERROR", message: volume },
  });
  await simulated.close();
});

test("a broker whose volume is full at the start says so, with the path and a way out", async () => {
  const simulated = new SimulatedBroker({ seed: 2 });
  await simulated.start();
  await simulated.close();
  simulated.disk.capacityBytes = simulated.disk.usedBytes;

  await expect(simulated.start()).rejects.toMatchObject({
    code: "DISK_FULL",
    message: "the volume of the data folder /data is full, it cannot be opened",
    hint: expect.stringContaining("Free a few megabytes"),
  });
});
