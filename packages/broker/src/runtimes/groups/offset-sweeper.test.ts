import { offset, silentLogger, type TopicId, timestamp } from "@zoolog/base";
import type { ClusterImage } from "@zoolog/controller";
import { ManualTime } from "@zoolog/testkit";
import { MemoryGroupStore, MemoryGroups } from "./memory-groups.fixture.ts";
import { OffsetSweeper } from "./offset-sweeper.ts";

const idOf = (name: string): TopicId => name.padEnd(22, "A") as TopicId;

/** One group that has committed for some topics, and an image that has some. */
function world() {
  const time = new ManualTime();
  const groups = new MemoryGroups();
  const unused: string[] = [];
  const { scheduler } = time;
  const runtime = {
    snapshot: () => [{ groupId: "billing" }],
    writer: () => ({
      write: async (changes: readonly Parameters<MemoryGroups["apply"]>[0][]) => {
        for (const change of changes) groups.apply(change);
      },
    }),
    removeIfUnused: async (groupId: string, hasOffsets: () => Promise<boolean>) => {
      if (!(await hasOffsets())) unused.push(groupId);
    },
  } as never;
  const store = new MemoryGroupStore(groups);
  const dependencies = { runtime, store, scheduler, logger: silentLogger };
  const sweeper = new OffsetSweeper({ intervalMs: 1_000 }, dependencies);
  const commit = (topic: string, topicId: TopicId | undefined): void => {
    const value = {
      offset: offset(1),
      leaderEpoch: undefined,
      metadata: "",
      committedAt: timestamp(0),
      topicId,
    };
    groups.apply({ type: "offset", groupId: "billing", topic, partition: 0, value });
  };
  const follow = (topics: Record<string, TopicId>): void => {
    const entries = Object.entries(topics).map(([name, topicId]) => [name, { topicId }]);
    sweeper.follow({ topics: new Map(entries as never) } as unknown as ClusterImage);
  };
  const left = () => [...(groups.offsets.get("billing")?.keys() ?? [])].sort();
  return { time, groups, commit, follow, left, unused };
}

test("offsets of a topic go with it, and no others", async () => {
  const { time, commit, follow, left } = world();
  follow({ orders: idOf("orders"), audit: idOf("audit") });
  commit("orders", idOf("orders"));
  commit("audit", idOf("audit"));

  follow({ audit: idOf("audit") });
  await time.advanceAndSettle(0);

  expect(left()).toEqual(["audit-0"]);
});

test("offsets of the topic that has the name now stay", async () => {
  const { time, commit, follow, left } = world();
  follow({ orders: idOf("orders") });

  follow({});
  follow({ orders: idOf("anew") });
  commit("orders", idOf("anew"));
  await time.advanceAndSettle(5_000);

  expect(left()).toEqual(["orders-0"]);
});

test("what was deleted while nobody looked is found by the slow round", async () => {
  const { time, commit, follow, left } = world();
  follow({ orders: idOf("anew"), audit: idOf("audit") });
  commit("orders", idOf("former"));
  commit("gone", idOf("gone"));
  commit("audit", idOf("audit"));
  commit("byhand", undefined);

  await time.advanceAndSettle(1_000);

  expect(left()).toEqual(["audit-0", "byhand-0"]);
});

test("a group without offsets is offered for removal by the slow round, others are not", async () => {
  const { time, commit, follow, unused } = world();
  follow({ orders: idOf("orders") });
  await time.advanceAndSettle(999);
  const early = [...unused];

  await time.advanceAndSettle(1);
  commit("orders", idOf("orders"));
  await time.advanceAndSettle(1_000);

  expect(early).toEqual([]);
  expect(unused).toEqual(["billing"]);
});

test("a group whose offsets cannot be read is offered for removal when they are gone", async () => {
  const { time, groups, follow, unused } = world();
  follow({ orders: idOf("orders") });
  groups.unreadableOffsets.add("billing");
  await time.advanceAndSettle(1_000);
  const early = [...unused];

  groups.unreadableOffsets.delete("billing");
  await time.advanceAndSettle(1_000);

  expect([early, unused]).toEqual([[], ["billing"]]);
});
