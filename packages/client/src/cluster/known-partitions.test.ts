import { silentLogger } from "@zoolog/base";
import type { BrokerCalls } from "@zoolog/calls";
import { ManualTime, seededRandom } from "@zoolog/testkit";
import { Cluster } from "./cluster.ts";

/** A cluster whose only broker hears of more and more partitions, one with each answer. */
function clusterOf(counts: readonly number[]) {
  const time = new ManualTime();
  let answers = 0;
  const calls = {
    call: async () => {
      const count = counts[Math.min(answers++, counts.length - 1)] ?? 0;
      const partitions = Array.from({ length: count }, (_, partition) => ({
        ...{ partition, leader: 1, leaderEpoch: 0 },
        ...{ replicas: [1], isr: [1], offlineReplicas: [] },
      }));
      const topics = [{ topic: "t", topicId: "one", isInternal: false, partitions }];
      return { clusterId: "c", brokers: [], topics };
    },
  };
  const cluster = new Cluster(
    {
      ...{ requestTimeoutMs: 1_000, unreachableTimeoutMs: 1_000, metadataMaxAgeMs: 300_000 },
      allowAutoTopicCreation: false,
      ...{ backoffMs: 25, backoffMaxMs: 1_000, brokers: ["http://b1:1"] },
    },
    {
      ...{ clock: time.clock, scheduler: time.scheduler, random: seededRandom(1) },
      ...{ calls: calls as unknown as BrokerCalls, logger: silentLogger },
    },
  );
  return { cluster, time };
}

test("partitions that the coordinator knows of are waited for until a broker has heard of them", async () => {
  const { cluster, time } = clusterOf([4, 4, 4, 5]);
  const known = cluster.topicWith("t", 5, { timeoutMs: 10_000, signal: undefined });

  expect((await time.outcome(known, 10_000)).partitionCount).toBe(5);
});

test("a partition that nobody ever hears of is refused in time", async () => {
  const { cluster, time } = clusterOf([4]);
  const known = cluster.topicWith("t", 5, { timeoutMs: 10_000, signal: undefined });

  const refused = { code: "UNKNOWN_TOPIC_OR_PARTITION" };
  await expect(time.outcome(known, 11_000)).rejects.toMatchObject(refused);
});
