import { brokerId, type Logger, silentLogger, type TopicId, ZoologError } from "@zoolog/base";
import { ManualTime } from "@zoolog/testkit";
import type { Following } from "./following.ts";
import { ReplicaFetcher } from "./replica-fetcher.ts";

test("a leader that leaves is worth no warning, one that stays away is worth one", async () => {
  const time = new ManualTime();
  const warnings: string[] = [];
  const logger: Logger = { ...silentLogger, warn: (event) => void warnings.push(event) };
  const refuse = async (): Promise<never> => {
    throw new ZoologError({ code: "CONNECTION_REFUSED", message: "refused", retriable: true });
  };
  const fetcher = new ReplicaFetcher(
    brokerId(2),
    { partitionMaxBytes: 1, responseMaxBytes: 1, maxWaitMs: 500, minBytes: 1 },
    { peers: { replicate: refuse }, clock: time.clock, scheduler: time.scheduler, logger },
  );
  const topicId = "A".repeat(22) as TopicId;
  const waiting = { topicId, partition: 0, delayedUntil: 0, position: {}, followThrough() {} };
  fetcher.add(waiting as unknown as Following);
  fetcher.start();

  for (let ms = 0; ms < 1_000; ms += 10) await time.advanceAndSettle(10);
  const duringFailover = [...warnings];
  for (let ms = 0; ms < 9_000; ms += 10) await time.advanceAndSettle(10);

  expect(duringFailover).toEqual([]);
  expect(warnings).toEqual(["leader cannot be followed"]);
  await fetcher.close();
});
