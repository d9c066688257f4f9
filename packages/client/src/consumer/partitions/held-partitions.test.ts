import { silentLogger, type TopicId } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import type { CallLimits } from "../../cluster/call-attempts.ts";
import type { ConsumerPartition } from "../consumer-options.ts";
import { HeldPartitions } from "./held-partitions.ts";

const STAYING = { topic: "kept", partition: 0, topicId: "A" as TopicId };
/** Of a topic that was made anew with fewer partitions. */
const GONE = { topic: "anew", partition: 3, topicId: "B" as TopicId };

test("a partition that is given up before anybody has heard of it holds no other one up", async () => {
  const time = new ManualTime();
  const begun: string[] = [];
  const failures: unknown[] = [];
  const find = (partitions: readonly ConsumerPartition[], { signal }: CallLimits) =>
    new Promise((resolve, reject) => {
      const isUnknown = partitions.some(({ topic }) => topic === GONE.topic);
      if (!isUnknown) resolve(partitions.map((each) => ({ ...each, offset: 7, isNew: false })));
      signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
  const held = new HeldPartitions(
    {
      ...{ group: "g", commit: "manual", retryTimeoutMs: 120_000, rebalanceTimeoutMs: 1_000 },
      ...{ subscription: { topic: (topic: string) => ({ topic }) } },
      ...{ onAssigned: () => {}, onRevoked: () => {}, onLost: () => {}, onError: () => {} },
    } as unknown as ConstructorParameters<typeof HeldPartitions>[0],
    {
      ...{ starts: { find }, commits: {}, closing: new AbortController().signal },
      supply: {
        add: ({ topicPartition }: { topicPartition: ConsumerPartition }) =>
          void begun.push(topicPartition.topic),
        remove: () => {},
      },
      ...{ clock: time.clock, scheduler: time.scheduler, logger: silentLogger },
      onFailure: (error: unknown) => void failures.push(error),
    } as unknown as ConstructorParameters<typeof HeldPartitions>[1],
  );
  await held.assign([STAYING, GONE]);

  await held.revoke([GONE]);
  await time.advanceAndSettle(1_000);

  expect(begun).toEqual([STAYING.topic]);
  expect(failures).toEqual([]);
});
