import { brokerId, leaderEpoch, type TopicId } from "@zoolog/base";
import { mergeTopic, withLeader } from "./topic-metadata.ts";

const entry = (leader: number | undefined, epoch: number, topicId = "one") => ({
  topic: "t",
  topicId: topicId as TopicId,
  isInternal: false,
  partitions: [
    {
      partition: 0,
      leaderEpoch: leaderEpoch(epoch),
      replicas: [],
      isr: [],
      offlineReplicas: [],
      ...(leader === undefined ? {} : { leader: brokerId(leader) }),
    },
  ],
});

test("a broker that lags behind does not bring a leader of the past back", () => {
  const known = mergeTopic(undefined, entry(2, 5), 0);

  expect(mergeTopic(known, entry(1, 4), 1).partitions[0]).toEqual({ leader: 2, leaderEpoch: 5 });
  expect(mergeTopic(known, entry(3, 6), 1).partitions[0]).toEqual({ leader: 3, leaderEpoch: 6 });
});

test("a broker that lags behind does not take back partitions that were added", () => {
  const [first] = entry(2, 5).partitions;
  const second = { ...first!, partition: 1 };
  const grown = mergeTopic(undefined, { ...entry(2, 5), partitions: [first!, second] }, 0);

  expect(mergeTopic(grown, entry(2, 5), 1).partitionCount).toBe(2);
  expect(mergeTopic(grown, entry(2, 0, "two"), 1).partitionCount).toBe(1);
});

test("the epochs of a topic that was made anew begin anew", () => {
  const known = mergeTopic(undefined, entry(2, 5), 0);

  const merged = mergeTopic(known, entry(1, 0, "two"), 1);

  expect(merged.partitions[0]).toEqual({ leader: 1, leaderEpoch: 0 });
});

test("a hint counts only when it is newer, and for a partition that exists", () => {
  const known = mergeTopic(undefined, entry(2, 5), 0);
  const hint = (epoch: number) => ({ brokerId: brokerId(7), leaderEpoch: leaderEpoch(epoch) });

  expect(withLeader(known, 0, hint(5))).toBe(known);
  expect(withLeader(known, 9, hint(6))).toBe(known);
  expect(withLeader(known, 0, hint(6)).partitions[0]).toEqual({ leader: 7, leaderEpoch: 6 });
});

test("a partition without a leader is not available", () => {
  expect(mergeTopic(undefined, entry(undefined, 0), 0).available).toEqual([]);
  expect(mergeTopic(undefined, entry(1, 0), 0).available).toEqual([0]);
});
