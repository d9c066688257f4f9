import {
  brokerEpoch,
  brokerId,
  leaderEpoch,
  partitionEpoch,
  silentLogger,
  type TopicId,
  ZoologError,
} from "@zoolog/base";
import type { AlterPartitionResponse } from "@zoolog/controller";
import type { IsrChangeRequest } from "@zoolog/replication";
import { ManualTime, seededRandom } from "@zoolog/testkit";
import fc from "fast-check";
import { IsrRuntime } from "./isr-runtime.ts";

const TOPIC_ID = "t".padEnd(22, "A") as TopicId;

/** A wish for one partition; the controller may fail, and answers when it does. */
const wish = fc.record({ partition: fc.nat(2), fails: fc.boolean() });

function changeOf(partition: number, version: number): IsrChangeRequest {
  return {
    topicPartition: { topic: "t", partition },
    topicId: TOPIC_ID,
    leaderEpoch: leaderEpoch(3),
    partitionEpoch: partitionEpoch(version),
    isr: [{ brokerId: brokerId(1), brokerEpoch: undefined }],
  };
}

test("whenever wishes come and the controller answers, each partition hears of its newest wish, once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(wish, { minLength: 1, maxLength: 12 }),
      async (scheduler, wishes) => {
        const time = new ManualTime();
        const newest = new Map<number, number>();
        const answered = new Map<number, number[]>();
        const failures = wishes.map(({ fails }) => fails);
        let underWay = 0;
        const runtime = new IsrRuntime(
          { brokerId: brokerId(1) },
          {
            submit: async ({ changes }) => {
              underWay += 1;
              expect(underWay).toBe(1);
              await scheduler.schedule(Promise.resolve(), "the controller answers");
              underWay -= 1;
              if (failures.shift() === true) {
                throw new ZoologError({ code: "NOT_CONTROLLER", message: "elsewhere" });
              }
              const partitions = changes.map(({ partition }) => ({
                topicId: TOPIC_ID,
                partition,
                state: { leader: brokerId(1), leaderEpoch: leaderEpoch(3), isr: [brokerId(1)] },
                partitionEpoch: partitionEpoch(1),
              }));
              return { type: "alterPartition", partitions } as unknown as AlterPartitionResponse;
            },
            answered: ({ partitionEpoch: version, topicPartition: { partition } }) => {
              answered.set(partition, [...(answered.get(partition) ?? []), version]);
            },
            brokerEpoch: () => brokerEpoch(11),
            scheduler: time.scheduler,
            random: seededRandom(1),
            logger: silentLogger,
          },
        );
        const asked = wishes.map(({ partition }, version) =>
          scheduler.schedule(Promise.resolve(), "a wish").then(() => {
            newest.set(partition, version);
            runtime.request(changeOf(partition, version));
          }),
        );
        const tasks = Promise.all(asked);
        while (scheduler.count() > 0 || time.pendingTimers > 0) {
          if (scheduler.count() > 0) await scheduler.waitOne();
          await time.advanceAndSettle(10_000);
        }
        await tasks;

        for (const [partition, version] of newest) {
          const versions = answered.get(partition) ?? [];
          expect(versions.at(-1)).toBe(version);
          expect(new Set(versions).size).toBe(versions.length);
        }
      },
    ),
  );
});
