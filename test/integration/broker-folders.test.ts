import { offset } from "@zoolog/base";
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

async function createTopic(api: BrokerApi): Promise<void> {
  const topics = [{ topic: "t", configs: {} }];
  const answer = await api.createTopics({ timeoutMs: 10_000, validateOnly: false, topics }, CALL);
  expect(answer.topics).toMatchObject([{ topic: "t", numPartitions: 1 }]);
}

async function produce(api: BrokerApi, value: string) {
  const records = encodeRecordBatch([{ timestamp: 1, value }]);
  const topics = [{ topic: "t", partitions: [{ partition: 0, records }] }];
  const answer = await api.produce({ requiredAcks: "all", timeoutMs: 5_000, topics }, CALL);
  return answer.topics[0]!.partitions[0]!;
}

/** A broker that wrote "a" to `t-0` and was stopped in order. */
async function stoppedBroker(seed: number): Promise<SimulatedBroker> {
  const simulated = new SimulatedBroker({ seed });
  const { api } = await simulated.start();
  await createTopic(api);
  expect(await produce(api, "a")).toMatchObject({ baseOffset: offset(0) });
  await simulated.close();
  return simulated;
}

test("a partition whose folder is gone refuses with the reason, until its topic is deleted", async () => {
  const simulated = await stoppedBroker(1);
  await simulated.disk.mount().removeTree("/data/t-0");

  const { api } = await simulated.start();
  const refusal = await produce(api, "b");
  expect(refusal).toMatchObject({
    error: { message: expect.stringContaining("/data/t-0 is gone") },
  });
  expect(simulated.disk.paths().filter((path) => path.startsWith("/data/t-0"))).toEqual([]);

  await api.deleteTopics({ timeoutMs: 10_000, topics: [{ topic: "t" }] }, CALL);
  await createTopic(api);
  expect(await produce(api, "c")).toMatchObject({ baseOffset: offset(0) });
  await simulated.close();
});

test("a partition that lost its last segment refuses with the missing offsets", async () => {
  const simulated = await stoppedBroker(2);
  await simulated.disk.mount().remove("/data/t-0/00000000000000000000.log");

  const { api } = await simulated.start();

  expect(await produce(api, "b")).toMatchObject({
    error: { message: expect.stringContaining("/data/t-0 lacks offset 0") },
  });
  await simulated.close();
});

test("a folder that belongs to another topic of the same name is put aside", async () => {
  const simulated = await stoppedBroker(3);
  const { disk } = simulated;
  const stranger = disk.contents("/data/t-0/00000000000000000000.log");
  const id = Buffer.from("version: 0\ntopic_id: AAAAAAAAQACAAAAAAAAAAA\n");
  disk.corrupt("/data/t-0/partition.metadata", () => id);

  const { api } = await simulated.start();

  expect(await produce(api, "new")).toMatchObject({ baseOffset: offset(0) });
  const aside = disk.paths().find((path) => /^\/data\/t-0\.\w+-stray\/.*\.log$/.test(path));
  expect(disk.contents(aside!)).toEqual(stranger);
  await simulated.close();
});
